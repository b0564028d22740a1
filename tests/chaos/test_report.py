"""Figures stand between the marks; other words and the lines of parts that did not run stay."""

import re
from pathlib import Path

from tests.chaos.report import BEGIN, END, PAGE, Part, write


def test_lines_are_replaced_by_name(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"Before\n\n{BEGIN}\n{END}\n\nAfter\n", encoding="utf-8")
    write([Part("Storm", "10", "0 lost", seed=7, seconds=60), Part("Order", "2", "2 of 2")], page)
    write([Part("Storm", "20", "0 lost", wrong={"lost": ["a"]})], page)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("Before\n\n") and text.endswith(f"{END}\n\nAfter\n")
    assert text.count("| Storm |") == text.count("| Order |") == text.count("| proof |") == 1
    assert "| Storm | 20 | **FAILED** lost; 0 lost |" in text and "| Order | 2 | 2 of 2 |" in text


def test_the_page_has_its_marks() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert 0 < text.index(BEGIN) < text.index(END)


def test_every_test_the_page_names_is_there() -> None:
    tests = PAGE.parents[1] / "tests"
    there = set(
        re.findall(r"def (test_\w+)", "\n".join(path.read_text() for path in tests.rglob("test_*.py")))
    )
    text = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"`(test_\w+)`", text)) - there == set()
    named = [PAGE.parents[1] / one for one in re.findall(r"`((?:tests|bench|docs)/[\w/.-]+)`", text)]
    assert [str(path) for path in named if not path.exists()] == []
