"""Messages: outgoing ones leave at most once, incoming ones arrive exactly once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.domain.events import Status, advance
from server.domain.identities import Identity, IdentityKind

SEND_FOR = timedelta(hours=24)
ANSWER_FOR = timedelta(days=30)
# Kinds of rows that are no messages of the platform's own making.
ECHO = "echo"
JOINED = "joined"
RESUMED = "resumed"
SWITCHED_OFF = "switched_off"
REACTION = "reaction"
AUTOMATIC = "automatic"
# What a customer does without saying anything that wants an answer.
SILENT = (JOINED, RESUMED, SWITCHED_OFF, REACTION, AUTOMATIC)
GONE_OUT = frozenset({"accepted", "sent", "delivered", "read"})


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class MessageState(StrEnum):
    """Outgoing: queued → leased → accepted → sent → delivered → read, or failed, unclear, stopped.

    `leased` is committed before the first byte leaves: found again without a result it means `unclear`.
    By hand: prepared → opened → confirmed_by_worker, or discarded. Incoming: received.
    """

    QUEUED = "queued"
    LEASED = "leased"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    UNCLEAR = "unclear"
    STOPPED = "stopped"
    PREPARED = "prepared"
    OPENED = "opened"
    CONFIRMED = "confirmed_by_worker"
    DISCARDED = "discarded"
    RECEIVED = "received"


@dataclass(frozen=True, slots=True)
class Message:
    """One thing said. `recipient` is frozen when the message is written and never follows a merged contact.

    `run_id` holds together what one release or one free message became: it leaves in the order of `place`. `at` is
    the moment it stands under in the chronology; `created_at` is when it was written or came here. `send_after` =
    scheduled. `verified` False: nobody has proved who wrote it (an answer without account, an imported chat).
    `introduces`: it says who writes, how to stop it and where privacy and imprint stand (G8).
    """

    id: UUID
    company_id: UUID
    contact_id: UUID | None
    job_id: UUID | None
    question_id: UUID | None
    account_id: UUID | None
    photo_id: UUID | None
    channel: str
    direction: Direction
    kind: str
    text: str
    state: MessageState
    at: datetime
    created_at: datetime
    changed_at: datetime
    place: int = 0
    step: Mapping[str, object] | None = None
    recipient: Identity | None = None
    profile_name: str = ""
    foreign_id: str | None = None
    context_id: str = ""
    error_code: str = ""
    error_detail: str = ""
    seen_by_office_at: datetime | None = None
    author_id: UUID | None = None
    conversation_id: UUID | None = None
    run_id: UUID | None = None
    send_after: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    edited_at: datetime | None = None
    revoked_at: datetime | None = None
    category: str = ""
    billable: bool | None = None
    verified: bool = True
    chat_import_id: UUID | None = None
    introduces: bool = False

    @property
    def to_stranger(self) -> bool:
        """Say whether it is the firm's answer by itself to somebody nobody knows yet."""
        nobodys = self.contact_id is None and self.author_id is None and self.question_id is None
        return (
            nobodys
            and self.direction is Direction.OUT
            and self.conversation_id is not None
            and not self.by_phone
        )

    @property
    def by_phone(self) -> bool:
        """Say whether the firm sent it by hand in the messenger's own app ("vom Handy gesendet")."""
        return self.direction is Direction.OUT and self.step is not None and self.step.get("kind") == ECHO

    @property
    def reasons(self) -> Mapping[str, str]:
        """Return what fills the sentence of its `error_code`."""
        found = (self.step or {}).get("blocked")
        return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}

    @property
    def template_values(self) -> tuple[str, tuple[str, ...]] | None:
        """Return (id of the template, its values) a free message was written with, None for free words."""
        known, values = (self.step or {}).get("template"), (self.step or {}).get("values")
        return (str(known), tuple(map(str, values))) if known and isinstance(values, list) else None

    @property
    def pictures(self) -> tuple[UUID, ...]:
        """Return our photos it carries: the customer's own, or those a free message was written with."""
        if self.photo_id is not None:
            return (self.photo_id,)
        step = self.step or {}
        listed = step.get("photos")
        photos = tuple(UUID(str(one)) for one in listed) if isinstance(listed, list) else ()
        if "call" not in step:
            return photos
        return photos[self.place : self.place + 1] if step.get("picture") else ()

    @property
    def shows_photo(self) -> bool:
        return self.photo_id is not None or bool(
            self.step and (self.step.get("picture") or self.step.get("photos"))
        )


def latest_run(messages: Sequence[Message]) -> list[Message]:
    """Return the messages of the last release: one release writes its messages in one moment."""
    newest = max((message.created_at for message in messages), default=None)
    return [message for message in messages if message.created_at == newest]


_STATUS = {state.value: state for state in Status}


def after_status(current: MessageState, incoming: Status) -> MessageState:
    """Return the state after a platform's status; one that was in doubt is resolved by any status."""
    if current in (MessageState.UNCLEAR, MessageState.LEASED):
        return MessageState(incoming.value)
    known = _STATUS.get(current.value)
    return MessageState(advance(known, incoming).value) if known else current


def window_until(last_inbound_at: datetime | None, window: timedelta | None) -> datetime | None:
    """Return when free words stop being allowed; None when they are not allowed at all."""
    return last_inbound_at + window if last_inbound_at and window else None


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """What matching needs to know of a question that was put to this person in this channel."""

    id: UUID
    asked_at: datetime
    foreign_ids: frozenset[str]


def match_question(
    questions: Sequence[OpenQuestion], *, context_id: str, button_id: str, at: datetime
) -> UUID | None:
    """Return which open question an incoming message answers, or None for the office inbox.

    A tapped button names its question; a quoted message too; a plain message answers the only open question
    of the last 30 days. With several open and nothing quoted a human decides: never guess.
    """
    named = button_id.partition(":")[0]
    for question in questions:
        if named and str(question.id) == named:
            return question.id
        if context_id and context_id in question.foreign_ids:
            return question.id
    recent = [question for question in questions if at - question.asked_at <= ANSWER_FOR]
    if button_id or context_id or len(recent) != 1:
        return None
    return recent[0].id


def identity(kind: str, value: str) -> Identity | None:
    return Identity(IdentityKind(kind), value) if kind else None
