"""The logbook: a chain per company that nobody can change, not even with SQL."""

import asyncio
from dataclasses import replace

import pytest

from server.db import logbook
from server.db.connect import Database
from server.db.sql import execute
from server.db.unit import atomic
from server.domain.logbook import FIRST, Entry, broken_at
from server.domain.users import Actor
from server.ids import new_id
from tests import factories
from tests.factories import START


@atomic
async def write(actor: Actor, number: int) -> None:
    entry = Entry.by(
        actor, "note.written", "note", new_id(), at=START, number=number, text="Fuge „hellgrau“ ✓"
    )
    await logbook.insert_entry(actor.company_id, entry)


async def test_the_chain_holds_under_many_writers(database: Database) -> None:
    company = await factories.company()
    actor = await factories.actor(company)
    await asyncio.gather(*(write(actor, number) for number in range(30)))
    lines = await logbook.chain(company.id)
    assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
    assert lines[0].prev_hash == FIRST
    assert broken_at(lines) is None


async def test_any_change_breaks_the_chain(database: Database) -> None:
    company = await factories.company()
    actor = await factories.actor(company)
    for number in range(5):
        await write(actor, number)
    lines = await logbook.chain(company.id)
    forged = replace(lines[3].entry, data={**lines[3].entry.data, "text": "anders"})
    assert broken_at([*lines[:3], replace(lines[3], entry=forged), *lines[4:]]) == lines[3].seq
    assert broken_at([*lines[:3], *lines[4:]]) == lines[4].seq
    renamed = replace(lines[2].entry, actor_name="Jemand")
    assert broken_at([*lines[:2], replace(lines[2], entry=renamed), *lines[3:]]) == lines[2].seq


async def test_the_database_refuses_changes(database: Database) -> None:
    company = await factories.company()

    @atomic
    async def run(statement: str) -> None:
        await execute(statement)

    for statement in ("UPDATE logbook SET verb = 'x'", "DELETE FROM logbook"):
        with pytest.raises(Exception, match="append-only"):
            await run(statement)
    assert await logbook.chain(company.id)


async def test_companies_have_chains_of_their_own(database: Database) -> None:
    first, second = await factories.company("Eins"), await factories.company("Zwei")
    actor = await factories.actor(first)
    await write(actor, 1)
    assert broken_at(await logbook.chain(first.id)) is None
    assert broken_at(await logbook.chain(second.id)) is None
    seen = await logbook.of_company(second.id)
    assert {line.entry.company_id for line in seen.items} == {second.id}


async def test_pages_by_sequence(database: Database) -> None:
    company = await factories.company()
    actor = await factories.actor(company)
    for number in range(7):
        await write(actor, number)
    first = await logbook.of_company(company.id, limit=4)
    second = await logbook.of_company(company.id, before=first.next, limit=4)
    seqs = [line.seq for line in (*first.items, *second.items)]
    assert seqs == sorted(seqs, reverse=True) and len(set(seqs)) == len(seqs) == 8


async def test_a_place_beyond_every_chain_is_the_newest_page(database: Database) -> None:
    company = await factories.company()
    await write(await factories.actor(company), 1)
    newest = await logbook.of_company(company.id)
    assert await logbook.of_company(company.id, before="9" * 20) == newest
