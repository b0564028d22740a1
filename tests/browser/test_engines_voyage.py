"""A long day on one phone in each engine, in a small size; `make chaos` has 300 captures each."""

import os
from pathlib import Path

import pytest

from tests.browser.phones import engine_params
from tests.browser.voyage import day_of

CAPTURES = int(os.environ.get("ZOLLSTOCK_CAPTURES", "33"))
SEED = int(os.environ.get("ZOLLSTOCK_SEED", "3"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", engine_params())
def test_everything_arrives_once(engine: str, tmp_path: Path) -> None:
    assert len(day_of(engine, tmp_path, CAPTURES, SEED).made) == CAPTURES
