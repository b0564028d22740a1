"""Requests that meet, and clocks that lie; `make chaos` runs 500 races and more photos per era."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.chaos import clocks, races

pytestmark = pytest.mark.slow


def test_writers_and_readers_of_one_upload(tmp_path: Path) -> None:
    found = races.run(tmp_path, 40)
    assert found.verdict.wrong() == {}
    assert (found.verdict.acked, found.verdict.hashed, found.hung) == (40, 40, 0)
    assert found.torn > 5 and found.answers["PATCH 200"] > 10


@pytest.mark.skipif(clocks.library() is None, reason="libfaketime is not installed")
def test_a_server_whose_clock_is_wrong(tmp_path: Path) -> None:
    eras = ("now", "ten years late", "ten years early", "now again")
    found = clocks.live(tmp_path, 2, eras=eras)
    assert found.verdict.wrong() == {}
    assert found.photos == 2 * len(eras) + len(eras) - 1
    year = datetime.now(UTC).year
    assert (found.years["ten years late"], found.years["ten years early"]) == (year - 10, year + 10)
