"""The core's own tables, so that its tests stand on nothing else."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.connect import Database, open_database
from server.db.migrate import migrate
from tests.db import sample_tables


@pytest.fixture
async def sample(empty_url: str, tmp_path: Path) -> AsyncIterator[Database]:
    """Yield an open database with the sample tables, on SQLite and on PostgreSQL."""
    await migrate(empty_url, folder=sample_tables.history(tmp_path / "history"))
    opened = await open_database(empty_url, tables=[sample_tables.MODULE])
    try:
        yield opened
    finally:
        await opened.close()
