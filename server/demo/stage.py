"""The demo's server: the application with the sandbox beside it, and the customers' first words."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from server import clock
from server.actions import checkups
from server.app import create_app, open_services, process_settings
from server.db import accounts as accounts_db
from server.db import companies, conversations, customers
from server.demo.cast import COMPANY
from server.demo.handsets import hand_out
from server.demo.lines import approve, connect
from server.demo.story import Story, StoryClock
from server.domain.accounts import Account
from server.sandbox.app import Sandbox, create_sandbox
from server.services import Services
from server.settings import Settings
from server.web import static
from server.web.render import environment

log = logging.getLogger(__name__)


def process() -> Starlette:
    """Factory for the demo's server process."""
    return demo_app(process_settings())


def demo_app(settings: Settings) -> Starlette:
    """Return the application with the sandbox mounted and its people on the phone."""
    own_address = settings.graph_base.removesuffix("/sandbox/graph")
    story_clock = StoryClock(clock.now)
    sandbox = create_sandbox(
        deliver=own_address,
        clock=story_clock,
        seed=time.time_ns(),  # names given in an earlier run must not be given again
        render=_render(static.load()),
    )
    sandbox.world.address = f"{own_address}/sandbox"
    app = create_app(settings, extra=[Mount("/sandbox", sandbox.app)])
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[None]:
        await sandbox.open()
        try:
            running.state.settings = with_mail = replace(
                settings, smtp_url=sandbox.email.smtp_url, imap_url=sandbox.email.imap_url
            )
            async with open_services(with_mail) as services:
                await _furnish(services, sandbox)
            async with inner(running):
                play = asyncio.create_task(_play(running.state.services, sandbox, story_clock))
                play.add_done_callback(_note)
                try:
                    yield
                finally:
                    play.cancel()
        finally:
            await sandbox.close()

    app.router.lifespan_context = lifespan
    app.state.sandbox = sandbox
    return app


def _render(assets: static.Assets) -> Callable[..., str]:
    return lambda name, **values: environment("de").get_template(name).render(static_url=assets.url, **values)


async def _furnish(services: Services, sandbox: Sandbox) -> None:
    """Tell the sandbox whose accounts and phones there are, before anybody here calls it."""
    accounts = await _accounts()
    approve(sandbox)
    for account in accounts:
        connect(services, sandbox, account)
    await hand_out(sandbox, accounts, at=services.clock())


async def _play(services: Services, sandbox: Sandbox, story_clock: StoryClock) -> None:
    """Have the accounts checked; in a new demo let the first conversations happen through the real doors."""
    accounts = await _accounts()
    await _reachable(services)
    await checkups.check_all(services)
    company_id = accounts[0].company_id
    if not (await conversations.search(company_id)).items:
        people = [contact for contact, _ in await customers.contacts(company_id)]
        await Story(services, sandbox, story_clock, accounts, people).tell()


def _note(play: asyncio.Task[None]) -> None:
    """Write down why the first hours could not be told; the demo goes on without them."""
    failure = None if play.cancelled() else play.exception()
    if failure:
        log.error("the demo's first hours are missing", exc_info=failure)


async def _accounts() -> list[Account]:
    company = await companies.by_name_or_id(COMPANY)
    assert company is not None, "the demo was filled before it is served"
    return await accounts_db.of_company(company.id)


async def _reachable(services: Services) -> None:
    """Return when our own door answers: the messengers live behind it."""
    for _ in range(100):
        try:
            await services.http.get(f"{services.settings.signal_base}/v1/about")
        except httpx.TransportError:
            await asyncio.sleep(0.1)
        else:
            return
