"""A company with one of each role, its application, and browsers of its people."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from server.clock import now
from server.db.connect import Database, Kind
from server.db.postgres import PostgresClient
from server.db.sqlite import SqliteClient
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


@pytest.fixture
def statements(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return a look at every statement sent to the database so far; counting is all that is changed."""
    sent: list[str] = []
    client = SqliteClient if kind == "sqlite" else PostgresClient
    for name in ("execute_query", "execute_query_dict"):
        original = getattr(client, name)

        async def counted(self: Any, query: str, values: Any = None, _original: Any = original) -> Any:
            sent.append(query)
            return await _original(self, query, values)

        monkeypatch.setattr(client, name, counted)
    return lambda: sent
