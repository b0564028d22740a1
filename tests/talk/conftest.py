from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.db.connect import Database
from tests.talks import Firm, open_firm


@pytest.fixture
async def firm(database: Database, tmp_path: Path) -> AsyncIterator[Firm]:
    async with open_firm(database, tmp_path) as opened:
        yield opened
        assert opened.failures == []
