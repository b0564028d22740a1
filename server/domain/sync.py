"""What phones send, checked kind by kind and field by field; nothing is stored here."""

from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from server.domain.calls import Direction, Outcome, Said
from server.domain.consent_items import read_consent
from server.domain.errors import Invalid
from server.domain.fields import Fields
from server.domain.items import (
    MEDIA,
    Kind,
    SyncFiling,
    SyncItem,
    SyncJob,
    SyncNote,
    SyncPhoto,
    SyncQuestion,
    read_moment,
)
from server.domain.media import VIDEO_SIZE_MAX, VOICE_SIZE_MAX, Medium, check_duration
from server.domain.notes import TEXT_MAX, check_text
from server.domain.photos import SIZE_MAX, check_caption, check_original, check_phase, check_tags, clean_mime
from server.domain.uploads import SHA256_HEX

MIN_CLIENT = 1
HAVE_MAX = 500
REFS_MAX = 50
HINT_MAX = 300


def skew_ms(device_time: str | None, at: datetime) -> int | None:
    """Return how far the server is ahead of the device in ms, None when the device said nothing readable."""
    try:
        return round((at - read_moment(device_time or "").at).total_seconds() * 1000)
    except Invalid:
        return None


def read_item(item_id: UUID, body: object, *, size_max: int = SIZE_MAX) -> SyncItem:
    """Read the body of PUT /sync/items/{id}. Raises Invalid naming the field; stores nothing."""
    fields = Fields(body)
    kind = fields.word("kind", Kind)
    common: dict[str, object] = {
        "id": item_id,
        "kind": kind,
        "job_id": fields.id("job"),
        "job_hint": fields.text("job_hint", HINT_MAX),
        "captured": read_moment(fields.text("captured_at", 40)),
        "refs": fields.ids("refs", REFS_MAX),
    }
    item = _READERS[kind](fields, common, size_max)
    fields.refuse_rest()
    return item


def _photo(fields: Fields, common: dict[str, object], size_max: int) -> SyncItem:
    size, mime = fields.number("size"), clean_mime(fields.text("mime", 200))
    medium = MEDIA[Kind(str(common["kind"]))]
    duration_ms = None
    if medium is not Medium.IMAGE:
        size_max = min(size_max, VIDEO_SIZE_MAX if medium is Medium.VIDEO else VOICE_SIZE_MAX)
        duration_ms = check_duration(fields.number("duration_ms"), medium)
    check_original(size, mime, size_max=size_max)
    sha256 = fields.text("sha256", 64).lower()
    if not SHA256_HEX.fullmatch(sha256):
        raise Invalid("item.sha256", field="sha256")
    return SyncPhoto(
        **common,  # type: ignore[arg-type]
        caption=check_caption(fields.text("caption")),
        phase=check_phase(fields.text("phase", 32)),
        tags=check_tags(fields.texts("tags")),
        position=fields.position("position"),
        sha256=sha256,
        size_bytes=size,
        mime=mime,
        thumb=fields.thumb("thumb"),
        pair_of=fields.id("pair_of"),
        duration_ms=duration_ms,
    )


def _note(fields: Fields, common: dict[str, object], _: int) -> SyncItem:
    replaces, base_rev = fields.id("replaces"), fields.number("base_rev")
    known = {"replaces": replaces, "base_rev": base_rev if replaces else None}
    return SyncNote(**common, text=_words(fields, TEXT_MAX), **known)  # type: ignore[arg-type]


def _call(fields: Fields, common: dict[str, object], limit: int) -> SyncItem:
    """Read a call note; what it says besides the words is new and stands only where `outcome` does."""
    note = _note(fields, common, limit)
    assert isinstance(note, SyncNote)
    contact, question = fields.id("contact"), fields.id("question")
    choice, again = fields.text("choice", 32), fields.text("follow_up", 10)
    direction = fields.text("direction", 32) or Direction.OUT
    outcome = fields.text("outcome", 32)
    if not outcome and not (contact or question or choice or again):
        return note
    words = Fields({"outcome": outcome, "direction": str(direction)})
    said = Said(
        outcome=words.word("outcome", Outcome),
        direction=words.word("direction", Direction),
        contact_id=contact,
        question_id=question,
        choice=choice,
        again_on=_day(again, "follow_up") if again else None,
    )
    return replace(note, said=said)


def _day(text: str, name: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("field.day", field=name) from None


def _filing(fields: Fields, common: dict[str, object], _: int) -> SyncItem:
    if common["job_id"] is None:
        raise Invalid("filing.no_job", field="job")
    if not common["refs"]:
        raise Invalid("filing.nothing", field="refs")
    return SyncFiling(**common)  # type: ignore[arg-type]


def _question(fields: Fields, common: dict[str, object], _: int) -> SyncItem:
    # What a question may hold is the question's own rule (domain/questions.py), the same as at the desk.
    return SyncQuestion(**common, text=_words(fields, TEXT_MAX), choices=tuple(fields.texts("choices")))  # type: ignore[arg-type]


def _job(fields: Fields, common: dict[str, object], _: int) -> SyncItem:
    return SyncJob(
        **common,  # type: ignore[arg-type]
        title=check_text(fields.text("title", 200), field="title", limit=200),
        street=fields.text("street", 200).strip(),
        city=fields.text("city", 100).strip(),
    )


def _words(fields: Fields, limit: int) -> str:
    """Return `text`; the contract's common field for words, `caption`, says the same."""
    text, caption = fields.text("text"), fields.text("caption")
    return check_text(text or caption, limit=limit)


_READERS = {
    Kind.PHOTO: _photo,
    Kind.NOTE: _note,
    Kind.CALL: _call,
    Kind.QUESTION: _question,
    Kind.JOB: _job,
    Kind.VIDEO: _photo,
    Kind.VOICE: _photo,
    Kind.FILING: _filing,
    Kind.CONSENT: read_consent,
}
