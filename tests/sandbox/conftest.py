from collections.abc import AsyncIterator

import pytest

from tests.channels.lines import Line


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    fresh = Line()
    async with fresh.http:
        yield fresh
        await fresh.sandbox.settle()
