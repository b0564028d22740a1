"""The firm's account at each platform of the sandbox, and Petra's chat with it, known to the office."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from server.actions import channels, conversations
from server.channels import threema_crypto as crypto
from server.db import conversations as threads
from server.sandbox.customer import Customer
from tests.channels import telegram_lines, threema_lines
from tests.talk.test_messenger import with_page
from tests.talks import Firm


@dataclass(frozen=True, slots=True)
class Line:
    """One way to Petra; `faults` is the name under which accidents of its sends are ordered."""

    channel: str
    petra: Customer
    faults: str


async def _whatsapp(firm: Firm) -> Customer:
    return firm.petra


async def _messenger(firm: Firm) -> Customer:
    return (await with_page(firm))[1]


async def _threema(firm: Firm) -> Customer:
    typed = threema_lines.SETTINGS
    secret = crypto.public_of(threema_lines.PRIVATE).hex()
    return await _opened(
        firm, "threema", typed, own_id=typed["gateway_id"], token=typed["api_secret"], secret=secret
    )


async def _telegram(firm: Firm) -> Customer:
    typed = telegram_lines.SETTINGS
    return await _opened(
        firm, "telegram", typed, own_id=typed["bot_name"], token=typed["bot_token"], secret=typed["webhook_secret"]
    )  # fmt: skip


async def _opened(firm: Firm, kind: str, typed: Mapping[str, str], **account: Any) -> Customer:
    settings = replace(firm.services.settings, **{f"{kind}_base": f"http://sandbox/{kind}"})  # type: ignore[arg-type]
    firm.services = replace(firm.services, settings=settings)
    firm.app.state.services = firm.services
    made = await channels.set_up(firm.services, firm.office, kind, label="", typed=typed, at=firm.clock.at)
    firm.sandbox.add_account(
        kind, kind=kind, name="Fliesen Berger", display="Fliesen Berger", hook_path=f"/hooks/{kind}/{made.id}", **account
    )  # fmt: skip
    return firm.sandbox.customer("petra", kind)


PLATFORMS: dict[str, Callable[[Firm], Awaitable[Customer]]] = {
    "whatsapp": _whatsapp,
    "messenger": _messenger,
    "telegram": _telegram,
    "threema": _threema,
}


async def line(firm: Firm, kind: str) -> Line:
    """Connect the platform, let Petra write first, and let the office say who she is."""
    petra = await PLATFORMS[kind](firm)
    petra.write("Guten Tag")
    await firm.work()
    for stranger in (await threads.search(firm.company_id, strangers=True)).items:
        await conversations.assign(firm.office, stranger, firm.contact, at=firm.clock.at)
    return Line(kind, petra, "messages" if kind == "whatsapp" else f"{kind}.messages")
