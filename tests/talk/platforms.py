"""The firm's account at each platform of the sandbox, and Petra's chat with it, known to the office."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, cast

from server.actions import channels, consents, conversations, customers, inbox
from server.channels.base import Pulled, Pulling
from server.channels.threema import crypto as crypto
from server.db import accounts
from server.db import conversations as threads
from server.domain.accounts import Account
from server.domain.consents import Proof
from server.domain.customers import ContactDraft
from server.domain.evidence import Evidence
from server.domain.wordings import Topic
from server.sandbox.customer import Customer
from tests.channels import mails, telegram_lines, threema_lines
from tests.talk.test_messenger import with_page
from tests.talks import Firm

OWN = "+4915112345678"


@dataclass(frozen=True, slots=True)
class Line:
    """One way to Petra; `faults` is the name under which accidents of its sends are ordered.

    `hears` False: nothing she writes comes to the firm by this way.
    """

    channel: str
    petra: Customer
    faults: str
    hears: bool = True


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


async def _threema_basic(firm: Firm) -> Customer:
    """Open an account without a key: texts only, nothing ever comes back, and Petra is found by her number."""
    typed = threema_lines.BASIC
    await consents.grant(
        firm.office, firm.contact, Topic("threema"), Evidence(Proof.SIGNATURE), at=firm.clock.at
    )
    return await _opened(
        firm, "threema", typed, own_id=typed["gateway_id"], token=typed["api_secret"], secret=""
    )


async def _telegram(firm: Firm) -> Customer:
    typed = telegram_lines.SETTINGS
    return await _opened(
        firm, "telegram", typed, own_id=typed["bot_name"], token=typed["bot_token"], secret=typed["webhook_secret"]
    )  # fmt: skip


async def _signal(firm: Firm) -> Customer:
    firm.sandbox.signal.outlet.mode = "normal"  # it is asked over HTTP, so that no socket is needed
    petra = await _opened(
        firm, "signal", {"number": OWN}, own_id=OWN, display=OWN, token="sandbox-signal", secret=""
    )

    async def fetch() -> None:
        account, line = await _line(firm, "signal")
        async with aclosing(line):
            pulled = await anext(line)
        if pulled.body:
            await inbox.keep(account, pulled, at=firm.clock.at)

    firm.fetchers.append(fetch)
    return petra


async def email(firm: Firm, **settings: str) -> Customer:
    """Open the mailbox; Petra's address stands in the book."""
    await firm.sandbox.open()
    firm.closers.append(firm.sandbox.close)
    far = firm.sandbox.email
    bases = {"smtp_url": far.smtp_url, "imap_url": far.imap_url}
    _set(firm, bases)
    draft = ContactDraft("Petra Müller", "0151 23456789", "Petra@Kunde.example")
    firm.contact = await customers.change_contact(firm.office, firm.contact, draft, at=firm.clock.at)
    typed = mails.SETTINGS | settings
    petra = await _opened(firm, "email", typed, own_id=mails.ADDRESS, token=typed["password"], secret="")
    seen = 0

    async def fetch() -> None:
        nonlocal seen
        there = len(far.folders_of(petra.account)["INBOX"].mails)
        account, line = await _line(firm, "email")
        if there == seen and await accounts.cursor_of(firm.company_id, account.id):
            return
        async with aclosing(line):
            while True:
                pulled = await anext(line)
                await inbox.keep(account, pulled, at=firm.clock.at)
                seen += bool(pulled.body)
                if seen == there:
                    return

    await fetch()
    firm.fetchers.append(fetch)
    return petra


async def _line(firm: Firm, kind: str) -> tuple[Account, AsyncGenerator[Pulled, None]]:
    account = await accounts.usable(firm.company_id, kind)
    assert account
    channel = channels.open_channel(firm.services, account)
    assert isinstance(channel, Pulling)
    cursor = await accounts.cursor_of(firm.company_id, account.id)
    return account, cast(AsyncGenerator[Pulled, None], channel.pull(cursor))


def _set(firm: Firm, bases: Mapping[str, str]) -> None:
    firm.services = replace(firm.services, settings=replace(firm.services.settings, **bases))  # type: ignore[arg-type]
    firm.app.state.services = firm.services


async def _opened(firm: Firm, kind: str, typed: Mapping[str, str], **account: Any) -> Customer:
    if kind != "email":
        _set(firm, {f"{kind}_base": f"http://sandbox/{kind}"})
    made = await channels.set_up(firm.services, firm.office, kind, label="", typed=typed, at=firm.clock.at)
    known = {"display": "Fliesen Berger"} | account
    firm.sandbox.add_account(
        kind, kind=kind, name="Fliesen Berger", hook_path=f"/hooks/{kind}/{made.id}", **known
    )  # fmt: skip
    return firm.sandbox.customer("petra", kind)


PLATFORMS: dict[str, Callable[[Firm], Awaitable[Customer]]] = {
    "email": email,
    "signal": _signal,
    "whatsapp": _whatsapp,
    "messenger": _messenger,
    "telegram": _telegram,
    "threema": _threema,
    "threema_basic": _threema_basic,
}
# Those that are a channel under another name, and tell the firm nothing.
DEAF = {"threema_basic": "threema"}


async def line(firm: Firm, kind: str) -> Line:
    """Connect the platform, let Petra write first, and let the office say who she is; again is the same line."""
    if kind in firm.lines:
        return cast(Line, firm.lines[kind])
    petra = await PLATFORMS[kind](firm)
    if kind in DEAF:
        channel = DEAF[kind]
        firm.lines[kind] = Line(channel, petra, f"{channel}.messages", hears=False)
        return cast(Line, firm.lines[kind])
    petra.write("Guten Tag")
    await firm.work()
    for stranger in (await threads.search(firm.company_id, strangers=True)).items:
        await conversations.assign(firm.office, stranger, firm.contact, at=firm.clock.at)
    firm.lines[kind] = Line(kind, petra, "messages" if kind == "whatsapp" else f"{kind}.messages")
    return cast(Line, firm.lines[kind])
