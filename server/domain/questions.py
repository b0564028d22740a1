"""A question to the customer, from the building site to his answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from server.domain.choices import MAX_CHOICES, Choice
from server.domain.errors import Conflict, Invalid

TEXT_MAX = 1000
CHOICE_MAX = 60
PHOTOS_MAX = 10


class QuestionState(StrEnum):
    """As in contracts.md; `draft` is only what a program stores without sending."""

    DRAFT = "draft"
    WAITING_RELEASE = "waiting_release"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    ANSWERED = "answered"
    HANDED_OFF = "handed_off"
    BLOCKED = "blocked"
    FAILED = "failed"
    UNCLEAR = "unclear"
    WITHDRAWN = "withdrawn"


OPEN = frozenset(QuestionState) - {QuestionState.ANSWERED, QuestionState.WITHDRAWN, QuestionState.DRAFT}
# Nothing has left yet: the words and photos may still change.
UNSENT = frozenset(
    {QuestionState.DRAFT, QuestionState.WAITING_RELEASE, QuestionState.BLOCKED, QuestionState.QUEUED}
)


@dataclass(frozen=True, slots=True)
class Question:
    """`send_after`: released in the quiet hours, it leaves at their end."""

    id: UUID
    company_id: UUID
    job_id: UUID | None
    job_hint: str
    contact_id: UUID | None
    author_id: UUID
    author_name: str
    text: str
    choices: tuple[Choice, ...]
    photo_ids: tuple[UUID, ...]
    state: QuestionState
    channel: str
    blocked_code: str
    captured_at: datetime
    created_at: datetime
    changed_at: datetime
    contact_name: str = ""
    blocked_values: Mapping[str, str] = field(default_factory=dict)
    send_after: datetime | None = None
    sent_at: datetime | None = None
    answered_at: datetime | None = None
    answer_choice: str = ""
    answer_text: str = ""
    answer_channel: str = ""
    seen_by_author_at: datetime | None = None
    seen_by_office_at: datetime | None = None
    rev: int = 1

    @property
    def answer(self) -> str:
        """Return the answer in words: the tapped choice's title, the text, or both."""
        title = next((choice.title for choice in self.choices if choice.id == self.answer_choice), "")
        return " – ".join(
            part for part in (title, self.answer_text if self.answer_text != title else "") if part
        )


@dataclass(frozen=True, slots=True)
class QuestionDraft:
    """What can be written of a question. `contact_id` None: whoever the job names; `channel` "" = the best way."""

    text: str
    choices: Sequence[str] = ()
    photo_ids: Sequence[UUID] = ()
    contact_id: UUID | None = None
    channel: str = ""

    def checked(self) -> Self:
        """Return the draft with clean words, each photo once. Raises Invalid naming the field."""
        text = self.text.strip()
        if not text:
            raise Invalid("question.empty", field="text")
        if len(text) > TEXT_MAX:
            raise Invalid("field.too_long", field="text", max=TEXT_MAX)
        photo_ids = tuple(dict.fromkeys(self.photo_ids))
        choices = _choices(self.choices)
        if len(photo_ids) > PHOTOS_MAX:
            raise Invalid("question.photos", field="photos", max=PHOTOS_MAX)
        return replace(self, text=text, choices=choices, photo_ids=photo_ids)

    @property
    def offered(self) -> tuple[Choice, ...]:
        return tuple(Choice(f"c{place}", title) for place, title in enumerate(self.choices, 1))


def _choices(written: Sequence[str]) -> tuple[str, ...]:
    titles = tuple(choice.strip() for choice in written if choice.strip())
    if len(titles) > MAX_CHOICES:
        raise Invalid("question.choices", field="choices", max=MAX_CHOICES)
    if any(len(title) > CHOICE_MAX for title in titles):
        raise Invalid("field.too_long", field="choices", max=CHOICE_MAX)
    if len({title.casefold() for title in titles}) != len(titles):
        raise Invalid("question.choices_equal", field="choices")
    return titles


_FINAL = frozenset({QuestionState.ANSWERED, QuestionState.WITHDRAWN})
# The worst of a question's messages decides; a human must see it.
_WORST_FIRST = ("unclear", "failed")


def state_of_messages(current: QuestionState, messages: Sequence[str]) -> QuestionState:
    """Return the question's state from its messages' states; the least advanced one counts.

    An answer or a withdrawal is never undone by a late status.
    """
    if current in _FINAL or not messages:
        return current
    for bad in _WORST_FIRST:
        if bad in messages:
            return QuestionState(bad)
    ranks = {"queued": 0, "leased": 0, "accepted": 1, "sent": 1, "delivered": 2, "read": 3}
    lowest = min(ranks.get(state, 0) for state in messages)
    return (QuestionState.QUEUED, QuestionState.SENT, QuestionState.DELIVERED, QuestionState.READ)[lowest]


def withdrawable(question: Question) -> None:
    """Raise Conflict unless the question may still be taken back: it has not been answered."""
    if question.state in _FINAL:
        raise Conflict("question.moved_on", state=question.state.value)
