"""A free message before it is planned: what is said to whom, and what tells it from another one of the same name."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.domain.capabilities import Capabilities
from server.domain.errors import Invalid
from server.domain.messages import Message, MessageState
from server.domain.templates import one_line

PHOTOS_MAX = 10
TEXT_MAX = 10_000
UNPLANNED = "speech"
"""The kind of a row's step while nobody has planned its calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """What the firm says to a customer by one messenger.

    `intent` is made by the client: the same again is the same message. With a template the words are its own, filled
    with `values`, and `text` is left out. `send_after`: not before that, None = at once.
    """

    intent: UUID
    contact_id: UUID
    channel: str
    text: str = ""
    photo_ids: tuple[UUID, ...] = ()
    job_id: UUID | None = None
    quote_id: UUID | None = None
    send_after: datetime | None = None
    template_id: UUID | None = None
    values: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Return what tells two contents of one intent apart."""
        parts = [
            str(self.contact_id),
            self.channel,
            "" if self.template_id else self.text.strip(),
            [str(one) for one in self.photo_ids],
            str(self.send_after or ""),
            *([str(self.template_id), *map(one_line, self.values)] if self.template_id else []),
        ]
        return hashlib.sha256(json.dumps(parts).encode()).hexdigest()

    def check(self, words: str, caps: Capabilities) -> None:
        """Refuse what cannot be a message, with the words as the customer will read them. Raises Invalid."""
        if not words and not self.photo_ids:
            raise Invalid("draft.empty", field="text")
        if len(words) > TEXT_MAX:
            raise Invalid("field.too_long", field="text", max=TEXT_MAX)
        if len(self.photo_ids) > PHOTOS_MAX:
            raise Invalid("question.photos", field="photos", max=PHOTOS_MAX)
        if self.photo_ids and not caps.image_mimes:
            raise Invalid("picture.impossible", field="photos")


def waits_for_plan(message: Message) -> bool:
    """Say whether a message is still as it was written: nothing of it has been put in line."""
    return message.state is MessageState.QUEUED and (message.step or {}).get("kind") == UNPLANNED
