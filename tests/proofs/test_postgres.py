"""Many processes on PostgreSQL: the server takes a photo, a worker of its own draws it."""

import asyncio
import io
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from PIL import Image

from server.ids import new_id
from tests.conftest import named
from tests.proofs.bringing import bring
from tests.proofs.server import ROOT, client, founded
from tests.proofs.test_story import until


@pytest.fixture
def empty_database(postgres_server: str) -> Iterator[str]:
    """Yield the URL of a new database without any table."""

    async def run(statement: str) -> None:
        connection = await asyncpg.connect(postgres_server)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run("CREATE DATABASE processes"))
    yield named(postgres_server, "processes")
    asyncio.run(run("DROP DATABASE processes WITH (FORCE)"))


@pytest.mark.slow
def test_a_worker_of_its_own(tmp_path: Path, empty_database: str) -> None:
    logins = [("monteur", "worker"), ("buero", "office")]
    server, tokens = founded(tmp_path / "data", logins, DATABASE_URL=empty_database)
    server.start()
    words = [sys.executable, "-m", "server", "worker", "--data", str(server.data)]
    worker = subprocess.Popen(words, cwd=ROOT, env=server.surroundings())
    try:
        photo = io.BytesIO()
        Image.new("RGB", (800, 600), "#b9a88e").save(photo, "JPEG")
        with client(server, tokens["monteur"]) as monteur, client(server, tokens["buero"]) as office:
            ident = str(new_id())
            assert bring(monteur, ident, photo.getvalue(), "image/jpeg")["state"] == "stored"
            place = f"/api/v1/photos/{ident}/renditions/screen"
            until(lambda: office.get(place).status_code == 200)
    finally:
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(timeout=30)
    assert code == 0
    assert server.stop() == 0
