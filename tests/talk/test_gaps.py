"""Where messages may be missing: in the threads it hit, on the channel's page, until somebody has asked after it."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from server.actions import gaps as actions
from server.actions import inbox
from server.db import conversations as table
from server.db import logbook
from server.domain.conversations import Conversation
from server.domain.events import Gap
from server.domain.gaps import AWAY
from server.domain.identities import Identity, IdentityKind
from server.pages import threads
from tests import looks
from tests.talk.test_events import PHONE, heard, say, tell
from tests.talks import Firm

STRANGER = Identity(IdentityKind.PHONE, "+4916012345678")


async def thread(firm: Firm) -> Conversation:
    return await looks.thread_of(firm.company_id, firm.contact.id)


async def gap(firm: Firm, key: str, *, ago: float = 38, length: float = 38, detail: str = "line") -> None:
    since = firm.clock.at - timedelta(minutes=ago)
    await inbox.note_gap(
        firm.account, Gap(key, since, since + timedelta(minutes=length), detail), at=firm.clock.at
    )


async def test_it_stands_in_the_thread_and_is_marked_by_whoever_asked(firm: Firm) -> None:
    await firm.hello()
    firm.clock.go(minutes=60)
    await gap(firm, "g1")
    where = f"/messages/{(await thread(firm)).id}"
    said = "Zwischen heute 10:22 und 11:00 können hier Nachrichten fehlen (WhatsApp war nicht verbunden)"
    async with firm.browser(firm.office) as office:
        page = (await office.get(where)).text
        assert said in page and f'action="{where}/gaps"' in page
        [hole] = await actions.of_thread(await thread(firm), [])
        answer = await office.post(f"{where}/gaps", data={"gaps": [str(one) for one in hole.ids]})
        assert answer.status_code == 303
        firm.clock.go(minutes=1)
        await office.post(f"{where}/gaps", data={"gaps": [str(one) for one in hole.ids]})
        page = (await office.get(where)).text
        assert "Nachgefragt: Sabine Koch, heute 11:00" in page and f'action="{where}/gaps"' not in page
        assert (await office.post(f"{where}/gaps", data={})).status_code == 422
    verbs = [line.entry.verb for line in (await logbook.of_company(firm.company_id)).items]
    assert verbs.count("conversation.gap_asked") == 1


async def test_only_threads_that_used_the_channel_then_are_hit(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    firm.clock.go(minutes=60)
    await gap(firm, "g1", detail=AWAY)
    firm.clock.go(minutes=1)
    await tell(firm, heard("Neu hier", sender=(STRANGER,), sent_at=firm.clock.at), monkeypatch=monkeypatch)
    [late] = (await table.search(firm.company_id, strangers=True)).items
    assert await actions.of_thread(late, []) == []
    async with firm.browser(firm.office) as office:
        assert "Zollstock lief nicht" in (await office.get(f"/messages/{(await thread(firm)).id}")).text
        channel = (await office.get(f"/settings/channels/{firm.account.id}")).text
    assert "1 Unterhaltung betroffen" in channel and "Petra Müller" in channel and "Neu hier" not in channel


async def test_a_lost_message_of_one_person_is_his_thread_alone(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    await firm.hello()
    await tell(firm, heard("Auch da", sender=(STRANGER,), sent_at=firm.clock.at), monkeypatch=monkeypatch)
    [other] = (await table.search(firm.company_id, strangers=True)).items
    firm.clock.go(minutes=5)
    at = firm.clock.at
    lost = Gap("gap:1", at, at, "InvalidMessage", (PHONE,))
    await tell(firm, lost, lost, monkeypatch=monkeypatch)
    [hole] = await actions.of_thread(await thread(firm), [])
    assert hole.since == hole.until == at and await actions.of_thread(other, []) == []
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/messages/{(await thread(firm)).id}")).text
    assert "etwas, das sich nicht öffnen ließ" in page


async def test_a_broken_night_is_one_line_and_words_between_split_it(firm: Firm) -> None:
    await firm.hello()
    for number in range(6):
        firm.clock.go(minutes=10)
        await gap(firm, f"g{number}", ago=2, length=1)
    [one] = await actions.of_thread(await thread(firm), [firm.clock.at])
    assert len(one.ids) == 6
    middle = firm.clock.at - timedelta(minutes=25)
    assert [len(each.ids) for each in await actions.of_thread(await thread(firm), [middle])] == [3, 3]


async def test_pages_of_a_long_thread_share_the_holes(firm: Firm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "THREAD", 4)
    await firm.hello()
    for number in range(6):
        firm.clock.go(minutes=10)
        await say(firm, f"Wort {number}")
        await firm.work()
        firm.clock.go(minutes=10)
        await gap(firm, f"g{number}", ago=2, length=1)
    where, met = f"/messages/{(await thread(firm)).id}", []
    async with firm.browser(firm.office) as office:
        while where:
            page = (await office.get(where)).text
            met += [UUID(part[:36]) for part in page.split('name="gaps" value="')[1:]]
            more = page.split('href="/messages/')
            where = next((f"/messages/{one.split(chr(34))[0]}" for one in more if "?older=" in one[:80]), "")
    assert len(met) == len(set(met)) == 6


async def test_twice_as_many_cost_the_same(firm: Firm, statements: Callable[[], list[str]]) -> None:
    await firm.hello()
    where, costs = f"/messages/{(await thread(firm)).id}", []
    async with firm.browser(firm.office) as office:
        for number in range(20):
            firm.clock.go(minutes=1)
            await gap(firm, f"g{number}", ago=1, length=0.5)
            if number in (9, 19):
                await office.get(where)
                before = len(statements())
                await office.get(where)
                costs.append(len(statements()) - before)
    assert costs[0] == costs[1]
