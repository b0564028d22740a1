"""The demo's server: the application with the sandbox beside it, and the customers' first words."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.routing import Mount

from server import clock
from server.actions import releases
from server.app import create_app, process_settings
from server.db import channels, companies, customers, messages
from server.db import questions as questions_db
from server.db import users as users_db
from server.demo.cast import ASKS, CLIENTS, COMPANY, FIRST_WORDS, PEOPLE, Ask
from server.demo.fill import NUMBER_ID, SECRET, TOKEN
from server.domain.accounts import Account
from server.domain.customers import Contact
from server.domain.questions import Question, QuestionState
from server.domain.users import Actor
from server.sandbox.app import Sandbox, create_sandbox
from server.services import Services
from server.settings import Settings
from server.web import static
from server.web.render import environment

PATIENCE_S = 30.0


def process() -> Starlette:
    """Factory for the demo's server process."""
    return demo_app(process_settings())


def demo_app(settings: Settings) -> Starlette:
    """Return the application with the sandbox mounted and its people on the phone."""
    own_address = settings.graph_base.removesuffix("/sandbox/graph")
    sandbox = create_sandbox(deliver=own_address, clock=clock.now, render=_render(static.load()))
    sandbox.world.address = f"{own_address}/sandbox"
    app = create_app(settings, extra=[Mount("/sandbox", sandbox.app)])
    inner = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[None]:
        async with inner(running):
            play = asyncio.create_task(_play(running, sandbox))
            try:
                yield
            finally:
                play.cancel()

    app.router.lifespan_context = lifespan
    app.state.sandbox = sandbox
    return app


def _render(assets: static.Assets) -> Callable[..., str]:
    return lambda name, **values: environment("de").get_template(name).render(static_url=assets.url, **values)


async def _play(app: Starlette, sandbox: Sandbox) -> None:
    """Put everybody on the phone; in a new demo let the two conversations happen through the real doors."""
    services: Services = app.state.services
    company = await companies.by_name_or_id(COMPANY)
    assert company is not None, "the demo was filled before it is served"
    account = (await channels.of_company(company.id))[0]
    sandbox.add_account(
        str(account.id),
        name=company.name,
        own_id=NUMBER_ID,
        display="+4922147100",
        token=TOKEN,
        secret=SECRET,
    )
    people = [contact for contact, _ in await customers.contacts(company.id)]
    for contact in people:
        person = sandbox.add_person(str(contact.id), contact.name, contact.phone)
        # The sandbox forgets at a restart; that somebody has written, and so may be answered, it must know.
        chat = sandbox.world.chat(sandbox.world.accounts[str(account.id)], person)
        chat.last_in_at = await messages.last_inbound_at(company.id, account.id, contact.id)
    if not await messages.awaiting_office(company.id) and not await _spoken(people, account):
        await _first_day(services, sandbox, account, people)


async def _spoken(people: list[Contact], account: Account) -> bool:
    spoken = [
        await messages.last_inbound_at(account.company_id, account.id, contact.id) for contact in people
    ]
    return any(spoken)


async def _first_day(services: Services, sandbox: Sandbox, account: Account, people: list[Contact]) -> None:
    for contact, words in zip(people, _first_words(people), strict=True):
        if words:
            sandbox.customer(str(contact.id), str(account.id)).write(words)
    for ask in ASKS:
        question = await _asked(account, ask) if ask.sent else None
        if question is not None:
            await _talk(services, sandbox, account, question, ask.answer)


async def _talk(
    services: Services, sandbox: Sandbox, account: Account, question: Question, answer: str | None
) -> None:
    """Release a question once its customer has written, and let him look at it and maybe answer."""
    assert question.contact_id is not None
    contact_id = question.contact_id
    customer = sandbox.customer(str(contact_id), str(account.id))

    async def heard() -> bool:
        return await messages.last_inbound_at(account.company_id, account.id, contact_id) is not None

    async def shown() -> bool:
        return any(bubble.buttons for bubble in customer.bubbles)

    await _until(heard)
    await releases.release(await _office(account), question, photos_too=True, at=services.clock())
    await _until(shown)
    customer.look()
    for bubble in customer.bubbles:
        for key, title in bubble.buttons:
            if title == answer:
                customer.tap(bubble.id, key)


def _first_words(people: list[Contact]) -> list[str]:
    by_name = {client.contact: FIRST_WORDS.get(client.key, "") for client in CLIENTS}
    return [by_name.get(contact.name, "") for contact in people]


async def _office(account: Account) -> Actor:
    login = next(person.login for person in PEOPLE if person.role == "office")
    found = await users_db.by_login(login)
    assert found is not None
    return Actor(found.id, account.company_id, found.name, found.role)


async def _asked(account: Account, ask: Ask) -> Question | None:
    waiting = await questions_db.of_company(account.company_id, states=[QuestionState.WAITING_RELEASE])
    return next((question for question in waiting.items if question.text == ask.text), None)


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something has happened; the demo goes on without it after a while."""
    for _ in range(int(PATIENCE_S / 0.2)):
        if await true():
            return
        await asyncio.sleep(0.2)
