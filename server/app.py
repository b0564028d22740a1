"""The application: routes, middleware, and a life from the first connection to the last drained task."""

import asyncio
import ctypes
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import FrameType
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from server import api, archive, clock, pages
from server.db.connect import open_database
from server.imaging.box import ImageBox
from server.log import start_logging
from server.services import Services, read_secrets
from server.settings import Settings, from_environment
from server.storage import open_storage
from server.storage.base import in_thread
from server.storage.parts import Parts
from server.web import static, strangers
from server.web.collect import routes_of
from server.web.errors import HANDLERS, LastNet
from server.web.middleware import SameOrigin, SecureHeaders
from server.web.routing import Who, route
from server.worker import loop

NETWORK_TIMEOUT_S = 20.0


def create_app(settings: Settings | None = None, *, extra: list[BaseRoute] | None = None) -> Starlette:
    """Build the application; the database must be migrated. `extra` mounts the sandbox in demo and tests."""
    settings = settings or from_environment()
    routes: list[BaseRoute] = [
        route("/static/v-{version}/{path:path}", static.asset, who=Who.ANYONE),
        *routes_of(api),
        *routes_of(pages),
        *(extra or []),
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecureHeaders, secure=settings.secure),
            Middleware(SameOrigin),
            Middleware(LastNet),
        ],
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
    app.state.settings = settings
    app.state.assets = static.load()
    app.state.stopping = asyncio.Event()
    strangers.watch(app)
    return app


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """Open the services, run the worker beside the requests on SQLite, and end both in order."""
    stopping: asyncio.Event = app.state.stopping
    restore = chain_signals(stopping)
    async with open_services(app.state.settings) as services:
        app.state.services = services
        embedded = services.database.kind == "sqlite"
        worker = asyncio.create_task(loop.run(services, stopping)) if embedded else None
        letting_go = asyncio.create_task(_let_go(services, stopping))
        try:
            yield
        finally:
            stopping.set()
            await letting_go
            if worker is not None:
                await worker
            restore()


async def _let_go(services: Services, stopping: asyncio.Event) -> None:
    """End running uploads when the server is asked to end; what came of them is kept, and the phones resume."""
    await stopping.wait()
    await services.parts.take_over_all()


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open everything actions work with; close it in reverse."""
    settings.data.mkdir(parents=True, exist_ok=True)
    await in_thread(archive.clear_broken_off, settings.data)
    database = await open_database(settings.database_url)
    images = ImageBox()
    async with httpx.AsyncClient(timeout=NETWORK_TIMEOUT_S, follow_redirects=False) as http:
        try:
            yield Services(
                settings=settings,
                database=database,
                storage=open_storage(settings.storage_url),
                parts=Parts(settings.data / "parts"),
                images=images,
                http=http,
                clock=clock.now,
                secrets=read_secrets(settings.secret_file),
            )
        finally:
            await images.close()
            await database.close()


def chain_signals(stopping: asyncio.Event) -> Any:
    """Set `stopping` on SIGTERM and SIGINT before the server's own handler runs.

    Neither granian nor uvicorn ends while an endless answer is open (engines.md §7); those watch the event.
    Returns a function that puts the former handlers back.
    """
    running = asyncio.get_running_loop()
    former: dict[int, Any] = {}

    def chained(number: int, frame: FrameType | None) -> None:
        running.call_soon_threadsafe(stopping.set)
        previous = former.get(number)
        if callable(previous):
            previous(number, frame)

    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            former[number] = signal.signal(number, chained)
    except ValueError:  # not the main thread (tests): whoever runs us sets the event himself
        return lambda: None

    def restore() -> None:
        for number, previous in former.items():
            signal.signal(number, previous)

    return restore


def die_with_parent() -> None:
    """Ask the kernel to kill this process when its parent dies, so that a killed server leaves nobody behind."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def process_settings() -> Settings:
    """Begin the server process that `zollstock serve` starts: its settings come by the environment."""
    die_with_parent()
    settings = from_environment()
    start_logging(settings.log_level)
    return settings


def process() -> Starlette:
    """Factory for the server process."""
    return create_app(process_settings())
