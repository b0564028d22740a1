"""The judge of system calls accepts the one right order and names the step that is late or missing."""

from pathlib import Path

import pytest

from tests.chaos.order import judged, read

ID = "0199-a"
STEPS = {
    "": f'7 write(9</d/parts/{ID}.part>, "x", 1) = 1',
    "the part synced": f"7 fsync(9</d/parts/{ID}.part>) = 0",
    "linked": f'7 link("/d/parts/{ID}.part", "/d/photos/c/{ID}.jpg") = 0',
    "the folder synced": "7 fsync(9</d/photos/c>) = 0",
    "the row in the log": f'8 pwrite64(5</d/zollstock.db-wal>, "..{ID}..", 4096, 32) = 4096',
    "the log synced": "8 fsync(5</d/zollstock.db-wal>) = 0",
    "answer": f'9 writev(11<socket:[1]>, [{{iov_base="HTTP/1.1 200 OK"}}, {{iov_base="{{\\"id\\":\\"{ID}\\",\\"state\\":\\"stored\\"}}"}}], 2) = 80',
}  # fmt: skip
NAMES = [name for name in STEPS if name not in ("", "answer")]


def wrong(folder: Path, lines: list[str]) -> list[str]:
    (folder / "log").write_text("\n".join(lines), encoding="utf-8")
    return judged(read(folder / "log"), [ID]).wrong


def test_the_right_order(tmp_path: Path) -> None:
    assert wrong(tmp_path, list(STEPS.values())) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_missing_step(tmp_path: Path, name: str) -> None:
    lines = [line for key, line in STEPS.items() if key != name]
    assert wrong(tmp_path, lines) == [f"{ID}: not {name} before the answer"]


@pytest.mark.parametrize("name", NAMES)
def test_a_step_after_the_answer(tmp_path: Path, name: str) -> None:
    lines = [line for key, line in STEPS.items() if key != name] + [STEPS[name]]
    assert wrong(tmp_path, lines) == [f"{ID}: not {name} before the answer"]


def test_a_sync_that_has_only_begun_does_not_count(tmp_path: Path) -> None:
    lines = list(STEPS.values())
    begun = "8 fsync(5</d/zollstock.db-wal> <unfinished ...>"
    lines[5:] = [begun, STEPS["answer"], "8 <... fsync resumed>) = 0"]
    assert wrong(tmp_path, lines) == [f"{ID}: not the log synced before the answer"]


def test_a_sync_that_failed_does_not_count(tmp_path: Path) -> None:
    lines = [
        line.replace("photos/c>) = 0", "photos/c>) = -1 EIO (Input/output error)") for line in STEPS.values()
    ]
    assert wrong(tmp_path, lines) == [f"{ID}: not the folder synced before the answer"]


def test_swapped_steps(tmp_path: Path) -> None:
    keys = list(STEPS)
    keys[1], keys[2] = keys[2], keys[1]
    assert wrong(tmp_path, [STEPS[key] for key in keys]) == [f"{ID}: not linked before the answer"]


def test_no_answer_at_all(tmp_path: Path) -> None:
    assert wrong(tmp_path, list(STEPS.values())[:-1]) == [f"{ID}: 1 writes, 0 answers"]
