"""Scripts and styles travel without the words for people, and mean the same afterwards."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from server.web import lean
from server.web.static import CSS_ORDER, STATIC, load

ROOT = Path(__file__).parents[2]
TYPESCRIPT = ROOT / "tests" / "js" / "node_modules" / "typescript"
#: Prints every pair of texts whose code differs once a real parser has left the comments out.
SAME = """
const ts = require(process.argv[1]);
const printer = ts.createPrinter({ removeComments: true });
const code = (text) => printer.printFile(ts.createSourceFile('one.js', text, ts.ScriptTarget.ESNext, false, ts.ScriptKind.JS));
const pairs = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(Object.keys(pairs).filter((name) => code(pairs[name][0]) !== code(pairs[name][1]))));
"""
FIRST_VISIT_BYTES = 43_000


def sources() -> dict[str, str]:
    return {path.relative_to(STATIC).as_posix(): path.read_text() for path in sorted(STATIC.rglob("*.js"))}


@pytest.mark.skipif(
    shutil.which("node") is None or not TYPESCRIPT.is_dir(), reason="needs Node and its packages"
)
def test_every_script_is_the_same_code_without_its_comments() -> None:
    pairs = {name: (text, lean.script(text)) for name, text in sources().items() if ".min." not in name}
    assert len(pairs) > 100
    done = subprocess.run(
        ["node", "-e", SAME, str(TYPESCRIPT)],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert json.loads(done.stdout) == [], done.stderr


def test_lines_keep_their_numbers() -> None:
    for name, text in sources().items():
        assert lean.script(text).count("\n") == text.count("\n"), name
    assert (
        load().files["js/vendor/htmx-4.0.1.min.js"].body
        == (STATIC / "js/vendor/htmx-4.0.1.min.js").read_bytes()
    )


def test_a_script_keeps_what_only_looks_like_a_comment() -> None:
    text = "const url = 'https://a/b'; // stays\n  // goes\nconst two = /** @type {any} */ (one) / 2;\n"
    assert lean.script(text) == "const url = 'https://a/b'; // stays\n\nconst two = (one) / 2;\n"


def test_a_style_sheet_keeps_its_strings_and_its_rules() -> None:
    text = """/* why */ a :hover > b::after,\n c { content: "; } /* : */";\n  margin: 0 auto; width: calc(1px + 2px); }\n"""
    assert (
        lean.style(text) == 'a :hover > b::after,c{content:"; } /* : */";margin:0 auto;width:calc(1px + 2px)}'
    )


def test_style_sheets_lose_no_rule() -> None:
    for path in (STATIC / "css").rglob("*.css"):
        told = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
        short = lean.style(path.read_text())
        assert re.sub(r"\s", "", told).replace(";}", "}") == re.sub(r"\s", "", short), path.name
    assert all((STATIC / "css").glob(f"{name}.css") for name in CSS_ORDER)


def test_a_first_visit_carries_little() -> None:
    """Styles and scripts of the worker's start page as they travel; what else comes with it is measured by the bench."""
    assets = load()
    urls = assets.module_urls("js/main.js", "js/elements/state-line.js", "js/elements/storage-banner.js")
    prefix = f"/static/v-{assets.version}/"
    names = ["css/app.css", "js/whole.js", *(url.removeprefix(prefix) for url in urls)]
    sizes = {name: len(assets.files[name].packed or b"") for name in names}
    assert sum(sizes.values()) <= FIRST_VISIT_BYTES, sizes
