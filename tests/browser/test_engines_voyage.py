"""A long day on one phone in each engine; ZOLLSTOCK_CAPTURES says how long (`make chaos`: 300)."""

import os
from pathlib import Path

import pytest

from tests.browser.offline_server import Office
from tests.browser.phones import engine_params, phone_of
from tests.browser.voyage import Voyage, sail
from tests.ports import free_port

CAPTURES = int(os.environ.get("ZOLLSTOCK_CAPTURES", "33"))
SEED = int(os.environ.get("ZOLLSTOCK_SEED", "3"))


@pytest.mark.slow
@pytest.mark.parametrize("engine", engine_params())
def test_everything_arrives_once(engine: str, tmp_path: Path) -> None:
    office = Office(free_port())
    office.start()
    phone = phone_of(engine, tmp_path / "phone")
    phone.start()
    (folder := tmp_path / "files").mkdir()
    try:
        sail(Voyage(phone, office, folder, SEED), CAPTURES)
    finally:
        phone.close()
        office.stop()
