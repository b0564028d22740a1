"""Sign-in: how long it lasts, what a device is called, and how guessing is slowed down."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self
from uuid import UUID

from server.domain.users import Role

LINK_LASTS = timedelta(hours=72)
PAIRING_LASTS = timedelta(minutes=15)
IDLE = {Role.WORKER: timedelta(days=180), Role.OFFICE: timedelta(hours=12), Role.ADMIN: timedelta(hours=12)}

FREE_FAILURES = 5
LONGEST_DELAY_S = 60
FORGET_AFTER = timedelta(hours=24)


class SessionKind(StrEnum):
    BROWSER = "browser"
    TOKEN = "token"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser or a program's token. `cache_key` is opaque and new at each sign-in.

    `device_id` is the phone that last spoke with it, as far as one did.
    """

    id: UUID
    company_id: UUID
    user_id: UUID
    kind: SessionKind
    name: str
    cache_key: str
    created_at: datetime
    seen_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    device_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class SignInLink:
    """A one-time way in; a look at it changes nothing."""

    id: UUID
    company_id: UUID
    user_id: UUID
    created_at: datetime
    expires_at: datetime
    redeemed_at: datetime | None

    def open(self, at: datetime) -> bool:
        return self.redeemed_at is None and at < self.expires_at


# Nothing that looks alike on a screen two metres away: no 0 and O, no 1, I and L.
CODE_SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 8


def read_code(typed: str) -> str | None:
    """Return a pairing code as it was made, however it was typed; None for something that cannot be one."""
    code = re.sub(r"[\s\-–.]", "", typed).upper()
    return code if len(code) == CODE_LENGTH and set(code) <= set(CODE_SIGNS) else None


def shown_code(code: str) -> str:
    """Return a code in two groups, as people read it aloud."""
    return f"{code[:4]}-{code[4:]}"


def idle_until(kind: SessionKind, role: Role, at: datetime) -> datetime | None:
    """Return when a session ends if nobody comes back: a worker's phone must not ask again all season."""
    return None if kind is SessionKind.TOKEN else at + IDLE[role]


@dataclass(frozen=True, slots=True)
class Tries:
    """Failed sign-ins for one account or one address. The delay grows, but never locks for good."""

    failures: int
    blocked_until: datetime
    updated_at: datetime

    def wait_s(self, at: datetime) -> int:
        """Return the whole seconds until the next try is looked at, 0 if now."""
        return max(0, -((at - self.blocked_until) // timedelta(seconds=1)))

    def failed(self, at: datetime) -> Self:
        """Return the count after one more failure."""
        failures = 1 if at - self.updated_at > FORGET_AFTER else self.failures + 1
        return replace(
            self,
            failures=failures,
            blocked_until=at + timedelta(seconds=delay_s(failures)),
            updated_at=at,
        )

    def taken_back(self, at: datetime) -> Self:
        """Return the count without the failure that was noted in advance for a try that succeeded."""
        return replace(self, failures=max(0, self.failures - 1), blocked_until=at, updated_at=at)


def delay_s(failures: int) -> int:
    """Return 0 for the first five failures, then 1, 2, 4, … up to 60 seconds."""
    return 0 if failures < FREE_FAILURES else min(LONGEST_DELAY_S, 1 << min(failures - FREE_FAILURES, 10))


_DEVICES = (
    (re.compile("iPhone"), "iPhone"),
    (re.compile("iPad"), "iPad"),
    (re.compile("Android.*Mobile"), "Android-Handy"),
    (re.compile("Android"), "Android-Tablet"),
    (re.compile("Windows"), "Windows-PC"),
    (re.compile("Macintosh"), "Mac"),
    (re.compile("CrOS"), "Chromebook"),
    (re.compile("Linux"), "Linux-PC"),
)
_BROWSERS = (
    (re.compile("Edg(e|A|iOS)?/"), "Edge"),
    (re.compile("SamsungBrowser/"), "Samsung Internet"),
    (re.compile("OPR/"), "Opera"),
    (re.compile("Firefox/|FxiOS/"), "Firefox"),
    (re.compile("Chrome/|CriOS/"), "Chrome"),
    (re.compile("Safari/"), "Safari"),
)


def device_name(user_agent: str) -> str:
    """Return what a person would call the device: "iPhone, Safari". Names are for lists only, never for rules."""
    device = next((name for pattern, name in _DEVICES if pattern.search(user_agent)), "")
    browser = next((name for pattern, name in _BROWSERS if pattern.search(user_agent)), "")
    return ", ".join(part for part in (device, browser) if part) or "Unbekanntes Gerät"
