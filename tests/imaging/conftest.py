"""One box for the whole module run, and photos made here."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from server.imaging.box import ImageBox

SHARED = Path(__file__).parents[3] / "shared/photos"


@pytest.fixture
async def box() -> AsyncIterator[ImageBox]:
    made = ImageBox()
    yield made
    await made.close()


@pytest.fixture
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("the folder of real photos (../shared/photos) is not here")
    return SHARED
