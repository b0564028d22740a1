"""The demo as it is started: every messenger works in both directions, and a second start forgets and doubles nothing."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx

from server.demo.cast import ASKS, DOUBT, STRANGER, TALKS, TOMORROW
from server.demo.handsets import number_on
from server.domain.events import InboundMessage
from tests.channels.lines import NOON
from tests.channels.mails import open_line
from tests.channels.telegram_lines import TelegramLine
from tests.proofs.server import Server

ALL = {"whatsapp", "telegram", "messenger", "threema", "signal", "email"}
OUT, IN = {"sent", "delivered", "read"}, {"received"}
PATIENCE_S = 60.0
Row = tuple[str, str, str, str, str]


def said(server: Server) -> list[Row]:
    """Return every message as (channel, direction, state, text, contact)."""
    with closing(sqlite3.connect(f"file:{server.data}/zollstock.db?mode=ro", uri=True)) as base:
        return base.execute(
            "SELECT channel, direction, state, text, COALESCE(contact_id, '') FROM message ORDER BY id"
        ).fetchall()


def both_ways(rows: list[Row]) -> set[str]:
    """Return the channels in which something has left and something was heard."""
    out = {channel for channel, direction, state, *_ in rows if direction == "out" and state in OUT}
    heard = {row[0] for row in rows if row[1] == "in" and row[4]}
    return out & heard


def wait(server: Server, good: Callable[[list[Row]], bool]) -> list[Row]:
    """Return what was said as soon as it is good, and in any case after a while."""
    end = time.monotonic() + PATIENCE_S
    while not good(rows := said(server)) and time.monotonic() < end:
        time.sleep(0.1)
    return rows


def told_whole_story(rows: list[Row]) -> bool:
    """Whether everything of the story has been said and heard: nothing of it may come later and be taken for new."""
    lines = [*TALKS, TOMORROW, DOUBT]
    wanted = {(line.channel, "out" if line.by_office else "in", line.text) for line in lines}
    wanted |= {(STRANGER[2], "in", STRANGER[3])}
    there = [(channel, direction, text) for channel, direction, _, text, _ in rows]
    said = all(any(row[:2] == (one, way) and text in row[2] for row in there) for one, way, text in wanted)
    heard = Counter(text for _, direction, text in there if direction == "in")
    answered = all(heard[ask.answer] for ask in ASKS if ask.answer)
    return said and answered and not unsettled(rows)


def unsettled(rows: list[Row]) -> set[str]:
    """Return what is not yet as it stays: messages on their way, and the one in doubt and the one of tomorrow."""
    states = Counter(row[2] for row in rows)
    waits = {state for state in ("unclear", "queued") if states[state] != 1}
    return waits | {state for state in states if state not in OUT | IN | {"unclear", "queued"}}


def words(rows: list[Row]) -> list[tuple[str, str, str, str]]:
    """Return what was said without how far it has come: a receipt may still arrive."""
    return sorted((channel, direction, text, contact) for channel, direction, _, text, contact in rows)


def heard_again(rows: list[Row]) -> set[str]:
    """Return the channels of which the customer's words after the restart were heard, and whose they are is known."""
    return {
        row[0] for row in rows if row[1] == "in" and row[4] and row[3].startswith(f"Noch etwas per {row[0]}")
    }


def phones(server: Server) -> dict[str, tuple[str, str]]:
    """Return by channel (address, account) of a phone that uses it first."""
    with closing(sqlite3.connect(f"file:{server.data}/zollstock.db?mode=ro", uri=True)) as base:
        accounts = dict(base.execute("SELECT kind, id FROM channel_account").fetchall())
        people = base.execute("SELECT preferred_channel, id FROM contact ORDER BY id").fetchall()
    return {kind: (f"{server.url}/sandbox/phone/{person}", accounts[kind]) for kind, person in people}


def test_every_messenger_talks_both_ways_and_again_after_a_restart(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", command="demo")
    server.start()
    try:
        first = wait(server, told_whole_story)
        assert both_ways(first) == ALL
        assert Counter(row[2] for row in first if row[2] in ("unclear", "queued", "failed", "stopped")) == {
            "unclear": 1,
            "queued": 1,
        }
        assert [row[3][:9] for row in first if not row[4]] == ["Guten Tag"]  # the one stranger
        assert server.stop() == 0
        server.start()
        assert words(said(server)) == words(first)
        with httpx.Client(headers={"Sec-Fetch-Site": "same-origin"}, timeout=PATIENCE_S) as browser:
            for kind, (address, account) in phones(server).items():
                form = {"text": f"Noch etwas per {kind}"}
                wrote = browser.post(f"{address}/messages", params={"account": account}, data=form)
                assert wrote.status_code == 303
        second = wait(server, lambda rows: heard_again(rows) == ALL)
        assert heard_again(second) == ALL
        assert len(second) == len(first) + len(ALL) and words(first) == words(
            [row for row in second if not row[3].startswith("Noch etwas")]
        )
    finally:
        server.kill()


async def test_a_mailbox_begun_anew_within_a_second_is_not_taken_for_the_old_one() -> None:
    async with open_line() as before, open_line() as after:
        number_on(before.sandbox, NOON)
        await before.started()
        before.petra.write("vor dem Neustart")
        await before.heard(1)
        number_on(after.sandbox, NOON + timedelta(milliseconds=300))
        after.cursor = before.cursor
        after.petra.write("danach")
        (message,) = await after.heard(1)
    assert isinstance(message, InboundMessage)
    assert message.text == "danach"


async def test_a_bot_begun_anew_soon_after_a_lively_run_is_heard() -> None:
    """Its updates count on from where no run has been: one below the bot's last offset would be taken as had."""
    before, after = TelegramLine(receiving="abruf"), TelegramLine(receiving="abruf")
    number_on(before.sandbox, NOON)
    queue = before.platform.queue(before.account)
    for number in range(9):
        queue.put("message", {"text": str(number)}, lambda: None)
    number_on(after.sandbox, NOON + timedelta(seconds=2))
    again = after.platform.queue(after.account)
    again.put("message", {"text": "danach"}, lambda: None)
    [heard] = await again.take(queue.next_number, 100, 0)
    assert heard.body["message"]["text"] == "danach"
