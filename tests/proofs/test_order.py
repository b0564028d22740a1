"""No receipt leaves before everything it promises is on the disk: system calls of the real server, in order.

Here in a small size; `make chaos` watches 200 uploads.
"""

from pathlib import Path

import pytest

from tests.chaos.order import can_trace, watch

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not can_trace(), reason="strace is missing or may not trace here"),
]


def test_bytes_name_folder_database_then_the_answer(tmp_path: Path) -> None:
    found = watch(tmp_path, 12)
    assert found.wrong == []
    assert (found.in_order, found.uploads) == (12, 12)
