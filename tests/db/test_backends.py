"""What tortoise may rely on from both back ends, and what they refuse."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import pytest

from server.db import sql, sqlite
from server.db.connect import Database, kind_of, open_database, ping
from server.db.guards import utc
from server.db.unit import atomic
from server.ids import new_id
from tests.db import sample_tables
from tests.db.sample_tables import BookRow, ShelfRow

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
BERLIN = timezone(timedelta(hours=2))


@atomic
async def put(name: str, at: datetime = NOON) -> UUID:
    row = await ShelfRow.create(id=new_id(), name=name, at=at, extra={"größe": [1, None]})
    await BookRow.create(id=new_id(), title=name, shelf=row)
    return row.id


async def test_values_come_back_as_they_went(sample: Database) -> None:
    made = await put("Äpfel \\ % _ '")
    row = await ShelfRow.get(id=made)
    assert (row.id, row.name, row.at, row.extra) == (made, "Äpfel \\ % _ '", NOON, {"größe": [1, None]})
    assert [book.shelf.name for book in await BookRow.all().prefetch_related("shelf")] == [row.name]


async def test_moments_compare_as_moments(sample: Database) -> None:
    await put("noon", NOON.astimezone(BERLIN))
    await put("half a second later", NOON + timedelta(milliseconds=500))
    for zone in (UTC, BERLIN):
        assert await ShelfRow.filter(at__lte=NOON.astimezone(zone)).count() == 1
        found = await sql.rows("SELECT name FROM shelf WHERE at > ?", NOON.astimezone(zone))
        assert found == [{"name": "half a second later"}]


async def test_a_moment_without_a_zone_is_refused(sample: Database) -> None:
    with pytest.raises(ValueError, match="without a zone"):
        await sql.rows("SELECT name FROM shelf WHERE at > ?", NOON.replace(tzinfo=None))
    with pytest.raises(RuntimeWarning, match="naive"):
        await ShelfRow.filter(at__gt=NOON.replace(tzinfo=None))
    with pytest.raises(ValueError, match="without a zone"):
        utc(NOON.replace(tzinfo=None))
    # A new row is out of our hands: tortoise itself takes the moment for UTC (ruff's DTZ keeps such from arising).
    assert (await ShelfRow.get(id=await put("naive", NOON.replace(tzinfo=None)))).at == NOON


async def test_own_statements(sample: Database) -> None:
    made = [await put("a"), await put("b")]

    @atomic
    async def change() -> None:
        assert await sql.execute("UPDATE shelf SET name = name || '?' WHERE id = ?", made[0]) == 1
        assert await sql.execute("UPDATE shelf SET name = name WHERE name = ?", "nobody") == 0
        assert await sql.execute("UPDATE shelf SET extra = ? RETURNING id", json.dumps({})) == 2
        found = await sql.rows("UPDATE shelf SET at = ? WHERE name LIKE '%?' RETURNING name", NOON)
        assert found == [{"name": "a?"}]

    await change()
    assert sql.dialect() == sample.kind
    pattern = f"%{sql.like_escape('?')}%"
    assert await sql.rows(r"SELECT name FROM shelf WHERE name LIKE ? ESCAPE '\'", pattern) == [{"name": "a?"}]
    assert await sql.rows(r"SELECT name FROM shelf WHERE name LIKE ? ESCAPE '\'", sql.like_escape("_")) == []


def test_placeholders_outside_quotes_get_numbers() -> None:
    text = """SELECT '?', 'it''s ?', "a?" -- why?\nFROM t WHERE a = ? AND b = ?"""
    assert sql.numbered(text) == text.replace("a = ? AND b = ?", "a = $1 AND b = $2")


async def test_an_open_database_answers(sample: Database) -> None:
    await ping(sample)


async def test_a_missing_server_is_said_at_once() -> None:
    with pytest.raises(OSError):
        await open_database("postgresql://nobody@127.0.0.1:9/none", tables=[sample_tables.MODULE])


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://relative.db", "/tmp/x.db"])
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must begin with sqlite:/// or postgresql://"):
        kind_of(url)


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 44, 5), (3, 45, 9), (3, 50, 6), (3, 51, 2)])
def test_libraries_that_lose_data_are_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(sqlite.UnsafeLibrary, match="can lose saved data"):
        sqlite.check_library(version)


@pytest.mark.parametrize("version", [(3, 44, 6), (3, 50, 7), (3, 51, 3), (3, 53, 4), (4, 0, 0)])
def test_mended_libraries_are_taken(version: tuple[int, ...]) -> None:
    sqlite.check_library(version)


async def test_sqlite_is_set_to_lose_nothing_and_keep_nothing_erased(sample: Database) -> None:
    if sample.kind != "sqlite":
        pytest.skip("settings of SQLite only")

    @atomic
    async def settings() -> list[object]:
        names = ["journal_mode", "synchronous", "foreign_keys", "secure_delete", "busy_timeout"]
        return [next(iter((await sql.rows(f"PRAGMA {name}"))[0].values())) for name in names]

    assert await settings() == ["wal", 2, 1, 1, 5000]
