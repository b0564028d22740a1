"""The service worker as one classic script, put together out of its modules.

Firefox runs no module as a service worker before 147 (browser-compat-data #28608), and its long-term release stayed
below that; one file also starts sooner than forty. Our modules keep to a few forms of import and export, so putting
them together needs no bundler; any other form is refused when the server starts.
"""

import json
import posixpath
import re
from functools import cache

from server.web.static import ROOT, Assets

WORKER = ROOT / "service-worker.js"
_SOURCE = r"'(?P<source>[^']+)'"
_IMPORT = re.compile(rf"^import (?:(?P<names>\{{[^}}]*\}}) from )?{_SOURCE};$", re.MULTILINE)
_PASSED_ON = re.compile(rf"^export \{{(?P<names>[^}}]*)\}} from {_SOURCE};$", re.MULTILINE)
_LISTED = re.compile(r"^export \{(?P<names>[^}]*)\};$", re.MULTILINE)
_DECLARED = re.compile(
    r"^export (?P<what>(?:(?:async )?function\*?|class|const) )(?P<name>[\w$]+)", re.MULTILINE
)
_OTHER_FORM = re.compile(r"^(?:import [^(]|export |await )[^\n]*", re.MULTILINE)


@cache
def script(assets: Assets) -> str:
    """Return the worker of this version. Raises ValueError for a module in a form this does not know."""
    done: dict[str, str] = {}
    text = WORKER.read_text(encoding="utf-8").replace("__VERSION__", assets.version)
    main = _body(text, "", assets, done, ())
    return "\n".join(
        ["'use strict';", "const modules = {};", *done.values(), f"(() => {{\n{main}\n}})();", ""]
    )


def _module(path: str, assets: Assets, done: dict[str, str], above: tuple[str, ...]) -> None:
    """Add a module to those that are done, behind everything it imports."""
    if path in above:
        raise ValueError(f"modules import each other: {' → '.join([*above, path])}")
    if path in done:
        return
    text = assets.files[path].body.decode()
    names: list[str] = []
    for found in _LISTED.finditer(text):
        names += _pairs(found["names"], "{1}: {0}")
    for found in _PASSED_ON.finditer(text):
        source = _path(found["source"], path, assets)
        names += _pairs(found["names"], "{1}: modules[" + json.dumps(source) + "].{0}")
    names += [found["name"] for found in _DECLARED.finditer(text)]
    body = _body(text, path, assets, done, (*above, path))
    done[path] = f"modules[{json.dumps(path)}] = (() => {{\n{body}\nreturn {{ {', '.join(names)} }};\n}})();"


def _body(text: str, path: str, assets: Assets, done: dict[str, str], above: tuple[str, ...]) -> str:
    """Return a module's text without imports and exports, once all it imports is done."""
    for found in [*_IMPORT.finditer(text), *_PASSED_ON.finditer(text)]:
        _module(_path(found["source"], path, assets), assets, done, above)

    def taken(found: re.Match[str]) -> str:
        if not found["names"]:
            return ""
        names = ", ".join(_pairs(found["names"].strip("{}"), "{0}: {1}"))
        return f"const {{ {names} }} = modules[{json.dumps(_path(found['source'], path, assets))}];"

    text = _IMPORT.sub(taken, text)
    text = _LISTED.sub("", _PASSED_ON.sub("", text))
    text = _DECLARED.sub(r"\g<what>\g<name>", text)
    if other := _OTHER_FORM.search(text):
        raise ValueError(f"{path or WORKER.name} has a form the worker cannot take: {other[0]}")
    address = f"new URL({json.dumps(assets.url(path))}, location.href).href" if path else "location.href"
    return text.replace("import.meta.url", address)


def _path(source: str, importer: str, assets: Assets) -> str:
    """Return the path below static/ of what an import names."""
    prefix = f"/static/v-{assets.version}/"
    if source.startswith(prefix):
        return source.removeprefix(prefix)
    return posixpath.normpath(posixpath.join(posixpath.dirname(importer), source))


def _pairs(names: str, form: str) -> list[str]:
    """Return each `a` or `a as b` of a list in the given form, {0} the first name and {1} the second."""
    parts = [part.split(" as ") for part in (one.strip() for one in names.split(",")) if part]
    return [form.format(pair[0].strip(), pair[-1].strip()) for pair in parts]
