"""Ending, starting twice, wrong words, backup and restore: the commands keep what contracts.md says."""

import hashlib
import io
import os
import socket
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from PIL import Image

from server.ids import new_id
from tests.ports import free_port
from tests.proofs import bringing
from tests.proofs.server import ROOT, Server, client, command, founded

pytestmark = pytest.mark.slow
STOPS_IN_S = 10.0
PATIENCE_S = 60.0


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Yield a running server for tests that leave it as it is."""
    server, _ = founded(tmp_path_factory.mktemp("standing") / "data", [("sabine", "office")])
    server.start()
    yield server
    server.kill()


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """Yield a running server with one company and the bearer token of its office."""
    server, tokens = founded(tmp_path / "data", [("sabine", "office")])
    server.start()
    yield server, tokens["sabine"]
    server.kill()


def said(data: Path, *words: str, process: bool = False) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is; a process of its own costs more than a second."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ZOLLSTOCK_")}
    given = [*words, "--data", str(data)]
    if not process:
        return command(given, kept)
    return subprocess.run(
        [sys.executable, "-m", "server", *given],
        cwd=ROOT, env=kept, text=True, capture_output=True, timeout=60, check=False,
    )  # fmt: skip


def assert_refused(done: subprocess.CompletedProcess[str], *, about: str) -> None:
    """One plain sentence on standard error, and nothing else there."""
    assert done.returncode == 1, done.stderr
    assert about in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def picture(colour: int, size: tuple[int, int] = (320, 240)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (colour, 90, 160)).save(out, "JPEG")
    return out.getvalue()


def contents(data: Path) -> dict[str, str]:
    """Return path → SHA-256 of everything below a folder but the lock file, which any command makes."""
    return {
        path.relative_to(data).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in data.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def test_sigterm_ends_it_under_streams_and_an_upload(firm: tuple[Server, str]) -> None:
    server, token = firm
    data = picture(1, (1600, 1200)) + bytes(6_000_000)
    ident = str(new_id())
    with client(server, token) as http:
        assert bringing.announce(http, ident, data, "image/jpeg").status_code == 201
        assert bringing.begin(http, ident, data, "image/jpeg").status_code == 201
    over = threading.Event()
    open_ones = [
        threading.Thread(target=listen, args=(server, token), daemon=True),
        threading.Thread(target=listen, args=(server, token), daemon=True),
        threading.Thread(target=drip, args=(server, token, ident, data, over), daemon=True),
    ]
    for one in open_ones:
        one.start()
    part = server.data / "parts"
    until(lambda: any(path.stat().st_size for path in part.iterdir() if path.is_file()))
    began = time.monotonic()
    code = server.stop()
    took = time.monotonic() - began
    over.set()
    for one in open_ones:
        one.join(timeout=PATIENCE_S)
    assert code == 0
    assert took < STOPS_IN_S
    assert not any(one.is_alive() for one in open_ones), "a connection outlived the server"

    server.start()
    with client(server, token) as http:
        kept = int(http.head(f"/sync/blobs/{ident}", headers=bringing.TUS).headers["Upload-Offset"])
        assert 0 < kept < len(data)
        assert bringing.send(http, ident, data).json()["state"] == "stored"


def listen(server: Server, token: str) -> None:
    """Hold the stream of live changes open until the server ends it."""
    with client(server, token) as http:
        try:
            with http.stream("GET", "/live", headers={"Accept": "text/event-stream"}, timeout=30) as answer:
                for _ in answer.iter_raw():
                    pass
        except httpx.TransportError:
            return


def drip(server: Server, token: str, ident: str, data: bytes, over: threading.Event) -> None:
    """Upload a good deal at once and the rest so slowly that it would take minutes."""

    def slowly() -> Iterator[bytes]:
        yield data[:4_000_000]
        for at in range(4_000_000, len(data), 2000):
            yield data[at : at + 2000]
            if over.wait(0.2):
                return

    words = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    with client(server, token) as http:
        try:
            http.patch(f"/sync/blobs/{ident}", content=slowly(), headers=bringing.TUS | words)
        except (httpx.TransportError, RuntimeError):
            return


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


def test_a_second_server_on_the_same_folder_is_refused(standing: Server) -> None:
    server = standing
    other = free_port()
    for words in (("serve", "--port", str(other)), ("migrate",), ("company", "create", "Zweite")):
        done = said(server.data, *words, process=words[0] == "serve")
        assert_refused(done, about="läuft schon ein Server")
    with socket.socket() as nobody:
        assert nobody.connect_ex(("127.0.0.1", other)) != 0
    assert httpx.get(f"{server.url}/readyz", timeout=PATIENCE_S).status_code == 200


def test_a_taken_port_is_one_sentence(standing: Server, tmp_path: Path) -> None:
    done = said(tmp_path / "other", "serve", "--port", str(standing.port), process=True)
    assert_refused(done, about=str(standing.port))


def test_a_database_of_another_program_is_one_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert said(data, "migrate").returncode == 0
    with closing(sqlite3.connect(data / "zollstock.db")) as database, database:
        database.execute("UPDATE applied_migration SET sha256 = 'other'")
    done = said(data, "serve", "--port", str(free_port()), process=True)
    assert_refused(done, about="passt nicht zu diesem Programm")


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("dance",),
        ("serve", "--port", "no"),
        ("user", "create", "ali"),
        ("backup",),
        ("restore", "a", "b"),
    ],
)
def test_wrong_words_are_two(tmp_path: Path, words: tuple[str, ...]) -> None:
    done = said(tmp_path / "data", *words, process=not words)
    assert done.returncode == 2
    assert "usage" in done.stderr
    assert not (tmp_path / "data").exists()


def test_backup_beside_a_server_and_back(firm: tuple[Server, str], tmp_path: Path) -> None:
    server, token = firm
    sent = {str(new_id()): picture(colour) for colour in range(0, 240, 40)}
    with client(server, token) as http:
        for ident, data in sent.items():
            bringing.bring(http, ident, data, "image/jpeg")
        until(lambda: all(rendered(http, ident) for ident in sent))
    backup = tmp_path / "backup.tar"
    done = said(server.data, "backup", str(backup), process=True)
    assert done.returncode == 0, done.stderr
    assert httpx.get(f"{server.url}/readyz", timeout=PATIENCE_S).status_code == 200

    back = Server(tmp_path / "back")
    done = said(back.data, "restore", str(backup))
    assert done.returncode == 0, done.stderr
    before, after = contents(server.data / "photos"), contents(back.data / "photos")
    assert after == before and len(after) == 3 * len(sent)
    assert {hashlib.sha256(data).hexdigest() for data in sent.values()} <= set(after.values())
    back.start()
    try:
        with client(back, token) as http:
            for ident, data in sent.items():
                assert http.get(f"/photos/{ident}/original").content == data
    finally:
        assert back.stop() == 0

    full = contents(back.data)
    assert_refused(said(back.data, "restore", str(backup)), about="leeren Ordner")
    assert contents(back.data) == full
    damaged_ones_are_refused(backup, tmp_path / "empty")


def rendered(http: httpx.Client, ident: str) -> bool:
    return bool(http.get(f"/api/v1/photos/{ident}").json()["decode"] == "done")


def damaged_ones_are_refused(backup: Path, data: Path) -> None:
    """Cut, flipped, emptied, foreign, or gone: one sentence each, and the folder stays empty."""
    whole = backup.read_bytes()
    bad = backup.with_name("bad.tar")
    with tarfile.open(backup) as tar:
        starts = {one.name: one.offset_data for one in tar.getmembers()}
    photo = next(start for name, start in starts.items() if name.endswith(".jpg"))
    flipped_photo, flipped_base = bytearray(whole), bytearray(whole)
    flipped_photo[photo + 200] ^= 1
    flipped_base[starts["zollstock.db"]] ^= 1
    for damage in (
        bytes(flipped_photo),
        bytes(flipped_base),
        whole[: len(whole) // 2],
        whole[:700],
        whole[:photo],
        b"",
        b"PK\x03\x04 no backup at all" * 100,
    ):
        bad.write_bytes(damage)
        assert_refused(said(data, "restore", str(bad)), about="Sicherung")
        assert contents(data) == {}
    assert_refused(said(data, "restore", str(backup.with_name("nowhere.tar"))), about="nowhere.tar")
    assert contents(data) == {}


def test_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    target = tmp_path / "backup.tar"
    assert_refused(said(tmp_path / "data", "backup", str(target)), about="Datenbank")
    assert not list(tmp_path.glob("backup.tar*"))


def test_doctor_says_a_verdict_a_line(standing: Server, tmp_path: Path) -> None:
    for data in (standing.data, tmp_path / "new"):
        done = said(data, "doctor", process=data == standing.data)
        assert done.returncode == 0, done.stdout + done.stderr
        verdicts = [line for line in done.stdout.splitlines() if not line.startswith("ZOLLSTOCK_")]
        assert len(verdicts) >= 5
        assert all(line.startswith("ok ") for line in verdicts), verdicts
    assert not (tmp_path / "new").exists()


def test_doctor_finds_what_is_wrong(firm: tuple[Server, str]) -> None:
    server, _ = firm
    server.stop()
    (server.data / "zollstock.db").write_bytes(b"no database" * 1000)
    done = said(server.data, "doctor")
    assert done.returncode == 1
    assert any(line.startswith("FEHLER") and "Datenbank" in line for line in done.stdout.splitlines())
    assert_refused(done, about="Prüfung")
