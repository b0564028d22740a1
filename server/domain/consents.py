"""The gate between the firm and a person: what may be said to whom, and the sentence why not.

Closed on doubt. The rule of the trade: with consent, or as the answer in a chat the customer began himself.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Purpose(StrEnum):
    """What a person agreed to. `service`: questions, photos and appointments of his own job."""

    SERVICE = "service"
    PHOTOS = "photos"
    THIRD_PARTY = "third_party"
    REFERENCE = "reference"
    ADVERTISING = "advertising"


class ConsentVerb(StrEnum):
    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Proof(StrEnum):
    """What shows it: spoken to an employee, signed, written by the customer himself, tapped on a link."""

    SPOKEN = "spoken"
    SIGNATURE = "signature"
    INBOUND_MESSAGE = "inbound_message"
    LINK = "link"
    OFFICE = "office"


@dataclass(frozen=True, slots=True)
class Consent:
    """One line of the ledger, with the exact words and their SHA-256 (hex)."""

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


def wording_hash(wording: str) -> str:
    """Return the version of a wording: the SHA-256 (hex) of its exact text."""
    return hashlib.sha256(wording.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a contact stands in one channel for one purpose.

    `latest` is the ledger's last line; `wrote_at` the last message of his own that this channel verified.
    """

    latest: Consent | None
    wrote_at: datetime | None


@dataclass(frozen=True, slots=True)
class Closed:
    """The gate is shut; `code` has a sentence that says what opens it."""

    code: str


@dataclass(frozen=True, slots=True)
class Open:
    """The gate is open, by consent or because the customer wrote first."""

    ground: str


def may_contact(standing: Standing, purpose: Purpose) -> Open | Closed:
    """Decide whether a person may be written to in a channel.

    A withdrawal stands until a new consent is given, whoever writes afterwards. Writing first covers answers
    about his own job, nothing else.
    """
    if standing.latest is not None:
        if standing.latest.verb is ConsentVerb.WITHDRAWN:
            return Closed("consent.withdrawn")
        if standing.latest.verb is ConsentVerb.GRANTED and standing.latest.purpose is purpose:
            return Open("consent")
        return Closed("consent.none")
    if standing.wrote_at is not None and purpose is Purpose.SERVICE:
        return Open("customer_wrote_first")
    return Closed("consent.none")


STOP_WORDS = frozenset({"stop", "stopp", "abmelden", "widerruf", "widerrufen", "unsubscribe"})


def is_stop(text: str) -> bool:
    """Say whether a customer's message withdraws his consent: one of the words alone, in any writing.

    "Stop bitte, die falsche Fuge!" is about the building site, not about us.
    """
    return text.strip().strip(".!?\"'„“").strip().casefold() in STOP_WORDS


def latest_of(lines: Sequence[Consent]) -> Consent | None:
    """Return the line that counts: the newest by time, then by id."""
    return max(lines, key=lambda line: (line.at, line.id.int), default=None)
