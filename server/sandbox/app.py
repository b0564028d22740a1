"""One application that plays the messengers' side: their doors, the customers' phones and the tests' levers.

To be mounted at any prefix. It never runs beside real accounts: a token must hold the word `sandbox-`.
"""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette

from server.sandbox.control import Control
from server.sandbox.customer import Customer
from server.sandbox.email.platform import EmailPlatform
from server.sandbox.messenger.platform import MessengerPlatform
from server.sandbox.phone import PhonePages, Render
from server.sandbox.platform import Opens, Platform, is_play
from server.sandbox.postman import Deliver, Postman, over_http
from server.sandbox.signal.platform import SignalPlatform
from server.sandbox.telegram.platform import TelegramPlatform
from server.sandbox.threema.platform import ThreemaPlatform
from server.sandbox.whatsapp.platform import WhatsappPlatform
from server.sandbox.whatsapp.rules import Approved
from server.sandbox.world import Account, Fault, Person, Whims, World

TEMPLATES = Path(__file__).parents[2] / "templates"
# Messenger first: it shares the Graph's addresses with WhatsApp and takes only those of its own pages.
PLATFORMS: tuple[Callable[[World, Postman], Platform], ...] = (
    MessengerPlatform,
    SignalPlatform,
    WhatsappPlatform,
    TelegramPlatform,
    ThreemaPlatform,
    EmailPlatform,
)


class Sandbox:
    """The handle on a running sandbox; `app` is what is mounted."""

    def __init__(
        self, deliver: Deliver | str, clock: Callable[[], datetime], seed: int, render: Render
    ) -> None:
        self.world = World(clock, seed)
        self.postman = Postman(self.world, over_http(deliver) if isinstance(deliver, str) else deliver)
        made = [platform(self.world, self.postman) for platform in PLATFORMS]
        self.platforms: dict[str, Platform] = {platform.kind: platform for platform in made}
        pages = PhonePages(self.world, self.platforms, render)
        control = Control(self.world, self.platforms, self.postman)
        doors = [route for platform in made for route in platform.routes]
        self.app = Starlette(routes=[*doors, *pages.routes, *control.routes])

    @property
    def whatsapp(self) -> WhatsappPlatform:
        return cast(WhatsappPlatform, self.platforms["whatsapp"])

    @property
    def email(self) -> EmailPlatform:
        return cast(EmailPlatform, self.platforms["email"])

    @property
    def signal(self) -> SignalPlatform:
        return cast(SignalPlatform, self.platforms["signal"])

    async def open(self) -> None:
        """Start what listens on sockets of its own."""
        for platform in self.platforms.values():
            if isinstance(platform, Opens):
                await platform.open()

    async def close(self) -> None:
        for platform in self.platforms.values():
            if isinstance(platform, Opens):
                await platform.close()

    def add_account(
        self,
        key: str,
        *,
        kind: str = "whatsapp",
        name: str,
        own_id: str,
        display: str,
        token: str,
        secret: str,
        hook_path: str | None = None,
    ) -> Account:
        """Open an account at a platform; webhooks go to `/hooks/{kind}/{key}` by default. Raises ValueError for a real token."""
        if not is_play(token):
            raise ValueError("a sandbox takes only tokens with the word sandbox-")
        where = hook_path or f"/hooks/{kind}/{key}"
        account = Account(key, kind, name, own_id, display, token, secret, where)
        self.world.accounts[key] = account
        return account

    def add_person(
        self, key: str, name: str, phone: str, *, hides_number: bool = False, apps: tuple[str, ...] = ()
    ) -> Person:
        """Give somebody a phone (E.164) with these messengers, all if none is named; its page is `/phone/{key}`."""
        return self.world.add_person(key, name, phone, hides_number=hides_number, apps=apps)

    def add_template(
        self,
        name: str,
        text: str,
        *,
        language: str = "de",
        header_image: bool = False,
        buttons: tuple[str, ...] = (),
        state: str = "APPROVED",
        category: str = "UTILITY",
        reason: str = "NONE",
    ) -> None:
        """Let the platform know a template; `text` has {{1}} … for its variables, `reason` is why it was rejected."""
        made = Approved(name, language, text, header_image, buttons, state, category=category, reason=reason)
        self.whatsapp.templates.append(made)

    def customer(self, person: str, account: str) -> Customer:
        """Return the person's hands, for demo stories and tests; raises KeyError for unknown keys."""
        known = self.world.accounts[account]
        return Customer(self.world, self.platforms[known.kind], known, self.world.people[person])

    def set_fault(self, call: str, fault: Fault, count: int = 1) -> None:
        self.world.set_fault(call, fault, count)

    def set_whims(self, whims: Whims) -> None:
        self.world.whims = whims

    async def advance(self, seconds: float) -> None:
        """Turn the clock and carry what has become due."""
        self.world.advance(seconds)
        await self.postman.carry()

    async def settle(self) -> None:
        """Return when every webhook that is due has been carried."""
        await self.postman.settle()


def create_sandbox(
    *, deliver: Deliver | str, clock: Callable[[], datetime], seed: int = 1, render: Render | None = None
) -> Sandbox:
    """Return a sandbox; `deliver` is the firm's address or a function, `render` (template, **values) → HTML."""
    return Sandbox(deliver, clock, seed, render or _own_render())


def _own_render() -> Render:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, auto_reload=False
    )
    environment.globals |= {"_": str, "static_url": lambda path: f"/static/{path}"}
    return lambda name, **values: environment.get_template(name).render(**values)
