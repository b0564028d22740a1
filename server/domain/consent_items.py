"""What a phone brings of a consent said on site: the words as it showed them, and what the customer said to them."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from server.domain.consents import (
    COVERED,
    PICTURE_MAX,
    ConsentVerb,
    Proof,
    Purpose,
    check_picture,
    wording_hash,
)
from server.domain.errors import Invalid
from server.domain.fields import Fields
from server.domain.items import SyncItem, read_moment
from server.domain.uploads import SHA256_HEX

TEXT_MAX = 4000
HOW_MAX = 500
WORDS_MAX = 10
_ON_SITE = (Proof.SPOKEN, Proof.SIGNATURE)


@dataclass(frozen=True, slots=True)
class Shown:
    """What was agreed to, in the exact words that were read; taken back, the words are missing.

    `version` is what the phone kept the words under.
    """

    channel: str
    purpose: Purpose
    text: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncConsent(SyncItem):
    """A consent, or a withdrawal, said to somebody with a phone; `words` empty takes back everything.

    `number` is where the words say messages go. `shown_at` is when we gave out the words, `shown_ahead_ms` how far our
    clock was ahead of the phone's then. The signature travels with its consent, so that neither is here without the
    other; it is no part of the content hash, its own hash is.
    """

    contact_id: UUID
    partner_id: UUID | None
    verb: ConsentVerb
    words: tuple[Shown, ...]
    number: str
    proof: Proof
    how: str
    shown_at: datetime | None
    shown_ahead_ms: int | None
    sha256: str
    size_bytes: int
    mime: str
    signature: bytes = field(default=b"", compare=False)

    @property
    def shown_ahead(self) -> list[timedelta]:
        return [] if self.shown_ahead_ms is None else [timedelta(milliseconds=self.shown_ahead_ms)]


def read_consent(fields: Fields, common: dict[str, object], _: int) -> SyncItem:
    """Read the rest of a consent's body. Raises Invalid naming the field."""
    contact_id, shown_at = fields.id("contact"), fields.text("shown_at", 40)
    if contact_id is None:
        raise Invalid("item.id", field="contact")
    item = SyncConsent(
        **common,  # type: ignore[arg-type]
        contact_id=contact_id,
        partner_id=fields.id("partner"),
        verb=fields.word("verb", ConsentVerb),
        words=tuple(_shown(one) for one in fields.objects("words", WORDS_MAX)),
        number=fields.text("number", 200).strip(),
        proof=fields.word("proof", Proof),
        how=fields.text("how", HOW_MAX).strip(),
        shown_at=read_moment(shown_at, name="shown_at").at if shown_at else None,
        shown_ahead_ms=fields.whole("shown_ahead_ms"),
        sha256=fields.text("sha256", 64).lower(),
        size_bytes=fields.number("size"),
        mime=fields.text("mime", 200),
        signature=fields.data("signature", PICTURE_MAX),
    )
    _check(item)
    return item


def _shown(fields: Fields) -> Shown:
    shown = Shown(
        channel=fields.text("channel", 32),
        purpose=fields.word("purpose", Purpose),
        text=fields.text("text", TEXT_MAX),
        version=fields.text("version", 64),
    )
    if shown.text and fields.text("sha256", 64).lower() != wording_hash(shown.text):
        raise Invalid("consent.words_damaged", field="words")
    fields.refuse_rest()
    return shown


def _check(item: SyncConsent) -> None:
    if item.proof not in _ON_SITE:
        raise Invalid("consent.proof_kind", field="proof")
    if item.verb is ConsentVerb.SUSPENDED:
        raise Invalid("item.word", field="verb", known="granted, withdrawn")
    _check_signature(item)
    if item.verb is ConsentVerb.WITHDRAWN:
        return
    if not item.words or any(not one.text.strip() for one in item.words):
        raise Invalid("consent.no_words", field="words")
    if item.shown_at is None:
        raise Invalid("consent.no_words", field="shown_at")
    if item.proof is Proof.SPOKEN and not item.how:
        raise Invalid("consent.proof_missing", field="how")
    check_uncoupled([one.purpose for one in item.words])


def _check_signature(item: SyncConsent) -> None:
    signed = item.proof is Proof.SIGNATURE
    whole = (bool(item.signature), bool(item.size_bytes), bool(item.sha256), bool(item.mime))
    if whole != (signed,) * 4:
        raise Invalid("consent.signature", field="signature")
    if not signed:
        return
    check_picture(item.signature)
    if not SHA256_HEX.fullmatch(item.sha256) or item.size_bytes != len(item.signature):
        raise Invalid("consent.signature", field="sha256")


def check_uncoupled(purposes: list[Purpose]) -> None:
    """Refuse one yes to what must be asked apart (Article 7(4) GDPR): service never comes with advertising. Raises Invalid."""
    if len(set(purposes)) > 1 and not COVERED.issuperset(purposes):
        raise Invalid("consent.coupled", field="words")
    if Purpose.THIRD_PARTY in purposes and len(purposes) > 1:
        raise Invalid("consent.coupled", field="words")
