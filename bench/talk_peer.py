"""The peer of the webhook's door: an empty Starlette route that commits one row before it answers."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.db.sqlite import WRITER, connect


def process() -> Starlette:
    """Return the application; its database is the file PEER_DB, as durable as ours."""
    return Starlette(
        routes=[
            Route("/hook", receive, methods=["POST"]),
            Route("/readyz", lambda request: PlainTextResponse("ok")),
        ],
        lifespan=lifespan,
    )


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    database = await connect(os.environ["PEER_DB"], WRITER)
    await database.execute("CREATE TABLE IF NOT EXISTS raw (id INTEGER PRIMARY KEY, body BLOB)")
    app.state.database, app.state.writing = database, asyncio.Lock()
    yield
    await database.close()


async def receive(request: Request) -> Response:
    database = request.app.state.database
    raw = await request.body()
    async with request.app.state.writing:
        await database.execute("INSERT INTO raw (body) VALUES (?)", (raw,))
    return PlainTextResponse("ok")
