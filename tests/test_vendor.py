"""Foreign code in static/js/vendor is byte for byte what its README says."""

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).parent.parent / "static" / "js" / "vendor"
ROW = re.compile(
    r"^\| (?P<file>\S+\.js) \| \S+ \| (?P<version>\S+) \| \S+ \| (?P<sha256>[0-9a-f]{64}) \|", re.MULTILINE
)


def rows() -> dict[str, re.Match[str]]:
    text = (VENDOR / "README.md").read_text(encoding="utf-8")
    return {row["file"]: row for row in ROW.finditer(text)}


def test_every_script_is_listed() -> None:
    assert {path.name for path in VENDOR.glob("*.js")} == set(rows())


def test_bytes_match_the_table() -> None:
    found = {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in rows()}
    assert found == {name: row["sha256"] for name, row in rows().items()}


def test_name_carries_the_version_and_a_licence_lies_beside() -> None:
    for name, row in rows().items():
        assert row["version"] in name
        stem = name.removesuffix(".js").removesuffix(".min")
        assert (VENDOR / f"{stem}.LICENSE").stat().st_size > 0
