"""A real server in a process group of its own, for tests that kill it, and clients for it."""

import io
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import httpx

from server import commands
from server.cli import main
from tests.ports import free_port
from tests.processes import until_gone, with_children

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
        with httpx.Client(timeout=1, verify=False) as http:  # reading all certificates takes its time
            while time.monotonic() - began < READY_S:
                assert self.process.poll() is None, "the server ended at once; see its log"
                try:
                    if http.get(f"{self.url}/readyz").status_code == 200:
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
        code = self.process.wait(timeout=READY_S)
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

    def call(self, *words: str) -> str:
        """Do the same without a process of its own, which would spend a second on its imports."""
        done = command([*words, "--data", str(self.data)], self.surroundings())
        assert done.returncode == 0, f"{words}: {done.stderr}"
        return done.stdout.strip()

    def _signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        group = with_children(self.process.pid)
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return
        self.process.wait(timeout=READY_S)
        # Killed in the middle of a sync, one lives as long as the disk takes, and holds the folder's lock.
        until_gone(group)

    def surroundings(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ZOLLSTOCK_")}
        return {**kept, "ZOLLSTOCK_LOG_LEVEL": "WARNING", **self.environment}


def command(words: Sequence[str], surroundings: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever that is, without a process of its own."""
    out, error, kept = io.StringIO(), io.StringIO(), dict(os.environ)
    with ThreadPoolExecutor(1) as thread, redirect_stdout(out), redirect_stderr(error):
        try:
            os.environ.clear()
            os.environ.update(surroundings)
            # A thread of its own: a browser's or a test's loop may be running in this one.
            code = thread.submit(main, words).result()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            os.environ.clear()
            os.environ.update(kept)
    return subprocess.CompletedProcess(words, code, out.getvalue(), error.getvalue())


def founded(
    data: Path, logins: Sequence[tuple[str, str]], **environment: str
) -> tuple[Server, dict[str, str]]:
    """Found a company with people (login, role) and return the stopped server and a bearer token each."""
    server = Server(data, environment={f"ZOLLSTOCK_{name}": value for name, value in environment.items()})
    if "DATABASE_URL" in environment:
        return server, found(server, "Prüf GmbH", logins)
    folder, tokens = _ready(tuple(logins))
    shutil.copytree(Path(folder.name) / "data", data)
    return server, dict(tokens)


@cache
def _ready(logins: tuple[tuple[str, str], ...]) -> tuple["TemporaryDirectory[str]", dict[str, str]]:
    """Found once in a session what many tests begin with; each gets a copy."""
    folder = TemporaryDirectory(prefix="zollstock-founded-")
    return folder, found(Server(Path(folder.name) / "data"), "Prüf GmbH", logins)


def found(server: Server, company: str, logins: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Found a company with people (login, role) while the server is down; returns a bearer token each."""
    server.call("company", "create", company)
    tokens: dict[str, str] = {}
    for login, role in logins:
        server.call("user", "create", login, "--company", company, "--role", role)
        tokens[login] = server.call("token", "create", login, "--name", "Prüfung")
    return tokens


def demo(data: Path) -> Server:
    """Return the stopped server of a demo that has been filled and never served: a copy, filling takes its time."""
    shutil.copytree(Path(_filled().name) / "data", data)
    return Server(data, command="demo")


@cache
def _filled() -> "TemporaryDirectory[str]":
    folder = TemporaryDirectory(prefix="zollstock-demo-")
    server = Server(Path(folder.name) / "data", command="demo")
    with patch.object(commands, "_listen"):
        server.call("demo", "--port", str(server.port))
    return folder


def client(server: Server, token: str) -> httpx.Client:
    """Return a client of one person."""
    words = {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=server.url, headers=words, timeout=READY_S, verify=False)
