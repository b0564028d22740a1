"""Threema in the whole application: keys and nonces kept in the database before anything is believed or sent."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import cast
from urllib.parse import urlencode

import httpx
import pytest

from server.actions import channels, checkups, consents, inbox, speech, ways
from server.actions.facts import ready
from server.channels.threema import crypto as crypto
from server.db import accounts
from server.db import facts as facts_db
from server.db import inbox as inbox_db
from server.db import messages as messages_db
from server.db.tables import ChannelFactRow, MessageRow
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.channels import Draft, Step
from server.domain.consents import Proof
from server.domain.errors import Invalid
from server.domain.events import InboundMessage
from server.domain.evidence import Evidence
from server.domain.identities import Identity, IdentityKind
from server.domain.messages import Message
from server.domain.outcomes import Accepted, Outcome, Permanent, Reauth
from server.domain.routing import Need
from server.domain.speeches import Speech
from server.domain.wordings import Topic
from server.ids import new_id
from server.sandbox import Fault
from server.sandbox.threema.platform import ThreemaPlatform
from tests.channels.lines import load
from tests.channels.threema_lines import PRIVATE, SETTINGS
from tests.talks import Firm


class Threemas:
    """The firm's Threema account, beside what it has."""

    def __init__(self, firm: Firm, account: Account) -> None:
        self.firm = firm
        self.account = account
        self.platform = cast(ThreemaPlatform, firm.sandbox.platforms["threema"])
        self.petra = firm.sandbox.customer("petra", "threema")
        self.id = self.platform.id_of(firm.sandbox.world.people["petra"])

    async def say(self, words: str) -> Outcome:
        """Send as the worker does, each time with a channel that remembers nothing."""
        step = await self.step(words)
        return await (await ready(self.firm.services, self.account, step)).send(step, new_id(), load)

    async def step(self, words: str) -> Step:
        channel = channels.open_channel(self.firm.services, self.account)
        to = Identity(IdentityKind.THREEMA, self.id)
        steps = channel.plan(Draft((new_id(),), text=words), to, self.firm.clock.at, None)
        assert isinstance(steps, Sequence)
        return steps[0]

    async def known(self, *names: str) -> dict[str, str]:
        return await facts_db.by_names(self.firm.company_id, self.account.id, names)

    async def heard(self, message_id: str) -> Message | None:
        key = f"{self.id}:{message_id}"
        return await messages_db.by_foreign_id(self.firm.company_id, self.account.id, key)


@pytest.fixture
async def threema(firm: Firm) -> Threemas:
    settings = replace(firm.services.settings, threema_base="http://sandbox/threema")
    firm.services = replace(firm.services, settings=settings)
    firm.app.state.services = firm.services
    typed = {**SETTINGS}
    account = await channels.set_up(
        firm.services, firm.office, "threema", label="", typed=typed, at=firm.clock.at
    )
    firm.sandbox.add_account(
        "threema",
        kind="threema",
        name="Fliesen Berger",
        own_id=SETTINGS["gateway_id"],
        display=SETTINGS["gateway_id"],
        token=SETTINGS["api_secret"],
        secret=crypto.public_of(PRIVATE).hex(),
        hook_path=f"/hooks/threema/{account.id}",
    )
    return Threemas(firm, account)


async def test_a_message_comes_in_once_and_its_key_is_kept(threema: Threemas) -> None:
    bubble = threema.petra.write("Grüß Gott")
    await threema.firm.work()
    message = await threema.heard(bubble.id)
    assert message
    assert (message.text, message.recipient) == ("Grüß Gott", Identity(IdentityKind.THREEMA, threema.id))
    assert bubble.status.value == "delivered"
    public = bytes(threema.platform.keys[threema.id].public_key).hex()
    assert await threema.known(f"key:{threema.id}") == {f"key:{threema.id}": public}


async def test_the_first_key_counts_for_ever(threema: Threemas) -> None:
    assert isinstance(await threema.say("vorher"), Accepted)
    threema.platform.swap_key(threema.firm.sandbox.world.people["petra"])
    outcome = await threema.say("nachher")
    assert isinstance(outcome, Permanent)
    assert outcome.code == "recipient.key_changed"
    forged = threema.petra.write("Ich bin es wirklich")
    await threema.firm.work()
    assert await threema.heard(forged.id) is None
    assert [bubble.text for bubble in threema.petra.bubbles if bubble.from_firm] == ["vorher"]


async def test_a_nonce_is_kept_with_the_message_that_used_it(threema: Threemas) -> None:
    nonce = crypto.random_nonce()
    private = bytes(threema.platform.keys[threema.id])
    for message_id, words in (("aa" * 8, b"erste"), ("bb" * 8, b"zweite"), ("aa" * 8, b"erste")):
        plain = crypto.container(crypto.TEXT, words, 40)
        box = crypto.seal(plain, nonce, private=private, public=crypto.public_of(PRIVATE))
        world_account = threema.firm.sandbox.world.accounts["threema"]
        threema.platform.call_back(world_account, threema.id, message_id, nonce, box)
        await threema.firm.work()
    assert await threema.heard("aa" * 8)
    assert await threema.heard("bb" * 8) is None
    name = f"nonce:{nonce.hex()}"
    assert await threema.known(name) == {name: f"{threema.id}:{'aa' * 8}"}


async def test_a_directory_that_is_away_delays_a_message_and_loses_none(threema: Threemas) -> None:
    threema.firm.sandbox.set_fault("threema.directory", Fault.UNREACHABLE, 2)
    bubble = threema.petra.write("Guten Tag")
    await threema.firm.work()
    assert await threema.heard(bubble.id) is None
    await threema.firm.work(hours=1)
    assert await threema.heard(bubble.id)
    assert len(threema.firm.failures) == 2
    threema.firm.failures.clear()


@atomic
async def facts_gone(name: str) -> None:
    await ChannelFactRow.filter(name=f"key:{name}").delete()


@atomic
async def sent_by(account: Account, message: Message, foreign_id: str) -> None:
    await MessageRow.filter(id=message.id).update(account_id=account.id, foreign_id=foreign_id)


async def test_one_whose_key_cannot_be_asked_for_holds_up_no_other(threema: Threemas) -> None:
    firm, account = threema.firm, threema.firm.sandbox.world.accounts["threema"]
    otto = threema.platform.id_of(firm.sandbox.add_person("otto", "Otto Vogt", "+491701112233"))
    for name, message_id in ((threema.id, "11" * 8), (otto, "22" * 8)):
        receipt, nonce = b"\x01" + bytes.fromhex(message_id), crypto.random_nonce()
        plain = crypto.container(crypto.RECEIPT, receipt, 40)
        private = bytes(threema.platform.keys[name])
        box = crypto.seal(plain, nonce, private=private, public=crypto.public_of(PRIVATE))
        threema.platform.call_back(account, name, "ab" * 8, nonce, box)
        await firm.work()
    assert len(await inbox_db.parked(firm.company_id, threema.account.id)) == 2
    await facts_gone(threema.id)
    firm.sandbox.set_fault("threema.directory", Fault.UNREACHABLE, 9)
    await firm.consent()
    said = await speech.say(
        firm.office,
        Speech(intent=new_id(), contact_id=firm.contact.id, channel="whatsapp", text="Hallo"),
        at=firm.clock.at,
    )
    await sent_by(threema.account, said, "22" * 8)
    await inbox.replay(firm.services, firm.company_id, {"account": str(threema.account.id)})
    [left] = await inbox_db.parked(firm.company_id, threema.account.id)
    assert left.key.startswith("11" * 8)


async def test_a_wrong_secret_stops_the_account_by_its_outcome(threema: Threemas) -> None:
    await channels.change(
        threema.firm.services,
        threema.firm.office,
        threema.account,
        label="",
        typed={**SETTINGS, "api_secret": "sandbox-alt"},
        at=threema.firm.clock.at,
    )
    changed = await channels_account(threema)
    step = await threema.step("Hallo")
    channel = await ready(threema.firm.services, changed, step)
    assert await channel.send(step, new_id(), load) == Reauth("401: id or secret")


async def channels_account(threema: Threemas) -> Account:
    found = await accounts.by_id(threema.firm.company_id, threema.account.id)
    assert found
    return found


@pytest.mark.parametrize("wrong", ["mac", "empty", "basic"])
async def test_an_unsigned_callback_is_neither_answered_nor_kept(threema: Threemas, wrong: str) -> None:
    body = {"mac": urlencode({"from": threema.id, "mac": "0" * 64}), "empty": "", "basic": "x=1"}[wrong]
    async with threema.firm.client() as street:
        answer = await street.post(f"/hooks/threema/{threema.account.id}", content=body)
    assert answer.status_code == 401
    await threema.firm.work()
    assert threema.firm.failures == []


async def test_secrets_are_sealed_and_never_shown(threema: Threemas) -> None:
    stored = await channels_account(threema)
    shown = f"{stored!r} {dict(stored.settings)}"
    assert SETTINGS["gateway_id"] in shown
    assert SETTINGS["api_secret"] not in shown
    assert PRIVATE.hex() not in shown
    with pytest.raises(Invalid) as refused:
        typed = {**SETTINGS, "private_key": "kein Schlüssel"}
        at = threema.firm.clock.at
        await channels.set_up(
            threema.firm.services, threema.firm.office, "threema", label="", typed=typed, at=at
        )
    assert refused.value.field == "private_key"


async def test_without_its_key_an_account_carries_words_only_and_the_way_says_so(threema: Threemas) -> None:
    """Said before anything is queued: a way that shows no photos is not taken for photos."""
    firm = threema.firm
    evidence = Evidence(Proof.SPOKEN, "am Telefon")
    await consents.grant(firm.office, firm.contact, Topic("threema"), evidence, at=firm.clock.at)
    assert await _code(firm, Need("Hallo", pictures=1)) == ""
    await channels.switch(firm.office, threema.account, enabled=False, at=firm.clock.at)
    simple = {**SETTINGS, "gateway_id": "*EINFACH", "private_key": ""}
    await channels.set_up(firm.services, firm.office, "threema", label="", typed=simple, at=firm.clock.at)
    assert await _code(firm, Need("Hallo", pictures=1)) == "picture.impossible"
    # A question's photos are seen behind its answer link.
    assert await _code(firm, Need("Welche?", pictures=1, linked=True)) == ""
    assert await _code(firm, Need("Hallo")) == ""


async def _code(firm: Firm, need: Need) -> str:
    found = await ways.best(firm.company_id, firm.contact.id, need=need, at=firm.clock.at)
    verdict = found.of("threema")
    assert verdict
    return verdict.code


async def test_filled_up_and_checked_what_waited_leaves_by_itself(threema: Threemas) -> None:
    """As its sentence says: fill up, check, and what waits goes."""
    firm = threema.firm
    evidence = Evidence(Proof.SPOKEN, "am Telefon")
    await consents.grant(firm.office, firm.contact, Topic("threema"), evidence, at=firm.clock.at)
    threema.platform.credits["threema"] = 0
    said = Speech(intent=new_id(), contact_id=firm.contact.id, channel="threema", text="Kommt am Montag")
    await speech.say(firm.office, said, at=firm.clock.at)
    await firm.work()
    stopped = await channels_account(threema)
    assert (stopped.health, stopped.health_detail) == (Health.PAUSED, "threema.credits: 402: no credits")
    firm.clock.go(minutes=1)
    await checkups.check_soon(firm.services, stopped)
    assert (await channels_account(threema)).health is Health.PAUSED, "still empty"
    threema.platform.credits["threema"] = 10
    firm.clock.go(minutes=1)
    await checkups.check_soon(firm.services, stopped)
    assert (await channels_account(threema)).health is Health.OK
    await firm.work(hours=1)
    assert [one.text.partition("\n\n")[2] or one.text for one in threema.petra.bubbles] == ["Kommt am Montag"]


async def test_two_processes_that_learn_at_once_keep_one_key(threema: Threemas) -> None:
    step = await threema.step("Hallo")
    await asyncio.gather(*(ready(threema.firm.services, threema.account, step) for _ in range(4)))
    assert len(await threema.known(f"key:{threema.id}")) == 1
    raw = b"x"
    channel = await ready(threema.firm.services, threema.account, raw)
    assert not any(isinstance(event, InboundMessage) for event in channel.parse(raw))


async def test_the_door_of_another_kind_is_closed(threema: Threemas) -> None:
    async with threema.firm.client() as street:
        answer: httpx.Response = await street.post(f"/hooks/whatsapp/{threema.account.id}", content=b"x")
    assert answer.status_code == 404
