"""kill -9 at random moments under four uploading phones: what was acknowledged is there, once, and whole.

`ZOLLSTOCK_KILLS` sets the number of kills (12 in `make test`, 50 for the gate).
"""

import base64
import hashlib
import os
import random
import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.ids import new_id
from tests.proofs.server import Server, client, founded

KILLS = int(os.environ.get("ZOLLSTOCK_KILLS", "12"))
PHONES = 4
SLICE = 64 * 1024


@dataclass(slots=True)
class Phone:
    """A client that never gives up and writes down every receipt it got: the ledger."""

    server: Server
    token: str
    seed: int
    over: threading.Event
    receipts: dict[str, dict[str, Any]] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)

    def work(self) -> None:
        chance = random.Random(self.seed)
        while not self.over.is_set():
            data = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + chance.randbytes(
                chance.randrange(1_000, 400_000)
            )
            ident = str(new_id())
            self.sent[ident] = data
            self.receipts[ident] = self.bring(ident, data)

    def bring(self, ident: str, data: bytes) -> dict[str, Any]:
        """Announce and upload until our own JSON says stored with our hash."""
        while True:
            try:
                with client(self.server, self.token) as http:
                    receipt = self.once(http, ident, data)
            except httpx.TransportError:
                receipt = None
            if receipt:
                return receipt
            time.sleep(0.05)

    def once(self, http: httpx.Client, ident: str, data: bytes) -> dict[str, Any] | None:
        sha256 = hashlib.sha256(data).hexdigest()
        body: dict[str, object] = {
            "kind": "photo", "job": None, "captured_at": "2026-11-24T10:42:00+01:00", "caption": "", "phase": None,
            "tags": [], "position": None, "sha256": sha256, "size": len(data), "mime": "image/jpeg", "thumb": None,
            "refs": [],
        }  # fmt: skip
        answer = http.put(f"/sync/items/{ident}", json=body)
        assert answer.status_code in (200, 201), answer.text
        item = http.get(f"/sync/items/{ident}").json()
        if item["state"] == "stored":
            return stored(item, sha256)
        words = {"id": ident, "sha256": sha256, "filetype": "image/jpeg"}
        metadata = ",".join(
            f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in words.items()
        )
        tus = {"Tus-Resumable": "1.0.0"}
        created = http.post(
            "/sync/blobs/", headers=tus | {"Upload-Length": str(len(data)), "Upload-Metadata": metadata}
        )
        assert created.status_code == 201, created.text
        place = f"/sync/blobs/{ident}"
        offset = int(http.head(place, headers=tus).headers["Upload-Offset"])
        last: httpx.Response | None = None
        while offset < len(data):
            patch = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
            last = http.patch(place, content=data[offset : offset + SLICE], headers=tus | patch)
            if last.status_code == 409:
                return None
            assert last.status_code in (200, 204), (last.status_code, last.text)
            offset = int(last.headers["Upload-Offset"])
        return stored(last.json(), sha256) if last is not None and last.content else None


def stored(item: dict[str, Any], sha256: str) -> dict[str, Any] | None:
    return item if item.get("state") == "stored" and item.get("sha256") == sha256 else None


@pytest.mark.slow
def test_kill_9(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logins = [(f"phone{number}", "worker") for number in range(PHONES)]
    server, tokens = founded(tmp_path / "data", logins)
    starts = [server.start()]
    over = threading.Event()
    phones = [Phone(server, tokens[login], seed, over) for seed, (login, _) in enumerate(logins)]
    threads = [threading.Thread(target=phone.work) for phone in phones]
    for thread in threads:
        thread.start()
    chance = random.Random(7)
    try:
        for _ in range(KILLS):
            time.sleep(chance.uniform(0.1, 1.2))
            server.kill()
            starts.append(server.start())
    finally:
        over.set()
        for thread in threads:
            thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    code = server.stop()
    assert code == 0
    receipts = {ident: receipt for phone in phones for ident, receipt in phone.receipts.items()}
    sent = {ident: data for phone in phones for ident, data in phone.sent.items()}
    check(tmp_path / "data", receipts, sent)
    with capsys.disabled():
        print(
            f"\n{KILLS} kills, {len(receipts)} photos acknowledged, 0 lost, 0 twice;"
            f" up again in {max(starts[1:]):.2f} s at the most"
        )
    assert max(starts[1:]) < 10


def check(data: Path, receipts: dict[str, dict[str, Any]], sent: dict[str, bytes]) -> None:
    """Compare ledger, rows and files as sets."""
    with closing(sqlite3.connect(data / "zollstock.db")) as base:
        rows = {
            ident: (key, sha) for ident, key, sha in base.execute("SELECT id, storage_key, sha256 FROM photo")
        }
        renditions = [key for (key,) in base.execute("SELECT storage_key FROM rendition")]
        uploads = base.execute("SELECT COUNT(*) FROM upload").fetchone()[0]
        problem = base.execute("PRAGMA integrity_check").fetchone()[0]
    assert problem == "ok"
    assert receipts.keys() <= rows.keys(), "acknowledged, but no row"
    assert rows.keys() <= sent.keys(), "rows that nobody sent"
    for ident in receipts:
        key, sha256 = rows[ident]
        file = data / "photos" / key
        assert file.read_bytes() == sent[ident], f"{ident} is not what was sent"
        assert sha256 == receipts[ident]["sha256"] == hashlib.sha256(sent[ident]).hexdigest()
    kept = {key for key, _ in rows.values() if key} | set(renditions)
    lying = {
        path.relative_to(data / "photos").as_posix()
        for path in (data / "photos").rglob("*")
        if path.is_file()
    }
    assert lying == kept, f"orphans: {lying - kept}, missing: {kept - lying}"
    assert uploads == 0 and not [path for path in (data / "parts").iterdir() if path.is_file()], (
        "unfinished leftovers"
    )
