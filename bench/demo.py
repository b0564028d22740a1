"""The demo company on a real server, for benchmarks that drive a browser."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.proofs.server import Server


@contextmanager
def demo() -> Iterator[tuple[Server, str]]:
    """Yield the running server and a sign-in link for the worker."""
    with tempfile.TemporaryDirectory(prefix="zollstock-bench-") as folder:
        server = Server(Path(folder) / "data", command="demo")
        server.start()
        try:
            printed = (Path(folder) / "data.log").read_text(encoding="utf-8")
            found: list[str] = re.findall(r"Monteur:\s+(\S+/link/\S+)", printed)
            yield server, found[-1]
        finally:
            server.kill()
