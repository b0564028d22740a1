"""The gate between the firm and a person: what may be said to whom, and the sentence why not.

Closed on doubt. The rule of the trade: with consent, or as the answer in a chat the customer began himself;
to somebody else only with the customer's word for this job and a contract on file.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Invalid, TooLarge


class Purpose(StrEnum):
    """What a person agreed to. `service`: questions, photos and appointments of his own job."""

    SERVICE = "service"
    PHOTOS = "photos"
    THIRD_PARTY = "third_party"
    REFERENCE = "reference"
    ADVERTISING = "advertising"


class ConsentVerb(StrEnum):
    """`suspended`: nobody took it back, but it is in doubt whom it would reach; it waits to be confirmed."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"


class Proof(StrEnum):
    """What shows it: spoken to an employee, signed, written by the customer himself, tapped on a link."""

    SPOKEN = "spoken"
    SIGNATURE = "signature"
    INBOUND_MESSAGE = "inbound_message"
    LINK = "link"
    OFFICE = "office"


ANY = "any"
"""The channel of a consent that is about no messenger: passing photos on, showing them as a reference."""

WITHOUT_CHANNEL = frozenset({Purpose.THIRD_PARTY, Purpose.REFERENCE})


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the ledger, with the exact words and their SHA-256 (hex).

    `job_id` and `partner_id` say for which job, to whom, when it is about passing photos on.
    `proof_sha256` is the hash of the signature's picture, "" when there is none. `at` decides what came after what;
    `local_time` is what the clock showed where it was said, `received_at` when we got it, `device_id` by which phone.
    """

    id: UUID
    company_id: UUID
    contact_id: UUID
    channel: str
    purpose: Purpose
    verb: ConsentVerb
    wording: str
    wording_hash: str
    proof: Proof
    proof_ref: str
    giver: str
    recorded_by: UUID | None
    at: datetime
    local_time: str
    job_id: UUID | None = None
    partner_id: UUID | None = None
    proof_sha256: str = ""
    received_at: datetime | None = None
    device_id: UUID | None = None


def wording_hash(wording: str) -> str:
    """Return the version of a wording: the SHA-256 (hex) of its exact text."""
    return hashlib.sha256(wording.encode()).hexdigest()


class Recipient(StrEnum):
    """`stranger`: nobody knows who he is yet, only the name a platform proved."""

    CUSTOMER = "customer"
    PARTNER = "partner"
    OTHER = "other"
    STRANGER = "stranger"


class Word(StrEnum):
    """What the ledger's newest line says."""

    NONE = "none"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"


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
# What the words for a channel name themselves; everything else needs a word of its own.
COVERED = frozenset({Purpose.SERVICE, Purpose.PHOTOS})
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


PNG = b"\x89PNG\r\n\x1a\n"
PICTURE_MAX = 200_000


def check_picture(data: bytes) -> None:
    """Refuse as a signature what is no PNG (RFC 2083 §3.1) or more than a drawing needs. Raises Invalid, TooLarge."""
    if not data.startswith(PNG):
        raise Invalid("consent.signature", field="signature")
    if len(data) > PICTURE_MAX:
        raise TooLarge("consent.signature", field="signature")


STOP_WORDS = frozenset({"stop", "stopp", "abmelden", "widerruf", "widerrufen", "unsubscribe"})


def is_stop(text: str) -> bool:
    """Say whether a customer's message withdraws his consent: one of the words alone, in any writing.

    "Stop bitte, die falsche Fuge!" is about the building site, not about us. With a slash it is how bots are stopped.
    """
    word = text.strip().strip(".!?\"'„“").strip()
    return word.removeprefix("/").casefold() in STOP_WORDS


@dataclass(frozen=True, slots=True)
class Span:
    """When something was said where nobody but a phone's clock was there: between these two, aware UTC."""

    earliest: datetime
    latest: datetime

    def counts_at(self, verb: ConsentVerb) -> datetime:
        """Return the time that orders it: consent as early, withdrawal as late as can be. Doubt closes."""
        return self.earliest if verb is ConsentVerb.GRANTED else self.latest


def said_within(
    clock: datetime, *, ahead: Sequence[timedelta], shown_at: datetime | None, received_at: datetime
) -> Span:
    """Return when something was said, told by a phone whose `clock` showed that moment.

    `ahead`: how far our clock was before the phone's whenever they met; where that differs, the phone's was set in
    between, and each of them may be right. It cannot be before we gave out the words (`shown_at`, our clock) nor
    after it came; without any meeting that is all we know.
    """
    low = min(shown_at or datetime.min.replace(tzinfo=UTC), received_at)
    guesses = [min(max(_moved(clock, by), low), received_at) for by in ahead]
    return Span(min(guesses, default=low), max(guesses, default=received_at))


def _moved(clock: datetime, by: timedelta) -> datetime:
    try:
        return clock + by
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if by > timedelta() else datetime.min.replace(tzinfo=UTC)


def order(line: Consent) -> tuple[datetime, bool, int]:
    """Return a line's place in the ledger: by when it was said; of two at one moment the one that closes is later."""
    return (line.at, line.verb is not ConsentVerb.GRANTED, line.id.int)


def overtaken_by(lines: Sequence[Consent], given: Consent) -> Consent | None:
    """Return the withdrawal that was said after a consent and meant it too, though it had not arrived yet.

    Whoever says STOP in one messenger ends passing on and reference as well; a word about everything (channel `ANY`)
    ends every messenger.
    """
    wide = given.purpose in WITHOUT_CHANNEL
    later = [
        line
        for line in lines
        if line.verb is ConsentVerb.WITHDRAWN
        and line.purpose is Purpose.SERVICE
        and (wide or line.channel == ANY)
        and order(line) > order(given)
    ]
    return min(later, key=order, default=None)


def latest_of(lines: Sequence[Consent]) -> Consent | None:
    """Return the line that counts; in which order lines arrived makes no difference."""
    return max(lines, key=order, default=None)


_WORDS = {
    ConsentVerb.GRANTED: Word.GIVEN,
    ConsentVerb.WITHDRAWN: Word.WITHDRAWN,
    ConsentVerb.SUSPENDED: Word.SUSPENDED,
}


def word_of(
    lines: Sequence[Consent], channel: str, purpose: Purpose, *, wrote_at: datetime | None = None
) -> Word:
    """Return what a person's lines say about a channel and a purpose.

    A suspension ends when he writes himself afterwards: the platform has then shown who is there. What he had agreed
    to does not come back by that; it is as if he had never said anything.
    """
    about = [line for line in lines if (line.channel, line.purpose) == (channel, purpose)]
    newest = latest_of(about)
    if newest is None:
        return Word.NONE
    if newest.verb is ConsentVerb.SUSPENDED and wrote_at is not None and wrote_at > newest.at:
        return Word.NONE
    return _WORDS[newest.verb]


def agreed_to(lines: Sequence[Consent]) -> list[str]:
    """Return the channels whose newest word about messages is a consent."""
    kinds = sorted({line.channel for line in lines if line.purpose is Purpose.SERVICE})
    return [kind for kind in kinds if word_of(lines, kind, Purpose.SERVICE) is Word.GIVEN]


def may_share(lines: Sequence[Consent], job_id: UUID, partner_id: UUID) -> bool:
    """Say whether the person's lines let this job's photos go to this partner: his newest word about the two."""
    about = [
        line
        for line in lines
        if line.purpose is Purpose.THIRD_PARTY and (line.job_id, line.partner_id) == (job_id, partner_id)
    ]
    newest = latest_of(about)
    return newest is not None and newest.verb is ConsentVerb.GRANTED
