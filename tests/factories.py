"""Things for tests, made by the same actions the application uses."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from server.actions import companies, customers, jobs, sessions, users
from server.clock import now
from server.domain.companies import HOME, Company
from server.domain.customers import Contact, ContactDraft, Customer, CustomerDraft
from server.domain.jobs import Job, JobDraft
from server.domain.sessions import SessionKind
from server.domain.users import Actor, Role, User, system

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "Kelle-Wasserwaage-7"
_numbers = itertools.count(1)


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, at: datetime = START) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at

    def go(self, **span: float) -> datetime:
        self.at += timedelta(**span)
        return self.at


def today() -> date:
    """Return the firm's day, which is ahead of UTC's for an hour or two every night."""
    return now().astimezone(HOME).date()


async def company(name: str = "Fliesen Berger") -> Company:
    return await companies.found(name, at=START)


async def user(company: Company, role: Role = Role.WORKER, name: str = "Ali Demir", login: str = "") -> User:
    login = login or f"person{next(_numbers)}"
    return await users.invite(system(company.id), login=login, name=name, role=role, at=START)


def acting(user: User, session_id: UUID | None = None) -> Actor:
    """Return the actor a person is without a browser."""
    return Actor(user.id, user.company_id, user.name, user.role, session_id)


async def actor(company: Company, role: Role = Role.OFFICE, name: str = "Sabine Koch") -> Actor:
    return acting(await user(company, role, name))


async def token(user: User, at: datetime = START) -> str:
    """Return the secret of a signed-in browser of this person."""
    return (await sessions.open_session(user, SessionKind.BROWSER, "Testbrowser", at=at)).token


async def customer(actor: Actor, name: str = "Familie Müller", **fields: Any) -> Customer:
    return await customers.create(actor, CustomerDraft(name, **fields), at=START)


async def contact(
    actor: Actor,
    customer: Customer,
    name: str = "Petra Müller",
    phone: str = "0151 23456789",
    email: str = "",
) -> Contact:
    return await customers.add_contact(actor, customer, ContactDraft(name, phone, email), at=START)


async def job(actor: Actor, title: str = "Bad Müller, Fliesen", *members: UUID, **fields: Any) -> Job:
    return await jobs.open_job(actor, JobDraft(title, **fields), member_ids=members, at=START)
