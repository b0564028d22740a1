"""The ledger of consents: who agreed to what, in which words, and what his lines say taken together."""

import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
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
# What the words for a channel name themselves; everything else needs a word of its own.
COVERED = frozenset({Purpose.SERVICE, Purpose.PHOTOS})


@dataclass(frozen=True, slots=True)
class Matter:
    """What a word is about: one purpose in one messenger, or (channel `ANY`) one job's photos for one partner."""

    channel: str
    purpose: Purpose
    job_id: UUID | None = None
    partner_id: UUID | None = None


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

    @property
    def matter(self) -> Matter:
        return Matter(self.channel, self.purpose, self.job_id, self.partner_id)


def wording_hash(wording: str) -> str:
    """Return the version of a wording: the SHA-256 (hex) of its exact text."""
    return hashlib.sha256(wording.encode()).hexdigest()


class Word(StrEnum):
    """What the ledger's newest line says."""

    NONE = "none"
    GIVEN = "given"
    WITHDRAWN = "withdrawn"
    SUSPENDED = "suspended"


PNG = b"\x89PNG\r\n\x1a\n"
PICTURE_MAX = 200_000


def check_picture(data: bytes) -> None:
    """Refuse as a signature what is no PNG (RFC 2083 §3.1) or more than a drawing needs. Raises Invalid, TooLarge."""
    if not data.startswith(PNG):
        raise Invalid("consent.signature", field="signature")
    if len(data) > PICTURE_MAX:
        raise TooLarge("consent.signature", field="signature")


STOP_WORDS = frozenset({"stop", "stopp", "стоп", "abmelden", "widerruf", "widerrufen", "unsubscribe"})
_POLITE = frozenset({"bitte", "danke", "please"})
# So many words and lone signs are looked at; what is longer says more than that.
_SHORT = 8


def is_stop(text: str) -> bool:
    """Say whether a customer's message withdraws his consent: one of the words alone, in any writing.

    "Stop bitte, die falsche Fuge!" is about the building site, not about us. With a slash it is how bots are stopped.
    What is no letter does not count at the ends (a phone makes "STOP…" of three dots, puts a sign for emphasis, a mark
    of direction nobody sees), nor does one polite word. Who says it three times, or in two such words, means it all
    the more.
    """
    said = [word.casefold() for word in map(_bare, text.split(maxsplit=_SHORT)) if word]
    rest = [word.removeprefix("/") for word in said if word not in _POLITE]
    return bool(rest) and len(said) - len(rest) <= 1 and STOP_WORDS.issuperset(rest)


def _bare(word: str) -> str:
    """Return a word without signs around it, a slash is not one of them, and without what nobody sees in it."""
    plain = "".join(
        sign for sign in unicodedata.normalize("NFKC", word) if unicodedata.category(sign) != "Cf"
    )
    kept = [place for place, sign in enumerate(plain) if sign.isalnum() or sign == "/"]
    return plain[kept[0] : kept[-1] + 1] if kept else ""


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


def in_force(lines: Sequence[Consent]) -> list[Consent]:
    """Return the lines that say what holds now: the newest about each matter."""
    newest: dict[Matter, Consent] = {}
    for line in sorted(lines, key=order):
        newest[line.matter] = line
    return sorted(newest.values(), key=lambda one: (one.channel, one.purpose, str(one.job_id)))


def shared_now(lines: Sequence[Consent]) -> list[Consent]:
    """Return the consents in force that no messenger carries: what may be passed on, or shown as a reference."""
    return [
        line
        for line in in_force(lines)
        if line.purpose in WITHOUT_CHANNEL and line.verb is ConsentVerb.GRANTED
    ]


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
    return _last_word(lines, job_id, partner_id) is ConsentVerb.GRANTED


def refuses(lines: Sequence[Consent], job_id: UUID, partner_id: UUID) -> bool:
    """Say whether the person's newest word about this job and this partner is a no."""
    return _last_word(lines, job_id, partner_id) is ConsentVerb.WITHDRAWN


def _last_word(lines: Sequence[Consent], job_id: UUID, partner_id: UUID) -> ConsentVerb | None:
    about = [
        line
        for line in lines
        if line.purpose is Purpose.THIRD_PARTY and (line.job_id, line.partner_id) == (job_id, partner_id)
    ]
    newest = latest_of(about)
    return newest.verb if newest else None
