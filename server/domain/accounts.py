"""A company's accounts at the platforms, and the links by which customers answer without one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

LINK_LIVES = timedelta(days=30)
HANDOFF = "whatsapp_handoff"
PHONE = "phone"
"""What is said on the telephone. No consent is asked for: it is the firm's own customer's own job."""


class Health(StrEnum):
    """`reauth` and `paused` keep the outbox and ask the admin."""

    OK = "ok"
    REAUTH = "reauth"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class Account:
    """`sealed` holds the secret settings, encrypted.

    Of an account that fetches its events: `pulled_at` is when its line was last known to live, `pull_error` why it
    is down now ("" = it stands, or nobody fetches). `refused` deliveries, the last one `refused_at`, bore a wrong
    signature since the last one that was right.
    """

    id: UUID
    company_id: UUID
    kind: str
    label: str
    settings: Mapping[str, str]
    sealed: bytes
    health: Health
    health_detail: str
    last_in_at: datetime | None
    last_out_at: datetime | None
    disabled_at: datetime | None
    pulled_at: datetime | None = None
    pull_error: str = ""
    refused: int = 0
    refused_at: datetime | None = None

    @property
    def usable(self) -> bool:
        return self.disabled_at is None and self.health is Health.OK


@dataclass(frozen=True, slots=True)
class AnswerLink:
    """A customer's way to answer one question; the token is derived, only its hash is stored."""

    id: UUID
    company_id: UUID
    question_id: UUID
    contact_id: UUID | None
    expires_at: datetime
    revoked_at: datetime | None
    answered_at: datetime | None

    def alive(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


def consent_channel(channel: str) -> str:
    """Return the channel a consent is about: by hand or by API, WhatsApp is WhatsApp."""
    return channel.removesuffix("_handoff")


def by_hand(channel: str) -> bool:
    """Say whether a person sends it in the messenger's own app."""
    return channel.endswith("_handoff")
