"""Signal in the whole application: listened to by a puller, kept, answered, and its losses named."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import httpx
import pytest
from granian.constants import Interfaces
from granian.server.embed import Server

from server.actions import channels
from server.channels.signal import line as signal_line
from server.db import messages as messages_db
from server.db.sql import rows
from server.domain.accounts import Account
from server.domain.identities import IdentityKind
from server.sandbox.customer import Customer
from server.worker import pullers
from tests.ports import free_port
from tests.talks import PETRA, Firm

OWN = "+4915112345678"
PATIENCE_S = 20.0


class Signals:
    """The firm's Signal account, beside what it has."""

    def __init__(self, firm: Firm, account: Account) -> None:
        self.firm, self.account = firm, account
        self.far = firm.sandbox.signal

    @property
    def petra(self) -> Customer:
        return self.firm.sandbox.customer("petra", "signal")

    async def raws(self) -> int:
        found = await rows("SELECT id FROM raw_event WHERE account_id = ?", _id(self.account))
        return len(found)

    async def kept(self, count: int) -> None:
        """Return when so many events are stored."""

        async def enough() -> bool:
            return await self.raws() >= count

        await until(enough)

    async def listened(self) -> None:
        async def heard() -> bool:
            return self.far.outlet.listeners == 1

        await until(heard)

    @asynccontextmanager
    async def pulling(self) -> AsyncIterator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(pullers.run(self.firm.services, stop))
        try:
            await self.listened()
            yield
        finally:
            stop.set()
            await asyncio.wait_for(task, PATIENCE_S)


def _id(account: Account) -> object:
    return account.id


async def until(reached: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not await reached():
            await asyncio.sleep(0.01)


@pytest.fixture
async def signals(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Signals]:
    monkeypatch.setattr(pullers, "LONGEST_PAUSE_S", 0.05)
    monkeypatch.setattr(signal_line, "HEARTBEAT_S", 0.2)
    port = free_port()
    server = Server(
        firm.sandbox.app, address="127.0.0.1", port=port, interface=Interfaces.ASGINL, log_enabled=False
    )
    serving = asyncio.create_task(server.serve())
    async with httpx.AsyncClient() as http:
        settings = replace(firm.services.settings, signal_base=f"http://127.0.0.1:{port}/signal")
        firm.services = replace(firm.services, settings=settings, http=http)
        firm.app.state.services = firm.services
        account = await channels.set_up(
            firm.services, firm.office, "signal", label="", typed={"number": OWN}, at=firm.clock.at
        )
        firm.sandbox.add_account(
            "signal",
            kind="signal",
            name="Fliesen Berger",
            own_id=OWN,
            display=OWN,
            token="sandbox-signal",
            secret="",
        )
        try:
            yield Signals(firm, account)
        finally:
            firm.sandbox.signal.outlet.hang_up()
            server.stop()  # type: ignore[no-untyped-call]
            await asyncio.wait_for(serving, PATIENCE_S)


async def test_a_customer_writes_is_asked_and_answers(signals: Signals) -> None:
    """Who wrote first may be asked; numbers stand for buttons, receipts and the quoted answer find their message."""
    firm = signals.firm
    async with signals.pulling():
        hello = signals.petra.write("Guten Tag")
        await signals.kept(1)
        await firm.work()
        message = await messages_db.by_foreign_id(firm.company_id, signals.account.id, hello.id)
        assert message and message.contact_id == firm.contact.id
        assert message.recipient and message.recipient.value == PETRA
        question = await firm.release(await firm.ask(await firm.photo()), "signal")
        await firm.work()
        (asked,) = [bubble for bubble in signals.petra.bubbles if bubble.from_firm]
        assert asked.picture and "1) Hellgrau" in asked.text
        await signals.kept(2)
        await firm.work()
        assert [one.state.value for one in await firm.said(question)] == ["delivered"]
        signals.petra.look()
        signals.petra.write("2", quoted=asked.id)
        await signals.kept(4)
        await firm.work()
    answered = await firm.now(question)
    assert answered.state.value == "answered"
    assert not firm.failures


async def test_without_his_number_he_is_known_by_his_uuid(signals: Signals) -> None:
    firm = signals.firm
    firm.sandbox.world.people["petra"].hides_number = True
    async with signals.pulling():
        hello = signals.petra.write("Guten Tag")
        await signals.kept(1)
    await firm.work()
    message = await messages_db.by_foreign_id(firm.company_id, signals.account.id, hello.id)
    assert message and message.recipient
    assert (message.contact_id, message.recipient.kind) == (None, IdentityKind.UUID)


async def test_a_restarted_container_leaves_a_gap_and_no_doubles(signals: Signals) -> None:
    firm = signals.firm
    async with signals.pulling():
        signals.petra.write("eins")
        await signals.kept(1)
        signals.far.outlet.hang_up()
        await signals.kept(2)
        await signals.listened()
        signals.petra.write("zwei")
        await signals.kept(3)
    await firm.work()
    keys = [row["event_key"] for row in await rows("SELECT event_key FROM inbox_event ORDER BY id")]
    assert [key.startswith("gap:") for key in keys] == [False, True, False]
    incoming = [bubble.id for bubble in signals.petra.bubbles]
    assert [key for key in keys if not key.startswith("gap:")] == incoming


async def test_a_captcha_stops_the_account_with_its_sentence_s_code(signals: Signals) -> None:
    firm = signals.firm
    async with signals.pulling():
        signals.petra.write("Guten Tag")
        await signals.kept(1)
        await firm.work()
        signals.far.container.challenge = "c0ffee"
        question = await firm.release(await firm.ask(await firm.photo()), "signal")
        await firm.work()
        known = await rows(
            "SELECT health, health_detail FROM channel_account WHERE id = ?", _id(signals.account)
        )
        assert [(row["health"], "c0ffee" in row["health_detail"]) for row in known] == [("paused", True)]
        assert [one.state.value for one in await firm.said(question)] == ["queued"]
        signals.petra.write("Noch da?")
        await signals.kept(2)
    assert [bubble.text for bubble in signals.petra.bubbles if bubble.from_firm] == []
