"""Upload throughput incl. SHA-256 and fsync: ours against @tus/server with its file store, in one run.

Both get the same uploads from the same client (POST, then one PATCH of the whole file, `CLIENTS` at a time). At the
end of each upload the peer reads the file back for its SHA-256, syncs it, renames it and syncs the folder; ours
hashes while it writes, syncs, publishes and commits to SQLite before the receipt, and its worker draws renditions
meanwhile. Rounds alternate; the ratio is the median of the rounds' ratios. Prints one JSON line.
"""

import base64
import hashlib
import http.client
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
PEER = ROOT / "bench" / "tus"
SIZE = 4_000_000
UPLOADS = 32
CLIENTS = 4
ROUNDS = 3


def main() -> None:
    """Measure both and print the ratio."""
    if not (PEER / "node_modules").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=PEER, check=True)
    folder = Path(tempfile.mkdtemp(prefix="zollstock-bench-", dir=ROOT / "bench"))
    try:
        with ours(folder / "ours") as mine, peer(folder / "peer") as other:
            rate(mine, 4), rate(other, 4)
            rounds = [(rate(mine, UPLOADS), rate(other, UPLOADS)) for _ in range(ROUNDS)]
    finally:
        shutil.rmtree(folder)
    ratio = statistics.median(a / b for a, b in rounds)
    line = {"name": "uploads", "ratio": round(ratio, 2), "goal": 1.0}
    line |= {"ours_mb_s": [round(a) for a, _ in rounds], "peer_mb_s": [round(b) for _, b in rounds]}
    print(json.dumps(line))


Target = tuple[int, str, dict[str, str]]


@contextmanager
def ours(data: Path) -> Iterator[Target]:
    """Serve Zollstock on a fresh SQLite folder; yields port, path and headers."""
    command = [sys.executable, "-m", "server"]

    def say(*words: str) -> str:
        return subprocess.run(
            [*command, *words, "--data", str(data)], cwd=ROOT, check=True, capture_output=True, text=True
        ).stdout

    say("migrate"), say("company", "create", "Bench")
    say("user", "create", "bench", "--company", "Bench", "--role", "worker")
    token = say("token", "create", "bench", "--name", "bench").split()[-1]
    port = free_port()
    with served([*command, "serve", "--data", str(data), "--port", str(port)], port):
        yield port, "/sync/blobs/", {"Authorization": f"Bearer {token}"}


@contextmanager
def peer(data: Path) -> Iterator[Target]:
    """Serve @tus/server; yields port, path and headers."""
    port = free_port()
    with served(["node", str(PEER / "server.mjs"), str(port), str(data)], port):
        yield port, "/files", {}


@contextmanager
def served(command: list[str], port: int) -> Iterator[None]:
    server = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield
    finally:
        server.terminate()
        server.wait(30)


def rate(target: Target, count: int) -> float:
    """Return MB per second over `count` uploads."""
    bodies = [b"\xff\xd8\xff\xe0" + os.urandom(SIZE - 4) for _ in range(count)]
    known = [(body, hashlib.sha256(body).hexdigest()) for body in bodies]
    shares = [known[n::CLIENTS] for n in range(CLIENTS)]
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as threads:
        list(threads.map(lambda share: bring(target, share), shares))
    return count * SIZE / 1e6 / (time.perf_counter() - started)


def bring(target: Target, bodies: list[tuple[bytes, str]]) -> None:
    port, path, headers = target
    line = http.client.HTTPConnection("127.0.0.1", port)
    for body, digest in bodies:
        sha256 = base64.b64encode(digest.encode()).decode()
        metadata = f"filetype {base64.b64encode(b'image/jpeg').decode()},sha256 {sha256}"
        common = headers | {"Tus-Resumable": "1.0.0"}
        answer = send(
            line, "POST", path, common | {"Upload-Length": str(SIZE), "Upload-Metadata": metadata}, b""
        )
        place = "/" + answer.headers["Location"].split("://")[-1].partition("/")[2]
        stream = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        send(line, "PATCH", place, common | stream, body)
    line.close()


def send(
    line: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str], body: bytes
) -> http.client.HTTPResponse:
    line.request(method, path, body=body, headers=headers)
    answer = line.getresponse()
    said = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"{method} {path}: {answer.status} {said[:200]!r}")
    return answer


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    main()
