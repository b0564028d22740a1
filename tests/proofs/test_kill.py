"""kill -9 under four phones on bad networks: what was acknowledged is there, once, and whole.

Here in a small size; `make chaos` runs 10,000 captures under 200 kills.
"""

from pathlib import Path

import pytest

from tests.chaos.storm import storm


@pytest.mark.slow
def test_kill_9_under_every_fault_of_the_network(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = storm(tmp_path, captures=100, kills=4, seed=7)
    assert found.verdict.wrong() == {}
    assert (found.verdict.acked, found.verdict.hashed, found.confirmed) == (100, 100, 100)
    assert found.kills == 4
    with capsys.disabled():
        print(
            f"\n{found.kills} kills, {found.confirmed} captures, {found.connections} connections"
            f" ({dict(found.faults)}): 0 lost, 0 twice, 0 orphans;"
            f" up again in {found.slowest_start_s:.2f} s at the most"
        )
