"""Static files under an address that names their content, so that browsers may keep them for ever."""

import gzip
import hashlib
import json
import mimetypes
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from server.domain.errors import NotFound
from server.web import lean

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "static"
CSS_ORDER = ("tokens", "reset", "base", "layout", "components/*", "utilities", "print")
TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
IMPORT = re.compile(r"^import (?:.* from )?'(\.[^']+)';$", re.MULTILINE)
# All that pages load without a network, in one file: a request for each would be two hundred ways there and back.
PACK = "offline.pack"
_NOT_PACKED = (".md", ".txt", ".map", ".d.ts", ".LICENSE")
# A home screen fetches these itself, once.
_LAUNCHER = ("icons/app-512", "icons/apple-touch", "icons/maskable")
FOR_EVER = "public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes | None
    content_type: str
    imports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Assets:
    """All static files in memory. `version` changes when any of them does."""

    version: str
    files: dict[str, Asset]

    def url(self, path: str) -> str:
        """Return the address of a file. Raises KeyError for one that does not exist."""
        if path not in self.files:
            raise KeyError(f"no static file {path}")
        return f"/static/v-{self.version}/{path}"

    def module_urls(self, *paths: str) -> list[str]:
        """Return the addresses of scripts and of all they import, so that a page asks for them at once, not in turns."""
        found: dict[str, None] = {}
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path not in found:
                found[path] = None
                waiting += self.files[path].imports
        return [self.url(path) for path in found]


@cache
def load(folder: Path = STATIC) -> Assets:
    """Read all files, once in a process; the style sheets are joined in layer order to `css/app.css`."""
    bodies = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    bodies["css/app.css"] = b"\n".join(
        path.read_bytes() for name in CSS_ORDER for path in sorted((folder / "css").glob(f"{name}.css"))
    )
    bodies = {name: _lean(name, body) for name, body in bodies.items()}
    digest = hashlib.sha256()
    for name, body in bodies.items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(body).digest())
    files = {name: _asset(name, body) for name, body in bodies.items()}
    return Assets(digest.hexdigest()[:12], files | {PACK: _pack(files)})


def _pack(files: Mapping[str, Asset]) -> Asset:
    """Return one file of many: a line of JSON, `[[path, content type, size in bytes], …]`, then their bytes in turn."""
    names = [
        path
        for path in sorted(files)
        if not path.endswith(_NOT_PACKED)
        and not path.startswith(_LAUNCHER)
        and (not path.startswith("css/") or path == "css/app.css")
    ]
    index = [[name, files[name].content_type, len(files[name].body)] for name in names]
    body = json.dumps(index).encode() + b"\n" + b"".join(files[name].body for name in names)
    return Asset(body, gzip.compress(body, 9, mtime=0), "application/octet-stream")


def _lean(name: str, body: bytes) -> bytes:
    if name.endswith(".css"):
        return lean.style(body.decode()).encode()
    return lean.script(body.decode()).encode() if name.endswith(".js") and ".min." not in name else body


def _asset(name: str, body: bytes) -> Asset:
    suffix = Path(name).suffix
    content_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    packed = gzip.compress(body, 9, mtime=0) if content_type.startswith("text/") or suffix == ".svg" else None
    return Asset(body, packed, content_type, _imports(name, body) if suffix == ".js" else ())


def _imports(name: str, body: bytes) -> tuple[str, ...]:
    folder = posixpath.dirname(name)
    return tuple(posixpath.normpath(posixpath.join(folder, path)) for path in IMPORT.findall(body.decode()))


async def asset(request: Request) -> Response:
    """Answer a static file. Another version's address gets today's file, which may not be kept, or 410 for code.

    A page of before that loads one module of today runs code nobody has ever tested together; it offers to load anew
    (`static/js/offline/updates.js:offerIfGone`).
    """
    assets: Assets = request.app.state.assets
    path = request.path_params["path"]
    found = assets.files.get(path)
    current = request.path_params["version"] == assets.version
    if not current and path.endswith((".js", PACK)):
        return Response(status_code=410, headers={"Cache-Control": "no-store"})
    if found is None:
        raise NotFound("page.unknown")
    headers = {"Cache-Control": FOR_EVER if current else "no-cache", "Vary": "Accept-Encoding"}
    if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            found.packed, media_type=found.content_type, headers=headers | {"Content-Encoding": "gzip"}
        )
    return Response(found.body, media_type=found.content_type, headers=headers)
