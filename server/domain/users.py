"""Who may do what. The three roles of a firm, and the one who acts in a request."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from server.domain.devices import Order
from server.domain.errors import Forbidden, Invalid


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

    `cache_key` is opaque and new at each sign-in; caches on the phone carry it. `device_id` is the phone he acts
    from, `order` what the office told it and it has not obeyed yet: such a phone sends, but opens no pages.
    """

    id: UUID | None
    company_id: UUID
    name: str
    role: Role | None
    session_id: UUID | None = None
    cache_key: str = ""
    language: str = "de"
    workers_release: bool = False
    device_id: UUID | None = None
    order: Order | None = None

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


def require(actor: Actor, right: Right) -> None:
    """Raise Forbidden unless the actor holds the right; the machine and the operator's commands always may."""
    if actor.role is not None and not actor.may(right):
        raise Forbidden("role.not_allowed")


def require_rank(actor: Actor, role: Role) -> None:
    """Raise Forbidden unless the actor may manage people of this role.

    Who can make a sign-in link for somebody can act as him: the office reaches workers, only the head everybody.
    """
    require(actor, Right.MANAGE_PEOPLE)
    if actor.role is Role.OFFICE and role is not Role.WORKER:
        raise Forbidden("role.not_allowed")


_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")


def checked_login(typed: str) -> str:
    """Return the login in its one form. Raises Invalid("user.login")."""
    login = typed.strip().lower()
    if not _LOGIN.fullmatch(login):
        raise Invalid("user.login", field="login")
    return login


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
