"""What is installed is locked to the byte, from any mirror: hashes everywhere, addresses nowhere."""

import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
# Whatever git ignores (node_modules) is not ours.
NODE_LOCKS = [
    path for folder in ("tests", "bench") for path in sorted((ROOT / folder).glob("*/package-lock.json"))
]
ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links|\s@\s", re.IGNORECASE)
PINNED = re.compile(r"^(?P<name>[A-Za-z0-9._-]+(\[[a-z0-9,]+\])?)==[^\s\\;]+")


def packages(text: str) -> dict[str, int]:
    """Return how many hashes each pinned package has. Raises AssertionError for a line that is neither."""
    found: dict[str, int] = {}
    name = ""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line.startswith(" "):
            assert re.fullmatch(r"\s+--hash=sha256:[0-9a-f]{64}( \\)?", line), line
            found[name] += 1
            continue
        pinned = PINNED.match(line)
        assert pinned, f"not pinned to one version: {line}"
        name = pinned["name"]
        found[name] = 0
    return found


def test_there_are_locks() -> None:
    assert {path.name for path in PYTHON_LOCKS} == {"run.lock", "test.lock"}
    assert NODE_LOCKS


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=lambda path: path.name)
def test_every_python_package_has_hashes_and_no_address(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    found = packages(text)
    assert len(found) > 20
    assert [name for name, hashes in found.items() if not hashes] == []
    assert not ADDRESS.search(text)


@pytest.mark.parametrize("path", NODE_LOCKS, ids=lambda path: path.parent.name)
def test_every_node_package_has_a_hash_and_no_address(path: Path) -> None:
    lock = json.loads(path.read_text(encoding="utf-8"))
    foreign = {name: one for name, one in lock["packages"].items() if name}
    assert foreign
    assert [name for name, one in foreign.items() if "resolved" in one] == []
    assert [name for name, one in foreign.items() if not one.get("integrity", "").startswith("sha512-")] == []


def test_what_is_used_is_what_is_locked() -> None:
    """A package.json beside a lock names exact versions, the lock's own."""
    for path in NODE_LOCKS:
        wanted = json.loads((path.parent / "package.json").read_text(encoding="utf-8"))
        wanted = {**wanted.get("dependencies", {}), **wanted.get("devDependencies", {})}
        packages = json.loads(path.read_text(encoding="utf-8"))["packages"]
        assert {name: packages[f"node_modules/{name}"]["version"] for name in wanted} == wanted


def test_no_folder_of_installed_packages_is_kept() -> None:
    kept = subprocess.run(["git", "ls-files"], cwd=ROOT, text=True, capture_output=True, check=True).stdout
    assert "node_modules/" not in kept
