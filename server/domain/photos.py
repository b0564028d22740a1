"""A photo from announcement to safety: its type, what may be said about it, what is refused as a photo."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Invalid, TooLarge
from server.domain.media import Medium, of_mime
from server.domain.search import folded
from server.domain.users import Actor

SIZE_MAX = 100_000_000
CAPTION_MAX = 2_000
TAGS_MAX = 20
TAG_MAX = 40
RENDITION_NAMES = ("thumb", "screen")
PREVIEW, PREVIEW_MAX = "preview", 250 * 1024
"""The rendition the phone drew, and how many bytes it may have; shown until ours exists."""

# Never decoded, never shown: text that runs in a browser or an interpreter (reliability T16, T17).
REFUSED_TYPES = frozenset(
    {
        "image/svg+xml",
        "text/html",
        "application/xhtml+xml",
        "text/xml",
        "application/xml",
        "application/postscript",
        "image/x-eps",
        "application/eps",
        "application/x-eps",
    }
)
_MIME = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")


class PhotoState(StrEnum):
    ANNOUNCED = "announced"
    STORED = "stored"
    PURGED = "purged"
    """It lay in the trash for its time; only its id is left."""


LOST = "photo.lost"
"""What `problem` says of a stored photo whose file is not in the storage any more."""


class Phase(StrEnum):
    BEFORE = "before"
    DURING = "during"
    AFTER = "after"
    DEFECT = "defect"
    CONCEALED = "concealed"


class Source(StrEnum):
    WORKER = "worker"
    CUSTOMER = "customer"
    STICKER = "sticker"
    """Left at a job's sticker: nobody knows by whom."""
    CHAT = "chat"
    """Out of an exported chat: when and by whom stands in a text that proves nothing."""
    FIRM = "firm"
    """Sent by hand in the messenger's own app on the firm's phone."""


class Person(StrEnum):
    """Somebody can be recognised (§§ 22, 23 KUG); `open` keeps the photo in the house."""

    NONE = ""
    OPEN = "open"
    AGREED = "agreed"
    """He agreed, and the logbook says who says so."""
    BLURRED = "blurred"
    """Nothing of him is left in the copies that leave."""


class Decode(StrEnum):
    """What became of the attempt to draw our own renditions."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"
    NONE = "none"
    """A clip: nothing is drawn, the phone's own still picture stands for it."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What is known of one photo.

    `offset_min` is the device's distance from UTC at the shutter; `problem` names why the bytes are not here yet
    ("photo.hash", "photo.svg"), or LOST, and is empty otherwise; `storage_key` is None until they are safe. `late`: it came
    after its job was closed; `twin_of_id` is an earlier photo with the same bytes, `pair_of_id` the one from before
    that it was taken over. `deleted_at`: it lies in the trash, or did.
    """

    id: UUID
    company_id: UUID
    job_id: UUID | None
    job_hint: str
    source: Source
    author_id: UUID | None
    author_name: str
    contact_id: UUID | None
    state: PhotoState
    problem: str
    captured_at: datetime
    offset_min: int
    received_at: datetime
    stored_at: datetime | None
    caption: str
    phase: Phase | None
    tags: Sequence[str]
    position: Mapping[str, float] | None
    sha256: str
    size_bytes: int
    mime: str
    storage_key: str | None
    width: int | None
    height: int | None
    decode: Decode
    decode_code: str
    review: str
    review_note: str
    reviewed_at: datetime | None
    reviewed_by_id: UUID | None
    rev: int
    medium: Medium = Medium.IMAGE
    duration_ms: int | None = None
    late: bool = False
    twin_of_id: UUID | None = None
    pair_of_id: UUID | None = None
    person: str = ""
    deleted_at: datetime | None = None
    deleted_by_id: UUID | None = None

    @property
    def shareable(self) -> bool:
        """Say whether it may be seen outside: released, and nobody in it who has not agreed."""
        return self.review == "released" and self.person != Person.OPEN

    @property
    def follows(self) -> bool:
        """Say whether the original is still on the phone."""
        return self.state is PhotoState.ANNOUNCED

    @property
    def lost(self) -> bool:
        """Say whether the original was here and its file is gone."""
        return self.state is PhotoState.STORED and self.problem == LOST


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture we drew from a photo."""

    name: str
    storage_key: str
    mime: str
    width: int
    height: int
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Words:
    """What people say about a photo; each change names only what changes."""

    caption: str
    phase: Phase | None
    tags: tuple[str, ...]
    job_id: UUID | None


def blank(actor: Actor, photo_id: UUID, *, size_bytes: int, sha256: str, mime: str, at: datetime) -> Photo:
    """Return an announced photo about which nothing is said."""
    return Photo(
        id=photo_id,
        company_id=actor.company_id,
        job_id=None,
        job_hint="",
        source=Source.WORKER,
        author_id=actor.id,
        author_name=actor.name,
        contact_id=None,
        state=PhotoState.ANNOUNCED,
        problem="",
        captured_at=at,
        offset_min=0,
        received_at=at,
        stored_at=None,
        caption="",
        phase=None,
        tags=(),
        position=None,
        sha256=sha256,
        size_bytes=size_bytes,
        mime=mime,
        storage_key=None,
        width=None,
        height=None,
        decode=Decode.WAITING,
        decode_code="",
        review="new",
        review_note="",
        reviewed_at=None,
        reviewed_by_id=None,
        rev=1,
        medium=of_mime(mime),
    )


def search_text(photo: Photo) -> str:
    """Return what a search finds the photo by: caption and tags, folded."""
    return folded(photo.caption, " ".join(photo.tags))


def check_original(size_bytes: int, mime: str, *, size_max: int = SIZE_MAX) -> None:
    """Refuse what can be refused before a byte has travelled. Raises Invalid on `size` or `mime`."""
    if size_bytes <= 0:
        raise Invalid("photo.empty", field="size")
    if size_bytes > size_max:
        raise TooLarge("photo.too_large", field="size", limit_mb=size_max // 1_000_000)
    if clean_mime(mime) in REFUSED_TYPES:
        raise Invalid("photo.type", field="mime", mime=clean_mime(mime))


def clean_mime(text: str) -> str:
    """Return the bare type in small letters; what is not one becomes "application/octet-stream"."""
    bare = text.partition(";")[0].strip().lower()
    return bare if len(bare) <= 100 and _MIME.fullmatch(bare) else "application/octet-stream"


def check_caption(text: str) -> str:
    """Return the caption without outer space. Raises Invalid."""
    caption = text.strip()
    if len(caption) > CAPTION_MAX:
        raise Invalid("photo.caption_too_long", field="caption", limit=CAPTION_MAX)
    return caption


def check_tags(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags trimmed, without empty and double ones, in the order given. Raises Invalid."""
    clean = tuple(dict.fromkeys(tag for tag in (" ".join(tag.split()) for tag in tags) if tag))
    if len(clean) > TAGS_MAX:
        raise Invalid("photo.too_many_tags", field="tags", limit=TAGS_MAX)
    if any(len(tag) > TAG_MAX for tag in clean):
        raise Invalid("photo.tag_too_long", field="tags", limit=TAG_MAX)
    return clean


def check_phase(text: str | None) -> Phase | None:
    """Return the phase named, None for none. Raises Invalid."""
    if not text:
        return None
    try:
        return Phase(text)
    except ValueError:
        raise Invalid("photo.phase", field="phase", known=", ".join(Phase)) from None
