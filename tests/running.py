"""The whole application in this process, driven by httpx without a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from starlette.applications import Starlette

from server.app import create_app
from server.settings import from_environment

ADDRESS = "http://zollstock.test"


@asynccontextmanager
async def running(folder: Path, database_url: str, **settings: str) -> AsyncIterator[Starlette]:
    """Start the application on a migrated database and end it in order; `settings` as in the environment."""
    environment = {"ZOLLSTOCK_BASE_URL": ADDRESS, "ZOLLSTOCK_DATABASE_URL": database_url} | settings
    app = create_app(from_environment(environment, data=folder))
    async with app.router.lifespan_context(app):
        yield app


def browser(app: Starlette, token: str | None = None) -> httpx.AsyncClient:
    """Return a browser on our own pages, signed in with a session's secret or not at all."""
    cookies = {"zollstock": token} if token else None
    headers = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html"}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers, cookies=cookies)


def program(app: Starlette, token: str) -> httpx.AsyncClient:
    """Return a program with a bearer token."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {token}"}
    return httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers)
