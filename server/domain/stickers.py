"""The QR sticker of a job: one code, two faces. The crew's is the camera, the customer's a page to leave something on."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.domain.errors import Invalid, TooLarge, TooManyTries
from server.domain.messages import Direction, Message, MessageState
from server.domain.sessions import Tries
from server.domain.texts import line

TOKEN_BYTES = 24
_TOKEN = re.compile(r"[A-Za-z0-9_-]{32}")
PHOTOS_MAX = 10
PHOTO_BYTES_MAX = 15_000_000
NOTE_MAX = 2000
NAME_MAX = 100
# Whoever stands before a sticker may write without an account: he must not fill the disk. Points in one day, one for
# each visit that leaves something and one for each photo.
POINTS_OF_ADDRESS = 60
POINTS_OF_STICKER = 150
CHANNEL = "sticker"


@dataclass(frozen=True, slots=True)
class Sticker:
    """What stands on a sticker, and nothing else of its job: whoever finds one learns no more than he can read."""

    company_id: UUID
    job_id: UUID
    number: str
    title: str


@dataclass(frozen=True, slots=True)
class Left:
    """What somebody left at a sticker: words, and how to reach him if he wants an answer."""

    text: str
    name: str


def to_office(sticker: Sticker, *, id: UUID, text: str, name: str, at: datetime) -> Message:
    """Return what somebody nobody knows says at a sticker, as a message to the office."""
    return Message(
        id=id,
        company_id=sticker.company_id,
        contact_id=None,
        job_id=sticker.job_id,
        question_id=None,
        account_id=None,
        photo_id=None,
        channel=CHANNEL,
        direction=Direction.IN,
        kind="text",
        text=text,
        profile_name=name,
        state=MessageState.RECEIVED,
        at=at,
        created_at=at,
        changed_at=at,
    )


def is_token(text: str) -> bool:
    """Say whether this can be a code of ours at all; nothing else is looked up."""
    return bool(_TOKEN.fullmatch(text))


def check_left(text: str, name: str, sizes: list[int]) -> Left:
    """Return the words. Raises Invalid for nothing at all, too much, or a photo that is too large (`sizes` in bytes)."""
    text = text.strip()
    if len(text) > NOTE_MAX:
        raise Invalid("field.too_long", field="text", max=NOTE_MAX)
    if len(sizes) > PHOTOS_MAX:
        raise Invalid("sticker.photos", field="photo", max=PHOTOS_MAX)
    if any(size > PHOTO_BYTES_MAX for size in sizes):
        raise TooLarge("photo.too_large", field="photo", limit_mb=PHOTO_BYTES_MAX // 1_000_000)
    if not text and not sizes:
        raise Invalid("sticker.empty", field="text")
    return Left(text, line(name, "name", limit=NAME_MAX))


def used(count: Tries, *, points: int, most: int, at: datetime) -> Tries:
    """Return the day's count after a visit. Raises TooManyTries once it is full."""
    if count.failures + points > most:
        raise TooManyTries("sticker.full", retry_after_s=3600)
    return Tries(count.failures + points, at, at)
