"""What no template may hold, and that what it names in class="…" is drawn somewhere."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined

ROOT = Path(__file__).parent.parent
TEMPLATES = ROOT / "templates"
PAGES = sorted(TEMPLATES.rglob("*.html"))
NAMES = [page.relative_to(TEMPLATES).as_posix() for page in PAGES]
VALUE = "§"

FORBIDDEN = {
    "hx-on": r"\bhx-on\b",
    "hx-boost": r"\bhx-boost\b",
    "code in an attribute": r"[\"']\s*js:",
    "unescaped text": r"\|\s*safe\b|\bMarkup\b|\bautoescape\b",
    "style tag": r"<style\b",
}
# Said to the eye of a script or a test, drawn by nobody.
UNDRAWN: set[str] = set()


def written(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def plain(name: str) -> str:
    """The template with every branch kept and every value replaced by one sign."""
    text = re.sub(r"\{#.*?#\}", "", written(name), flags=re.DOTALL)
    text = re.sub(r"\{%-?\s*(?:set|import|from|with|call|macro)\b.*?%\}", "", text, flags=re.DOTALL)
    text = re.sub(r"\{\{.*?\}\}", VALUE, text, flags=re.DOTALL)
    return re.sub(r"\{%.*?%\}", " ", text, flags=re.DOTALL)


class Tags(HTMLParser):
    """Every start tag with its attributes and whether a label is open around it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str], bool]] = []
        self._labels = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._labels += tag == "label"
        self.found.append((tag, {key: value or "" for key, value in attrs}, self._labels > 0))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        self._labels -= tag == "label" and self._labels > 0


def tags(name: str) -> list[tuple[str, dict[str, str], bool]]:
    return Tags(plain(name)).found


def drawn() -> set[str]:
    """Class names that some style sheet mentions."""
    names: set[str] = set()
    for sheet in (ROOT / "static" / "css").rglob("*.css"):
        text = re.sub(r"/\*.*?\*/|\"[^\"]*\"", "", sheet.read_text(encoding="utf-8"), flags=re.DOTALL)
        names |= set(re.findall(r"\.(-?[a-zA-Z_][\w-]*)", text))
    return names


def classes(name: str) -> Iterator[str]:
    for _, attributes, _ in tags(name):
        yield from (word for word in attributes.get("class", "").split() if VALUE not in word)


@pytest.mark.parametrize("name", NAMES)
def test_template_parses(name: str) -> None:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
    )
    environment.parse(written(name), name)


@pytest.mark.parametrize("name", NAMES)
def test_template_holds_nothing_forbidden(name: str) -> None:
    text = written(name)
    assert [what for what, pattern in FORBIDDEN.items() if re.search(pattern, text)] == []
    for tag, attributes, _ in tags(name):
        assert "style" not in attributes, f"<{tag} style>: use a class"
        assert not [key for key in attributes if re.fullmatch(r"on[a-z]+", key)], (
            f"<{tag} on…>: use an element"
        )
        assert tag != "script" or "src" in attributes, "a script has an address"


@pytest.mark.parametrize("name", NAMES)
def test_pictures_and_controls_have_names(name: str) -> None:
    found = tags(name)
    named = {attributes["for"] for tag, attributes, _ in found if tag == "label" and "for" in attributes}
    for tag, attributes, labelled in found:
        if tag == "img":
            assert "alt" in attributes, f"<img src={attributes.get('src')}> says nothing"
        silent = attributes.get("type") in {"hidden", "submit", "button"}
        if tag in {"input", "select", "textarea"} and not silent:
            spoken = labelled or attributes.keys() & {"aria-label", "aria-labelledby"}
            assert spoken or attributes.get("id") in named, (
                f"<{tag} name={attributes.get('name')}> has no label"
            )


@pytest.mark.parametrize("name", NAMES)
def test_classes_are_drawn(name: str) -> None:
    assert set(classes(name)) - drawn() - UNDRAWN == set()


def test_icons_exist() -> None:
    sprite = (ROOT / "static" / "icons" / "sprite.svg").read_text(encoding="utf-8")
    there = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    wanted = {icon for name in NAMES for icon in re.findall(r"\bicon\(\"([\w-]+)\"", written(name))}
    assert wanted - there == set()


def test_no_class_is_drawn_for_nobody() -> None:
    """Used by a page or a script, or at least offered in docs/look.md; scripts build is-… from a state."""
    scripts = (path.read_text(encoding="utf-8") for path in (ROOT / "static" / "js").rglob("*.js"))
    offered = (ROOT / "docs" / "look.md").read_text(encoding="utf-8")
    spoken = " ".join([*map(written, NAMES), *scripts, offered])
    idle = {name for name in drawn() if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", spoken)}
    assert {name for name in idle if not name.startswith("is-")} == set()


def test_the_whole_look_fits_its_budget() -> None:
    sheets = list((ROOT / "static" / "css").rglob("*.css"))
    assert sum(len(sheet.read_text(encoding="utf-8").splitlines()) for sheet in sheets) <= 2500
    for sheet in sheets:
        assert re.search(
            r"^@layer (reset|base|layout|components|utilities|print) \{", sheet.read_text("utf-8"), re.M
        ), sheet
