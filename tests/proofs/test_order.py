"""No receipt leaves before everything it promises is on the disk: system calls of the real server, in order.

Here in a small size; `make chaos` watches 200 uploads.
"""

from pathlib import Path

import pytest

from tests.chaos.order import NEVER, can_trace, read, watch

pytestmark = pytest.mark.slow


@pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here")
def test_bytes_name_folder_database_then_the_answer(tmp_path: Path) -> None:
    found = watch(tmp_path, 12)
    assert found.wrong == []
    assert (found.in_order, found.uploads) == (12, 12)


def test_a_call_that_strace_did_not_see_the_end_of(tmp_path: Path) -> None:
    """Whoever has the last receipt ends strace, which then may not have written that its sending returned."""
    log = tmp_path / "strace.log"
    log.write_text(
        """7 sendto(9<socket:[1]>, "a", 1, 0, NULL, 0) = 1
7 sendto(9<socket:[1]>, "b", 1, 0, NULL, 0 <detached ...>
8 write(4</parts/x.part>, "c", 1 <unfinished ...>
9 fsync(4</parts/x.part> <unfinished ...>
8 <... write resumed>) = 1
9 <... fsync resumed> <detached ...>
10 sendto(9<socket:[1]>, "d", 1, 0, NULL, 0 <unfinished ...>
""",
        encoding="utf-8",
    )
    found = read(log)
    assert [(call.begun, call.ended, call.result) for call in found] == [
        (0, 0, "1"), (1, NEVER, ""), (2, 4, "1"), (3, NEVER, ""), (6, NEVER, ""),
    ]  # fmt: skip
    assert '"b"' in found[1].words and '"d"' in found[4].words
