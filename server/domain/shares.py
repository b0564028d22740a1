"""What left the firm: one entry for each message that went to somebody outside, with its photos (J9)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from server.domain.accounts import AnswerLink
from server.domain.messages import MessageState

# What has left, or may have: a doubt is shown as a doubt. What failed, was stopped or never opened did not.
LEFT = (
    MessageState.ACCEPTED,
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.READ,
    MessageState.UNCLEAR,
    MessageState.OPENED,
    MessageState.CONFIRMED,
)


@dataclass(frozen=True, slots=True)
class SharedPhoto:
    """A photo that went along; `there` False: it has been deleted here since."""

    id: UUID
    there: bool
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Share:
    """One thing that left. `recipient` is the address at that time, `released_by` "" = the system or unknown.

    `verified` False: from an imported chat, nobody has proved it.
    """

    id: UUID
    at: datetime
    channel: str
    state: MessageState
    text: str
    contact: str
    recipient: str
    released_by: str
    job_id: UUID | None
    job_number: str
    question_id: UUID | None
    verified: bool
    photos: tuple[SharedPhoto, ...] = ()
    link: AnswerLink | None = None


def photos_of(step: Mapping[str, Any] | None) -> list[UUID]:
    """Return which photos a message's call carried, in order; the copies' keys name them."""
    found: dict[UUID, None] = {}
    for key in _keys(step or {}):
        try:
            found[UUID(key.rpartition("/")[2].partition(".")[0])] = None
        except ValueError:
            continue
    return list(found)


def _keys(step: Mapping[str, Any]) -> Iterator[str]:
    picture = step.get("picture")
    if isinstance(picture, Mapping):
        yield str(picture.get("ref", ""))
    call = step.get("call")
    handed = call.get("pictures") if isinstance(call, Mapping) else None
    if isinstance(handed, list):
        yield from (key for key in handed if isinstance(key, str))
