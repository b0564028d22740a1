"""The service worker's one script says what its modules say; forms nobody here writes are refused, not guessed."""

import re
import shutil
import subprocess

import pytest

from server.web import static
from server.web.static import Asset, Assets
from server.web.worker_script import script

# As the worker itself imports: by full address, out of which the names below are made.
OURS = [
    "js/offline/addresses.js",
    "js/offline/badge.js",
    "js/offline/push.js",
    "js/offline/kept.js",
    "js/offline/readmodel.js",
    "js/offline/session.js",
    "js/offline/shared.js",
    "js/offline/upload.js",
]
EXPORTS = "export const {name} = () => {{}};"
NAMES = {
    "js/offline/addresses.js": ["rendersOffline"],
    "js/offline/badge.js": ["recount"],
    "js/offline/push.js": ["answerPushes"],
    "js/offline/kept.js": ["fromThumbs", "keepPage", "keptPage"],
    "js/offline/readmodel.js": ["localJobs"],
    "js/offline/session.js": ["currentSession", "lock"],
    "js/offline/shared.js": ["keepShared"],
    "js/offline/upload.js": ["drain"],
}


def assets(**changed: str) -> Assets:
    """Return modules that export what the worker needs; `changed` replaces `upload` and adds others."""
    texts = {path: "\n".join(EXPORTS.format(name=name) for name in NAMES[path]) for path in OURS} | {
        f"js/offline/{name}.js": text for name, text in changed.items()
    }
    return Assets(
        "abc", {path: Asset(text.encode(), None, "text/javascript") for path, text in texts.items()}
    )


def test_ours_holds_no_module_syntax_and_is_valid() -> None:
    made = script(static.load())
    assert not re.search(r"^(import |export )", made, re.MULTILINE)
    assert "import.meta" not in made and "__VERSION__" not in made
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing")
    subprocess.run([node, "--check", "-"], input=made, text=True, check=True, timeout=30)


def test_every_form_of_ours_means_the_same() -> None:
    """Renamed, passed on, listed, a class, an address: run in node, the values come through."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing")
    made = script(
        assets(
            upload="import { twice as double, Box } from './maths.js';\n"
            "import './maths.js';\n"
            "export { twice as doubled, Box } from './maths.js';\n"
            "export async function drain() { return double(new Box().held); }\n"
            "globalThis.said = import.meta.url;",
            maths="const twice = (n) => n * 2;\nclass Hidden {}\nexport { twice };\nexport class Box { held = 21; }",
        )
    )
    # A worker's surroundings, as far as modules see them; its own part at the end needs a real worker.
    here = "globalThis.location = { href: 'http://h/service-worker.js' };\n"
    body = made.rsplit("\n(() => {", 1)[0]
    last = (
        "const { drain, doubled, Box } = modules['js/offline/upload.js'];\n"
        "drain().then((n) => console.log(n, doubled(4), new Box().held, globalThis.said));"
    )
    done = subprocess.run(
        [node, "-"], input=f"{here}{body}\n{last}", text=True, capture_output=True, check=True, timeout=30
    )
    assert done.stdout.split() == ["42", "8", "21", "http://h/static/v-abc/js/offline/upload.js"]


@pytest.mark.parametrize(
    "line",
    [
        "import all from './addresses.js';",
        "import * as all from './addresses.js';",
        "export default 1;",
        "export let changing = 1;",
        "export * from './addresses.js';",
        "await 1;",
    ],
)
def test_other_forms_are_refused(line: str) -> None:
    with pytest.raises(ValueError, match=r"js/offline/upload\.js"):
        script(assets(upload=f"{line}\nexport const drain = 1;"))


def test_a_circle_is_refused() -> None:
    circle = assets(
        upload="import { a } from './one.js';\nexport const drain = a;",
        one="import { drain } from './upload.js';\nexport const a = drain;",
    )
    with pytest.raises(ValueError, match="import each other"):
        script(circle)
