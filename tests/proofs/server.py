"""A real server in a process group of its own, for tests that kill it, and clients for it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.ports import free_port

ROOT = Path(__file__).parents[2]
# Only a machine without a free core needs more than a few.
READY_S = 60.0


@dataclass(slots=True)
class Server:
    """`zollstock serve` (or another command) on a data folder and a port of the loopback."""

    data: Path
    command: str = "serve"
    port: int = field(default_factory=free_port)
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    links: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def start(self) -> float:
        """Start and wait until it is ready; returns the seconds that took."""
        began = time.monotonic()
        words = [
            sys.executable,
            "-m",
            "server",
            self.command,
            "--data",
            str(self.data),
            "--port",
            str(self.port),
        ]
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                words, cwd=ROOT, env=self.surroundings(), stdout=log, stderr=log, start_new_session=True
            )
        while time.monotonic() - began < READY_S:
            assert self.process.poll() is None, "the server ended at once; see its log"
            try:
                if httpx.get(f"{self.url}/readyz", timeout=1).status_code == 200:
                    return time.monotonic() - began
            except httpx.TransportError:
                time.sleep(0.02)
        raise AssertionError("the server did not become ready")

    def kill(self) -> None:
        """Kill the whole group at once, as a power cut does to processes."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """Ask it to end and return its exit code."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGTERM)
        code = self.process.wait(timeout=30)
        self._signal(signal.SIGKILL)
        return code

    def run(self, *words: str, feed: str = "") -> str:
        """Run another command on the same data folder while the server is down; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "server", *words, "--data", str(self.data)],
            cwd=ROOT,
            env=self.surroundings(),
            input=feed,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return
        self.process.wait(timeout=10)

    def surroundings(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZOLLSTOCK_")}
        return {**kept, "ZOLLSTOCK_LOG_LEVEL": "WARNING", **self.environment}


def founded(
    data: Path, logins: Sequence[tuple[str, str]], **environment: str
) -> tuple[Server, dict[str, str]]:
    """Found a company with people (login, role) and return the stopped server and a bearer token each."""
    server = Server(data, environment={f"ZOLLSTOCK_{name}": value for name, value in environment.items()})
    server.run("company", "create", "Prüf GmbH")
    tokens: dict[str, str] = {}
    for login, role in logins:
        server.run("user", "create", login, "--company", "Prüf GmbH", "--role", role)
        tokens[login] = server.run("token", "create", login, "--name", "Prüfung")
    return server, tokens


def client(server: Server, token: str) -> httpx.Client:
    """Return a client of one person."""
    return httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=20)
