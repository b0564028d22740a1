"""A full and a broken disk at the k-th call under the real server; `make chaos` goes through k = 1..300.

No false receipt, a refusal in a sentence, reading goes on; a full disk heals by itself, a failed sync by a restart.
"""

from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.chaos.disk_faults import BROKEN, FULL, UNSYNCED, Illness, Outcome, suffer
from tests.chaos.shim import compiler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(compiler() is None, reason="there is no C compiler for the LD_PRELOAD shim"),
]


def good(folder: Path, illness: Illness, ks: Iterable[int]) -> Outcome:
    found = suffer(folder, illness, ks)
    assert found.verdict.wrong() == {}
    assert found.refused == found.tries and found.verdict.acked == found.verdict.hashed > found.tries
    assert found.python_calls > 50 and found.sqlite_calls > 50, (
        "both kinds of files were really under the shim"
    )
    return found


def test_a_full_disk_heals_without_a_restart(tmp_path: Path) -> None:
    found = good(tmp_path, FULL, range(1, 150, 8))
    assert found.answers == {"507 storage.full": found.tries}
    assert found.restarts == 0


def test_after_a_failed_sync_no_receipt_until_a_restart(tmp_path: Path) -> None:
    found = good(tmp_path, UNSYNCED, (1, 2, 3, 5))
    assert found.answers == {"503 storage.unsynced": 4}
    assert found.restarts == 4


def test_a_broken_disk_acknowledges_nothing_false(tmp_path: Path) -> None:
    found = good(tmp_path, BROKEN, (1, 4, 17))
    assert set(found.answers) <= {"503 storage.unsynced", "503 storage.failed"}
