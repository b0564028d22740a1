"""The demo as it is started: every messenger works in both directions, and a second start forgets and doubles nothing."""

import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import httpx

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
    states = Counter(row[2] for row in rows)
    return both_ways(rows) == ALL and states["unclear"] == 1 and states["queued"] == 1


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
        assert sorted(said(server)) == sorted(first)
        with httpx.Client(headers={"Sec-Fetch-Site": "same-origin"}) as browser:
            for kind, (address, account) in phones(server).items():
                form = {"text": f"Noch etwas per {kind}"}
                wrote = browser.post(f"{address}/messages", params={"account": account}, data=form)
                assert wrote.status_code == 303
        second = wait(server, lambda rows: len(rows) >= len(first) + len(ALL))
        new = [row for row in second if row not in first]
        assert {row[0] for row in new if row[3].startswith(f"Noch etwas per {row[0]}")} == ALL
        assert len(second) == len(first) + len(ALL) and all(row[1] == "in" and row[4] for row in new)
    finally:
        server.kill()
