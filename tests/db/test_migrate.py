"""Migrations: the schema is the tables' own, old data lives on, and kill -9 never leaves anything between."""

import asyncio
import hashlib
import json
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from server import clock
from server.db import migrate as migrations
from server.db.connect import Database, Kind, path_of
from server.db.migrate import Change, MigrationError, migrate, pending
from server.db.tables import APPEND_ONLY
from tests.conftest import ROOT
from tests.db.sample_tables import history
from tools.write_first_migration import TARGET, source, statements

SECOND = '''
from server.db.migrate import rebuild

async def sqlite(c):
    await c.execute('CREATE INDEX "idx_shelf_at" ON "shelf" ("at")')
    await rebuild(c, "shelf", """"id" CHAR(36) NOT NULL PRIMARY KEY, "name" VARCHAR(200) NOT NULL UNIQUE,
        "at" TIMESTAMP NOT NULL, "extra" JSON NOT NULL, "room" TEXT NOT NULL""",
        {"id": "id", "name": "name", "at": "at", "extra": "extra", "room": "'cellar'"})

POSTGRES = [
    'CREATE INDEX "idx_shelf_at" ON "shelf" ("at")',
    'ALTER TABLE "shelf" ALTER COLUMN "name" TYPE VARCHAR(200)',
    """ALTER TABLE "shelf" ADD COLUMN "room" TEXT NOT NULL DEFAULT 'cellar'""",
    'ALTER TABLE "shelf" ALTER COLUMN "room" DROP DEFAULT',
]

async def shared(c):
    await c.execute("UPDATE shelf SET name = name || '!' WHERE name <> ?", "never")
'''
IDS = [f"01900000-0000-7000-8000-00000000000{number}" for number in range(3)]


BOTH: dict[str, list[str]] = {"book": [], "shelf": []}


def second(folder: Path) -> Path:
    (folder / "0002_rooms.py").write_text(SECOND, encoding="utf-8")
    return folder


async def run(url: str, *texts: str) -> None:
    async with migrations._opened(url) as change:
        for text in texts:
            await change.execute(text)


async def rows(url: str, text: str) -> list[dict[str, Any]]:
    async with migrations._opened(url) as change:
        return await change.rows(text)


async def fill(url: str) -> None:
    shelves = [
        f"INSERT INTO shelf VALUES ('{i}', 'shelf {i}', '2026-01-01 10:00:00+00:00', '{{}}')" for i in IDS
    ]
    books = [f"INSERT INTO book (id, title, shelf_id) VALUES ('{i}', 'book', '{i}')" for i in IDS]
    await run(url, *shelves, *books)


async def content(url: str, tables: Mapping[str, list[str]]) -> dict[str, tuple[int, str]]:
    """Return rows and a hash of the content of the given columns per table; no columns: all."""
    found = {}
    for table, columns in tables.items():
        names = ", ".join(f'"{name}"' for name in sorted(columns)) or "*"
        lines = sorted(
            json.dumps(row, default=str) for row in await rows(url, f'SELECT {names} FROM "{table}"')
        )
        found[table] = (len(lines), hashlib.sha256("\n".join(lines).encode()).hexdigest())
    return found


SHAPES: dict[Kind, dict[str, str]] = {
    "sqlite": {
        "columns": """SELECT m.name AS t, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master m
            JOIN pragma_table_xinfo(m.name) c WHERE m.type = 'table'""",
        "indexes": """SELECT m.name AS t, i."unique", i.origin, i.partial, group_concat(x.name || x."desc") AS c,
            (SELECT sql FROM sqlite_master s WHERE s.name = i.name) AS sql
            FROM sqlite_master m JOIN pragma_index_list(m.name) i JOIN pragma_index_xinfo(i.name) x
            WHERE m.type = 'table' AND x.key GROUP BY m.name, i.name""",
        "references": """SELECT m.name AS t, f."from", f."table", f."to", f.on_update, f.on_delete
            FROM sqlite_master m JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'""",
        "triggers": "SELECT name, tbl_name, sql FROM sqlite_master WHERE type = 'trigger'",
    },
    "postgres": {
        "columns": """SELECT attrelid::regclass::text AS t, attname, format_type(atttypid, atttypmod), attnotnull,
            pg_get_expr(adbin, adrelid) FROM pg_attribute JOIN pg_class ON attrelid = pg_class.oid
            LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
            WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND attnum > 0 AND NOT attisdropped""",
        "indexes": "SELECT tablename AS t, indexdef FROM pg_indexes WHERE schemaname = 'public'",
        "constraints": """SELECT conrelid::regclass::text AS t, contype, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace""",
        "triggers": """SELECT tgrelid::regclass::text AS t, pg_get_triggerdef(oid)
            FROM pg_trigger WHERE NOT tgisinternal""",
    },
}


async def shape(url: str, kind: Kind) -> dict[str, list[str]]:
    """Return everything that makes up the schema, but for the runner's own table."""
    found = {}
    for part, query in SHAPES[kind].items():
        lines = [json.dumps(row, default=str) for row in await rows(url, query)]
        found[part] = sorted(line for line in lines if "applied_migration" not in line)
    return found


def test_the_first_migration_is_what_the_tables_say() -> None:
    assert TARGET.read_text(encoding="utf-8") == source(), "run tools/write_first_migration.py"


async def test_migrated_schema_equals_the_tables(
    database_url: str, empty_url: str, kind: Kind, tmp_path: Path
) -> None:
    await run(empty_url, *await statements(kind))
    expected, built = await shape(empty_url, kind), await shape(database_url, kind)
    assert built == expected
    assert len(built["columns"]) > 100
    assert not any("CASCADE" in line or "SET NULL" in line for lines in built.values() for line in lines)
    assert await pending(database_url) == []


async def test_a_rebuilt_table_keeps_its_children_indexes_and_rows(
    empty_url: str, kind: Kind, tmp_path: Path
) -> None:
    folder, backups = history(tmp_path / "history"), tmp_path / "backups"
    assert await migrate(empty_url, folder=folder, backup_dir=backups) == ["0001_start"]
    assert not backups.exists(), "there was nothing to lose yet"
    await fill(empty_url)
    before = await content(empty_url, BOTH)
    assert await pending(empty_url, folder=second(folder)) == ["0002_rooms"]
    assert await migrate(empty_url, folder=folder, backup_dir=backups) == ["0002_rooms"]
    assert await migrate(empty_url, folder=folder, backup_dir=backups) == []
    assert (await content(empty_url, BOTH))["book"] == before["book"]
    shelves = await rows(empty_url, "SELECT name, room FROM shelf ORDER BY id")
    assert shelves == [{"name": f"shelf {i}!", "room": "cellar"} for i in IDS]
    assert any("idx_shelf_at" in line for line in (await shape(empty_url, kind))["indexes"])
    if kind == "sqlite":
        copy = f"sqlite://{backups / 'before-0002_rooms.db'}"
        assert await content(copy, BOTH) == before


async def test_a_failing_migration_leaves_no_trace(empty_url: str, kind: Kind, tmp_path: Path) -> None:
    folder = history(tmp_path / "history")
    await migrate(empty_url, folder=folder)
    await fill(empty_url)
    before = await shape(empty_url, kind), await content(empty_url, BOTH)
    # SQLite: the parents go while foreign keys are off; the check after it must notice.
    body = "async def shared(c):\n    await c.execute('CREATE TABLE t (a TEXT)')\n    await c.execute('DELETE FROM shelf')\n"
    (folder / "0002_bad.py").write_text(body, encoding="utf-8")
    error = MigrationError if kind == "sqlite" else Exception
    with pytest.raises(error, match="parent" if kind == "sqlite" else "violates"):
        await migrate(empty_url, folder=folder)
    assert (await shape(empty_url, kind), await content(empty_url, BOTH)) == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda folder: (folder / "0001_start.py").write_text("SQLITE = POSTGRES = []"), "was changed after"),
        (lambda folder: (folder / "0001_start.py").unlink(), "newer than this program"),
        (lambda folder: (folder / "0000_early.py").write_text("SQLITE = POSTGRES = []"), "comes before"),
    ],
)
async def test_a_history_that_does_not_fit_is_refused(
    change: Any, sentence: str, empty_url: str, tmp_path: Path
) -> None:
    folder = history(tmp_path / "history")
    await migrate(empty_url, folder=folder)
    change(folder)
    for call in (migrate, pending):
        with pytest.raises(MigrationError, match=sentence):
            await call(empty_url, folder=folder)


async def test_several_processes_migrate_at_once(empty_url: str, tmp_path: Path) -> None:
    folder = second(history(tmp_path / "history"))
    code = f"""
import asyncio, json
from pathlib import Path
from server.db.migrate import migrate
print(json.dumps(asyncio.run(migrate({empty_url!r}, folder=Path({str(folder)!r})))))
"""
    processes = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        for _ in range(3)
    ]
    answers = [json.loads((await process.communicate())[0]) for process in processes]
    assert sorted(name for names in answers for name in names) == ["0001_start", "0002_rooms"]


async def test_killed_at_every_statement_it_is_old_or_new(empty_url: str, tmp_path: Path) -> None:
    folder = history(tmp_path / "history")
    await migrate(empty_url, folder=folder)
    await fill(empty_url)
    second(folder)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.db.kill_points", empty_url, str(folder)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    *killed, (_, shelves, applied) = [json.loads(line) for line in output.splitlines()]
    assert len(killed) >= 7, "every statement from the first BEGIN to the COMMIT"
    for at, rows_then, applied_then in killed:
        assert [row["name"] for row in rows_then] == [f"shelf {i}" for i in IDS], f"killed at {at}"
        assert "room" not in rows_then[0]
        assert applied_then == [{"name": "0001_start"}]
    assert [(row["name"], row["room"]) for row in shelves] == [(f"shelf {i}!", "cellar") for i in IDS]
    assert len(applied) == 2


async def test_evidence_cannot_be_changed(database_url: str, kind: Kind) -> None:
    for table in APPEND_ONLY:
        made = await one_row(database_url, table)
        for text in (f'UPDATE "{table}" SET id = id', f'DELETE FROM "{table}"'):
            with pytest.raises(Exception, match=f"{table} is append-only"):
                await run(database_url, text)
        assert await content(database_url, {table: []}) == made


async def one_row(url: str, table: str) -> dict[str, tuple[int, str]]:
    """Insert a row of empty values past all references and return the table's content."""
    async with migrations._opened(url) as change:
        if change.dialect == "postgres":
            await change.execute("SET session_replication_role = replica")
        values = [filler(column) for column in await columns(change, table)]
        await change.execute(f'INSERT INTO "{table}" VALUES ({", ".join(values)})')
    return await content(url, {table: []})


async def columns(change: Change, table: str) -> list[str]:
    if change.dialect == "sqlite":
        found = await change.rows("SELECT type FROM pragma_table_info(?)", table)
    else:
        text = """SELECT data_type AS type FROM information_schema.columns
            WHERE table_schema = 'public' AND table_name = ? ORDER BY ordinal_position"""
        found = await change.rows(text, table)
    return [row["type"].lower() for row in found]


def filler(type_name: str) -> str:
    if "int" in type_name:
        return "1"
    if type_name.startswith("bool"):
        return "true"
    if "json" in type_name:
        return "'{}'"
    if type_name.startswith("timestamp"):
        return f"'{clock.now().isoformat(' ')}'"
    return f"'{IDS[0]}'" if type_name in {"uuid", "char(36)"} else "'x'"


RELEASES = Path(__file__).parent / "releases"
VERSIONS = sorted({path.name.removesuffix(".sqlite.sql") for path in RELEASES.glob("*.sqlite.sql")})


@pytest.mark.parametrize("version", VERSIONS)
async def test_an_old_release_upgrades_with_everything_in_it(
    version: str, empty_url: str, kind: Kind
) -> None:
    """releases/<version>.{sqlite,pg}.sql: plain dumps (INSERT, no COPY) of a filled database of that release."""
    dump = RELEASES / f"{version}.{'sqlite' if kind == 'sqlite' else 'pg'}.sql"
    await load(empty_url, kind, await asyncio.to_thread(dump.read_text, encoding="utf-8"))
    old = await table_columns(empty_url, kind)
    kept = await content(empty_url, old)
    assert sum(rows for rows, _ in kept.values()) > len(kept), "a dump without rows proves nothing"
    await migrate(empty_url)
    assert await content(empty_url, old) == kept
    assert await pending(empty_url) == []


async def test_a_dump_of_an_old_schema_upgrades(empty_url: str, kind: Kind, tmp_path: Path) -> None:
    """The mechanism of the test above, on a release of our own making."""
    folder = history(tmp_path / "history")
    await migrate(empty_url, folder=folder)
    await fill(empty_url)
    old = await table_columns(empty_url, kind)
    kept = await content(empty_url, {"book": old["book"], "shelf": ["id", "at"]})
    assert old.keys() == {"book", "shelf"} and [count for count, _ in kept.values()] == [3, 3]
    await migrate(empty_url, folder=second(folder))
    assert await content(empty_url, {"book": old["book"], "shelf": ["id", "at"]}) == kept


async def load(url: str, kind: Kind, dump: str) -> None:
    """Fill an empty database from a plain dump."""
    if kind == "postgres":
        lines = [line for line in dump.splitlines() if not line.startswith("\\")]  # psql's own words
        return await run(url, "\n".join(lines))
    connection = sqlite3.connect(path_of(url))
    connection.executescript(dump)
    connection.close()
    return None


async def table_columns(url: str, kind: Kind) -> dict[str, list[str]]:
    """Return the columns of every table but the runner's own."""
    if kind == "sqlite":
        query = """SELECT m.name AS t, c.name AS c FROM sqlite_master m JOIN pragma_table_info(m.name) c
            WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'"""
    else:
        query = """SELECT table_name::text AS t, column_name::text AS c FROM information_schema.columns
            WHERE table_schema = 'public'"""
    found: dict[str, list[str]] = {}
    for row in await rows(url, query):
        if row["t"] != "applied_migration":
            found.setdefault(row["t"], []).append(row["c"])
    return found


def test_the_template_is_one_file(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copyfile(sqlite_template, tmp_path / "copy.db")
    assert asyncio.run(pending(f"sqlite://{tmp_path / 'copy.db'}")) == []


async def test_the_database_fixture_is_migrated_and_empty(database: Database, kind: Kind) -> None:
    """Also after test_evidence_cannot_be_changed, whose rows no statement could delete."""
    assert database.kind == kind
    assert await pending(database.url) == []
    found = await content(database.url, {table: [] for table in await table_columns(database.url, kind)})
    assert len(found) > 20 and sum(count for count, _ in found.values()) == 0
