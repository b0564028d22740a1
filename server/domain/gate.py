"""The gate between the firm and a person: what may be said to whom, and the sentence why not.

Closed on doubt. The rule of the trade: with consent, or as the answer in a chat the customer began himself;
to somebody else only with the customer's word for this job and a contract on file.
"""

from dataclasses import dataclass, fields
from enum import StrEnum

from server.domain.consents import COVERED, Purpose, Word


class Recipient(StrEnum):
    """`stranger`: nobody knows who he is yet, only the name a platform proved."""

    CUSTOMER = "customer"
    PARTNER = "partner"
    OTHER = "other"
    STRANGER = "stranger"


class Contract(StrEnum):
    """What is on file with a partner on that day. `ended`: there is one, but it is over or has not begun."""

    NONE = "none"
    VALID = "valid"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Case:
    """All that decides; a value nobody could learn is None, and the gate stays shut.

    `channel` is the word for this messenger (questions, photos and appointments), `own` the one for exactly this
    purpose. `began`: the customer wrote in this channel himself, as the platform proved. `sharing` and `contract`
    are about passing on. `person_open`: somebody can be recognised in a photo, and neither he agreed nor is he
    blurred. `window_open`: free words may leave now; True where a channel knows no window.
    """

    recipient: Recipient | None
    purpose: Purpose | None
    channel: Word | None
    own: Word | None
    began: bool | None
    sharing: bool | None
    contract: Contract | None
    person_open: bool | None
    window_open: bool | None

    @property
    def complete(self) -> bool:
        return all(getattr(self, one.name) is not None for one in fields(self))


@dataclass(frozen=True, slots=True)
class Closed:
    """The gate is shut; `code` has a sentence that says what opens it."""

    code: str


@dataclass(frozen=True, slots=True)
class Open:
    """The gate is open, by consent, because the customer wrote first, or by his word to pass photos on.

    `template`: the platform's window is shut, only a text it has approved may leave.
    """

    ground: str
    template: bool = False


CONSENT, WROTE_FIRST, SHARING = "consent", "customer_wrote_first", "sharing"


CALL = "call"
"""The ground of a telephone call: nobody is asked for it, it is the firm's own customer's own job."""


_NEEDS_OWN = {
    Purpose.ADVERTISING: Closed("consent.no_advertising"),
    Purpose.REFERENCE: Closed("consent.no_reference"),
}


def decide(case: Case) -> Open | Closed:
    """Decide and give one reason: the one without whose remedy all others would be in vain.

    Its order: what is not known · who it is at all · what the person said last, no or not any more · what he never
    said for this purpose · for partners the customer's word, then the contract · for himself consent or a chat he
    began · the photo · the platform's window. So nobody blurs a photo that could not leave anyway.
    """
    if not case.complete:
        return Closed("consent.unknown")
    if case.recipient is Recipient.OTHER:
        return Closed("recipient.outsider")
    if Word.WITHDRAWN in (case.channel, case.own):
        return Closed("consent.withdrawn")
    if Word.SUSPENDED in (case.channel, case.own):
        return Closed("consent.suspended")
    if case.purpose in _NEEDS_OWN and case.own is not Word.GIVEN:
        return _NEEDS_OWN[case.purpose]
    if case.recipient is Recipient.STRANGER:
        return _to_stranger(case)
    return _to_partner(case) if case.recipient is Recipient.PARTNER else _to_customer(case)


def _to_stranger(case: Case) -> Open | Closed:
    """Let an answer go into the chat he began himself, and nothing else: he cannot have agreed to anything yet."""
    if case.purpose is not Purpose.SERVICE:
        return Closed("recipient.outsider")
    if not case.began:
        return Closed("consent.none")
    if case.person_open:
        return Closed("photo.person_open")
    return Open(WROTE_FIRST) if case.window_open else Closed("window.no_consent")


def _to_partner(case: Case) -> Open | Closed:
    if not case.sharing:
        return Closed("consent.no_sharing")
    if case.contract is not Contract.VALID:
        return Closed("contract.ended" if case.contract is Contract.ENDED else "contract.missing")
    return Closed("photo.person_open") if case.person_open else Open(SHARING)


def _to_customer(case: Case) -> Open | Closed:
    if case.purpose is Purpose.THIRD_PARTY:
        return Closed("recipient.outsider")
    agreed = case.own is Word.GIVEN or (case.channel is Word.GIVEN and case.purpose in COVERED)
    if not agreed and not (case.began and case.purpose is Purpose.SERVICE):
        return Closed("consent.none")
    if case.person_open:
        return Closed("photo.person_open")
    if agreed:
        return Open(CONSENT, template=not case.window_open)
    # A template is for people who opted in (W10); writing first is no opt-in, only the ground for an answer.
    return Open(WROTE_FIRST) if case.window_open else Closed("window.no_consent")
