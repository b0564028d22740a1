"""Who may do what. The three roles of a firm, and the one who acts in a request."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    WORKER = "worker"
    OFFICE = "office"
    ADMIN = "admin"


class Right(StrEnum):
    """What is done, named so that a page and a rule ask the same question."""

    CAPTURE = "capture"
    ASK = "ask"
    REVIEW = "review"
    RELEASE = "release"
    SEND = "send"
    MANAGE_JOBS = "manage_jobs"
    MANAGE_CUSTOMERS = "manage_customers"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_COMPANY = "manage_company"
    READ_LOGBOOK = "read_logbook"


_WORKER = frozenset({Right.CAPTURE, Right.ASK})
_OFFICE = _WORKER | {
    Right.REVIEW,
    Right.RELEASE,
    Right.SEND,
    Right.MANAGE_JOBS,
    Right.MANAGE_CUSTOMERS,
    Right.MANAGE_PEOPLE,
    Right.READ_LOGBOOK,
}
RIGHTS = {Role.WORKER: _WORKER, Role.OFFICE: _OFFICE, Role.ADMIN: frozenset(Right)}


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts: a signed-in person, or the firm's own machine when `role` is None.

    `cache_key` is opaque and new at each sign-in; caches on the phone carry it.
    """

    id: UUID | None
    company_id: UUID
    name: str
    role: Role | None
    session_id: UUID | None = None
    cache_key: str = ""
    language: str = "de"
    workers_release: bool = False

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    @property
    def at_desk(self) -> bool:
        return self.role in (Role.OFFICE, Role.ADMIN)

    def may(self, right: Right | str) -> bool:
        """Say whether this role holds the right; a worker may release only where the company allows it."""
        if self.role is None:
            return False
        if self.role is Role.WORKER and right == Right.RELEASE:
            return self.workers_release
        return right in RIGHTS[self.role]


def system(company_id: UUID) -> Actor:
    """Return the actor of what happens by itself (a webhook, a deadline)."""
    return Actor(None, company_id, "Zollstock", None)


@dataclass(frozen=True, slots=True)
class User:
    id: UUID
    company_id: UUID
    login: str
    name: str
    role: Role
    language: str
    created_at: datetime
    disabled_at: datetime | None

    @property
    def active(self) -> bool:
        return self.disabled_at is None
