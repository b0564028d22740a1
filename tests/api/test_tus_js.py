"""The published tus-js-client uploads and resumes against the real server, cut twice on the way."""

import hashlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.sites import photo_bytes

CLIENT = Path(__file__).parents[1] / "js_tus"
ROOT = Path(__file__).parents[2]


def zollstock(data: Path, *words: str) -> str:
    command = [sys.executable, "-m", "server", *words, "--data", str(data)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.strip()


@pytest.fixture
def token(tmp_path: Path) -> str:
    zollstock(tmp_path, "migrate")
    zollstock(tmp_path, "company", "create", "Elektro Brandt")
    zollstock(tmp_path, "user", "create", "jan", "--company", "Elektro Brandt", "--role", "worker")
    return zollstock(tmp_path, "token", "create", "jan", "--name", "tus").splitlines()[-1].split()[-1]


@pytest.fixture
def address(tmp_path: Path, token: str) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "server", "serve", "--data", str(tmp_path), "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT)
    try:
        for _ in range(150):
            try:
                if httpx.get(f"http://127.0.0.1:{port}/healthz").is_success:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield f"http://127.0.0.1:{port}/sync/blobs/"
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture
def client() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed; the tus-js-client cannot run")
    if not (CLIENT / "node_modules" / "tus-js-client").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=CLIENT, check=True, timeout=120, capture_output=True)
    return CLIENT / "upload.mjs"


def test_it_resumes_after_two_cuts(client: Path, address: str, token: str, tmp_path: Path) -> None:
    data = photo_bytes(6_000_000)
    file = tmp_path / "photo.jpg"
    file.write_bytes(data)
    done = subprocess.run(
        ["node", str(client), address, token, str(file)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["cuts"] == 2
    assert told["receipt"]["state"] == "stored"
    assert told["receipt"]["sha256"] == hashlib.sha256(data).hexdigest()
    original = httpx.get(
        f"{address.removesuffix('/sync/blobs/')}/api/v1/photos/{told['receipt']['id']}/original",
        headers={"Authorization": f"Bearer {token}"},
    )
    assert original.content == data
