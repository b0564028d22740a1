"""The whole application without a network: a site, and clients that speak for its people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from server.actions.sessions import open_session
from server.app import create_app
from server.db import users
from server.db.connect import Database
from server.domain.sessions import SessionKind
from server.domain.users import Actor
from tests.sites import AT, Site, build


@dataclass(frozen=True, slots=True)
class World:
    """The application around a site; `client(actor)` speaks with that person's bearer token."""

    site: Site
    app: Starlette
    tokens: dict[str, str]

    def client(self, actor: Actor | None, **headers: str) -> httpx.AsyncClient:
        if actor:
            headers["Authorization"] = f"Bearer {self.tokens[str(actor.id)]}"
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        return httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    site = await build(database, tmp_path)
    app = create_app(site.services.settings)
    app.state.services = site.services
    tokens = {}
    for actor in (site.worker, site.colleague, site.office, site.stranger):
        assert actor.id
        user = await users.by_id(actor.company_id, actor.id)
        assert user
        tokens[str(actor.id)] = (await open_session(user, SessionKind.TOKEN, "test", at=AT)).token
    yield World(site, app, tokens)
    await site.services.images.close()
    await site.services.http.aclose()


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch, database: Database) -> list[str]:
    """Return the list of statements run outside units from now on."""
    seen: list[str] = []
    client: Any = database.context.db()
    original = type(client).execute_query

    async def counted(self: Any, query: str, values: list[Any] | None = None) -> Any:
        seen.append(query)
        return await original(self, query, values)

    monkeypatch.setattr(type(client), "execute_query", counted)
    return seen
