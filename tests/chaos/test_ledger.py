"""The oracle sees what it is for: each kind of harm, planted, is found and named."""

import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chaos.ledger import Ledger, judge

GOOD = b"\xff\xd8good"
SHA = hashlib.sha256(GOOD).hexdigest()


@pytest.fixture
def world(tmp_path: Path) -> tuple[Path, Path]:
    """Return a data folder with one stored photo, and the ledger that knows it."""
    data, ledger = tmp_path / "data", Ledger(tmp_path / "ledger.jsonl")
    (data / "photos" / "c").mkdir(parents=True)
    (data / "parts").mkdir()
    (data / "photos" / "c" / "a.jpg").write_bytes(GOOD)
    with closing(sqlite3.connect(data / "zollstock.db")) as base:
        base.executescript(
            """
            CREATE TABLE photo (id TEXT, state TEXT, storage_key TEXT, sha256 TEXT, size_bytes INTEGER);
            CREATE TABLE rendition (storage_key TEXT);
            CREATE TABLE upload (id TEXT);
            CREATE TABLE logbook (subject_id TEXT, verb TEXT);
            INSERT INTO logbook VALUES ('a', 'photo.stored');
            """
        )
        base.execute("INSERT INTO photo VALUES ('a', 'stored', 'c/a.jpg', ?, ?)", (SHA, len(GOOD)))
        base.commit()
    ledger.write("made", "a", sha256=SHA, size=len(GOOD))
    ledger.write("acked", "a", ack={"sha256": SHA})
    ledger.close()
    return data, ledger.path


def wrong(world: tuple[Path, Path], statement: str = "") -> dict[str, list[str]]:
    data, ledger = world
    with closing(sqlite3.connect(data / "zollstock.db")) as base:
        base.executescript(statement)
    return judge(data, ledger).wrong()


def test_a_good_end(world: tuple[Path, Path]) -> None:
    assert wrong(world) == {}
    found = judge(*world)
    assert (found.acked, found.hashed) == (1, 1)


def test_acknowledged_without_a_row(world: tuple[Path, Path]) -> None:
    assert wrong(world, "DELETE FROM photo") == {"lost": ["a"], "orphans": ["c/a.jpg"]}


def test_acknowledged_but_not_stored(world: tuple[Path, Path]) -> None:
    assert wrong(world, "UPDATE photo SET state = 'announced'") == {"lost": ["a"], "orphans": ["c/a.jpg"]}


def test_row_without_its_file(world: tuple[Path, Path]) -> None:
    (world[0] / "photos" / "c" / "a.jpg").unlink()
    assert wrong(world) == {"lost": ["file c/a.jpg"]}


def test_a_changed_byte(world: tuple[Path, Path]) -> None:
    (world[0] / "photos" / "c" / "a.jpg").write_bytes(GOOD[:-1] + b"x")
    assert wrong(world) == {"damaged": ["file c/a.jpg"]}


def test_a_file_nobody_knows(world: tuple[Path, Path]) -> None:
    (world[0] / "photos" / "b.jpg").write_bytes(b"x")
    assert wrong(world) == {"orphans": ["b.jpg"]}


def test_the_same_content_under_another_id(world: tuple[Path, Path]) -> None:
    (world[0] / "photos" / "c" / "b.jpg").write_bytes(GOOD)
    found = wrong(world, f"INSERT INTO photo VALUES ('b', 'stored', 'c/b.jpg', '{SHA}', {len(GOOD)})")
    assert found == {"twice": ["rows nobody sent: b", f"content {SHA}"], "damaged": ["file c/b.jpg"]}


def test_stored_twice_in_the_logbook(world: tuple[Path, Path]) -> None:
    found = wrong(world, "INSERT INTO logbook VALUES ('a', 'photo.stored')")
    assert found == {"twice": ["stored 2 times: a"]}


def test_leftovers(world: tuple[Path, Path]) -> None:
    (world[0] / "parts" / "b.part").touch()
    found = wrong(world, "INSERT INTO upload VALUES ('b')")
    assert found == {"left_over": ["upload b", "part b.part"]}
