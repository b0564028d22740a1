"""A company with one of each role, its application, and browsers of its people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette

from server.clock import now
from server.db.connect import Database
from server.domain.companies import Company
from server.domain.users import Actor, Role, User
from tests import factories
from tests.running import browser, running
from tests.talks import Firm, open_firm


@dataclass(frozen=True, slots=True)
class House:
    """`browsers` are signed in and named by role; nobody is signed in with `guest`."""

    app: Starlette
    company: Company
    users: dict[Role, User]
    browsers: dict[Role, httpx.AsyncClient]
    guest: httpx.AsyncClient

    @property
    def worker(self) -> httpx.AsyncClient:
        return self.browsers[Role.WORKER]

    @property
    def office(self) -> httpx.AsyncClient:
        return self.browsers[Role.OFFICE]

    @property
    def admin(self) -> httpx.AsyncClient:
        return self.browsers[Role.ADMIN]

    def acting(self, role: Role) -> Actor:
        return factories.acting(self.users[role])


@pytest.fixture
async def house(database_url: str, tmp_path: Path) -> AsyncIterator[House]:
    names = {Role.WORKER: "Ali Demir", Role.OFFICE: "Sabine Koch", Role.ADMIN: "Karl Berger"}
    async with running(tmp_path / "data", database_url) as app:
        company = await factories.company()
        users = {role: await factories.user(company, role, name) for role, name in names.items()}
        tokens = {role: await factories.token(user, now()) for role, user in users.items()}
        browsers = {role: browser(app, token) for role, token in tokens.items()}
        guest = browser(app)
        try:
            yield House(app, company, users, browsers, guest)
        finally:
            for client in (*browsers.values(), guest):
                await client.aclose()


@pytest.fixture
async def firm(database: Database, tmp_path: Path) -> AsyncIterator[Firm]:
    """Yield a firm that talks: the application with the sandbox at the other end of the line."""
    async with open_firm(database, tmp_path) as opened:
        yield opened
        assert opened.failures == []
