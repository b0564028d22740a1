"""The published tus-js-client uploads and resumes against the real server, cut twice on the way."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.proofs.server import Server, founded
from tests.proofs.server import client as for_program
from tests.sites import photo_bytes

CLIENT = Path(__file__).parents[1] / "js_tus"


@pytest.fixture
def firm(tmp_path: Path) -> Iterator[tuple[Server, str]]:
    """Yield a running server and the bearer token of a worker."""
    server, tokens = founded(tmp_path / "data", [("jan", "worker")])
    server.start()
    yield server, tokens["jan"]
    server.kill()


@pytest.fixture
def client() -> Path:
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed; the tus-js-client cannot run")
    if not (CLIENT / "node_modules" / "tus-js-client").exists():
        subprocess.run(["npm", "ci", "--silent"], cwd=CLIENT, check=True, timeout=120, capture_output=True)
    return CLIENT / "upload.mjs"


def test_it_resumes_after_two_cuts(client: Path, firm: tuple[Server, str], tmp_path: Path) -> None:
    server, token = firm
    data = photo_bytes(6_000_000)
    file = tmp_path / "photo.jpg"
    file.write_bytes(data)
    done = subprocess.run(
        ["node", str(client), f"{server.url}/sync/blobs/", token, str(file)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["cuts"] == 2
    assert told["receipt"]["state"] == "stored"
    assert told["receipt"]["sha256"] == hashlib.sha256(data).hexdigest()
    with for_program(server, token) as http:
        assert http.get(f"/api/v1/photos/{told['receipt']['id']}/original").content == data
