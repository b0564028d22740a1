"""A phone without a browser that syncs as ours does: have → item with thumb → slices → receipt → later have.

It behaves like static/js/offline/{upload,send,tus}.js, with its waiting times `HURRY` times shorter, and writes every
receipt into the ledger. It never gives up an item and believes nothing but our own JSON.
"""

import base64
import hashlib
import http.client
import io
import json
import random
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from PIL import Image

from server.ids import new_id
from tests.chaos.ledger import Ledger

HURRY = 40
BACKOFF_S, BACKOFF_MAX_S = 2 / HURRY, 300 / HURRY
WATCHDOG_S = 3.0  # 30 s on the phone; not shortened as much, for the server here is slow under load
SURPRISES = 5
FIRST_SLICE, SLICE = 8 * 1024, 16 * 1024  # 256 kB and up on the phone, for files that are as much larger
HEAD = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
TUS = {"Tus-Resumable": "1.0.0"}
STREAM = TUS | {"Content-Type": "application/offset+octet-stream"}


class Later(Exception):
    """Not now: the line, the server or something in between; the item waits and is tried again."""


class Wrong(Exception):
    """The server said what it must never say; the run has failed."""


@dataclass(slots=True)
class Capture:
    """One photo on the phone, with everything it needs to be sent again."""

    id: str
    data: bytes
    sha256: str
    acked: bool = False
    failures: int = 0


def thumb() -> str:
    out = io.BytesIO()
    Image.new("RGB", (32, 24), "gray").save(out, "JPEG", quality=40)
    return base64.b64encode(out.getvalue()).decode()


THUMB = thumb()


@dataclass(slots=True)
class Phone:
    """Makes `captures` photos in bursts and brings them all; `port` is the server's or a proxy's."""

    port: int
    token: str
    seed: int
    ledger: Ledger
    captures: int
    sizes: tuple[int, int] = (1_000, 60_000)
    over: threading.Event = field(default_factory=threading.Event)
    fault: BaseException | None = None
    tries: int = 0
    _line: http.client.HTTPConnection | None = None

    def work(self) -> None:
        """Run in a thread; a failed run says so in `fault`."""
        try:
            self._work()
        except BaseException as error:
            self.fault = error
        finally:
            self._hang_up()

    def _work(self) -> None:
        chance, left = random.Random(self.seed), self.captures
        while left and not self.over.is_set():
            burst = [self._shoot(chance) for _ in range(min(left, chance.randrange(1, 13)))]
            left -= len(burst)
            self._drain(burst, chance)

    def _shoot(self, chance: random.Random) -> Capture:
        data = HEAD + chance.randbytes(chance.randrange(*self.sizes))
        one = Capture(str(new_id()), data, hashlib.sha256(data).hexdigest())
        self.ledger.write("made", one.id, sha256=one.sha256, size=len(data))
        return one

    def _drain(self, burst: list[Capture], chance: random.Random) -> None:
        """Go round until a later have has confirmed every receipt; what fails steps back, the others go on."""
        waiting, failures = {one.id: one for one in burst}, 0
        while waiting and not self.over.is_set():
            try:
                self._round(waiting)
                failures = 0
            except (Later, OSError, http.client.HTTPException):
                self._hang_up()
                failures += 1
                time.sleep(chance.uniform(0, min(BACKOFF_MAX_S, BACKOFF_S * 2**failures)))

    def _round(self, waiting: dict[str, Capture]) -> None:
        known = self._json("POST", "/sync/have", {"ids": list(waiting)})
        if "items" not in known:
            raise Later("portal")
        failed: Exception | None = None
        for one in list(waiting.values()):
            try:
                if self._settle(one, known["items"][one.id]):
                    del waiting[one.id]
            except (Later, OSError, http.client.HTTPException) as error:
                self._hang_up()
                one.failures += 1
                failed = error
        if failed:
            raise Later from failed

    def _settle(self, one: Capture, known: dict[str, Any]) -> bool:
        """Bring one capture a step further; True when it is safe and confirmed."""
        if one.acked:
            if known["state"] != "stored" or known["sha256"] != one.sha256:
                raise Wrong(f"acknowledged, and then: {known}")
            self.ledger.write("confirmed", one.id)
            return True
        if known["state"] == "unknown":
            self._announce(one)
        paper = None if known["state"] == "stored" else self._carry(one, known)
        self._accept(one, paper or self._json("GET", f"/sync/items/{one.id}"))
        return False

    def _announce(self, one: Capture) -> None:
        body: dict[str, object] = {
            "kind": "photo", "job": None, "captured_at": "2026-11-24T10:42:00+01:00", "caption": "", "phase": None,
            "tags": [], "position": None, "sha256": one.sha256, "size": len(one.data), "mime": "image/jpeg",
            "thumb": THUMB, "refs": [],
        }  # fmt: skip
        if self._json("PUT", f"/sync/items/{one.id}", body).get("id") != one.id:
            raise Later("portal")

    def _carry(self, one: Capture, known: dict[str, Any]) -> dict[str, Any] | None:
        """Send slices from where the server stands; returns the receipt if an answer carried one."""
        have = known["offset"] if known["state"] == "receiving" else None
        for _ in range(SURPRISES + len(one.data) // SLICE):
            if have is not None and have >= len(one.data):
                return None
            status, headers, body = self._create(one) if have is None else self._append(one, have)
            if _receipt(body):
                return _receipt(body)
            if status in (404, 410):
                have = None
            elif status == 409 or "Upload-Offset" not in headers:
                have = self._standing(one)
            else:
                have = int(headers["Upload-Offset"])
        raise Later("offset")

    def _create(self, one: Capture) -> "Answer":
        words = {"id": one.id, "sha256": one.sha256, "filetype": "image/jpeg"}
        pairs = (f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in words.items())
        more = {"Upload-Length": str(len(one.data)), "Upload-Metadata": ",".join(pairs)}
        return self._ask("POST", "/sync/blobs/", one.data[:FIRST_SLICE], STREAM | more, (200, 201, 204))

    def _append(self, one: Capture, offset: int) -> "Answer":
        piece, more = one.data[offset : offset + SLICE], {"Upload-Offset": str(offset)}
        return self._ask("PATCH", f"/sync/blobs/{one.id}", piece, STREAM | more, (200, 204, 404, 409, 410))

    def _standing(self, one: Capture) -> int | None:
        status, headers, _ = self._ask("HEAD", f"/sync/blobs/{one.id}", b"", TUS, (200, 404, 410))
        if status != 200:
            return None
        if "Upload-Offset" not in headers:
            raise Later("portal")
        return int(headers["Upload-Offset"])

    def _accept(self, one: Capture, paper: dict[str, Any]) -> None:
        if paper.get("id") != one.id or paper.get("state") != "stored":
            raise Later("not yet")
        if (paper["sha256"], paper["size"]) != (one.sha256, len(one.data)):
            raise Wrong(f"a receipt for other bytes: {paper}")
        self.ledger.write("acked", one.id, ack=paper)
        one.acked = True

    def _json(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        payload = b"" if body is None else json.dumps(body).encode()
        kind = {} if body is None else {"Content-Type": "application/json"}
        said = self._ask(method, path, payload, kind, (200, 201))[2]
        try:
            found = json.loads(said)
        except ValueError:
            raise Later("portal") from None
        return found if isinstance(found, dict) else {}

    def _ask(
        self, method: str, path: str, body: bytes, headers: dict[str, str], good: tuple[int, ...]
    ) -> "Answer":
        self.tries += 1
        if self._line is None:
            self._line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WATCHDOG_S)
        self._line.request(
            method, path, body=body, headers=headers | {"Authorization": f"Bearer {self.token}"}
        )
        answer = self._line.getresponse()
        said = answer.read()
        if answer.status in (408, 423, 425, 429) or answer.status >= 500:
            raise Later(answer.status)
        if answer.status not in good:
            raise Wrong(f"{method} {path}: {answer.status} {said[:300]!r}")
        return answer.status, answer.headers, said

    def _hang_up(self) -> None:
        if self._line:
            self._line.close()
        self._line = None


Answer = tuple[int, "http.client.HTTPMessage", bytes]


def _receipt(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) and found.get("state") == "stored" else None
