"""A small stand-in for the server, strict in what it takes and able to fail on command.

It serves the real templates, scripts and service worker, keeps what arrives in memory, and knows the faults of
offline-pwa.md §5.6. The real server is tested elsewhere; here the phone is.
"""

import base64
import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, FileSystemLoader, select_autoescape

from server.domain.browsers import Browser, Surface
from server.web import static, worker_script
from server.web.middleware import CSP

JOB = "019aa000-0000-7000-8000-0000000000a1"
OTHER_JOB = "019aa000-0000-7000-8000-0000000000a2"
USERS = {"ali": "019aa000-0000-7000-8000-000000000001", "bea": "019aa000-0000-7000-8000-000000000002"}
WITH_FILE = {"photo", "video", "voice"}
NEW_KINDS = {"video", "voice", "filing"}
SCREEN = static.ROOT / "server" / "demo" / "photos" / "bad-dusche-vorher.jpg"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360f8cf50"
    "0f0003860180b4da2b3a0000000049454e44ae426082"
)

WRONG_CLOCK = """{ const Right = Date;
globalThis.Date = class extends Right {
  constructor(...given) { super(...(given.length ? given : [Right.now() + SHIFT])); }
  static now() { return Right.now() + SHIFT; }
}; }
"""


@dataclass
class World:
    """What the stand-in knows and how it misbehaves; tests read and write it directly."""

    user: str | None = "ali"
    cache_key: str = "k1"
    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    blobs: dict[str, bytearray] = field(default_factory=dict)
    stored: dict[str, bytes] = field(default_factory=dict)
    tombstones: set[str] = field(default_factory=set)
    seen: list[tuple[str, str]] = field(default_factory=list)
    slices: list[tuple[str, int]] = field(default_factory=list)
    states: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(
        default_factory=list
    )  # next answers to /sync/have, then normal
    cuts: dict[str, list[int]] = field(default_factory=dict)  # id → bytes after which each next body is cut
    cut_every: list[int] = field(default_factory=list)  # the same for every id that has no own list yet
    damaged: int = 0  # so many uploads arrive with another hash
    forgets: list[int] = field(default_factory=list)  # next PATCHes find no upload and get this status
    ails: list[str] = field(default_factory=list)  # next bodies of uploads are answered 507 with this code
    wrong_receipts: bool = False
    poisoned: set[str] = field(default_factory=set)  # captions that are answered 422
    portal: bool = False
    delay_s: float = 0.0
    held: dict[str, threading.Event] = field(
        default_factory=dict
    )  # method, path or file → what is not answered before this
    order: str | None = None  # what the office wants of this phone
    obeyed: list[str] = field(default_factory=list)
    disabled: bool = False  # the user was blocked: 403 on everything below /sync
    previews: dict[str, bytes] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)  # job → the job it became
    ahead_s: float = 0.0  # this server's clock against the true one
    old: bool = False  # a server from last year: neither orders nor previews nor the newer kinds
    unfinished: bool = False  # all bytes are here, the receipt is not made yet
    bytes_per_s: float = 0.0  # bodies come in no faster; 0 is at once
    log: list[tuple[str, str, float]] = field(
        default_factory=list
    )  # method, path, time.monotonic() when answered
    keeps_in: bool = False  # whoever signs out is not heard
    renamed: str = "Bad Müller, Fliesen"
    worker_note: str = ""
    breaks_at: float = 1.0  # the part of the worker's files that comes before the line breaks, unnoticed
    worker_off: bool = False  # the worker that takes itself off
    lacking: dict[str, int] = field(default_factory=dict)  # file → so many times it is answered 503
    opened: list[str] = field(default_factory=list)  # every page that was asked for
    late: dict[str, float] = field(default_factory=dict)  # path → seconds its page is under way once drawn
    position: bool = False  # the company's switch
    model: dict[str, Any] = field(default_factory=dict)  # what the read model says besides, or instead
    handed: list[dict[str, str]] = field(default_factory=list)  # what pages told of hand-offs
    clock_ms: int = 0  # pages and worker believe in a time so far off

    def jobs(self) -> list[dict[str, Any]]:
        photo = {
            "id": "019aa000-0000-7000-8000-0000000000f1",
            "thumb": "/photos/019aa000-0000-7000-8000-0000000000f1/renditions/thumb",
            "captured_at": "2026-11-20T10:00:00Z",
            "phase": "during",
            "caption": "Wand",
            "review": "new",
            "review_note": "",
        }
        common = {"rev": 1, "members": [], "questions": [], "contact": None}
        return [
            {"id": JOB, "number": "2026-118", "title": self.renamed, "customer": "Müller", "street": "Lindenstr. 14", "city": "Köln", "mine": True, "photos": [photo], **common},
            {"id": OTHER_JOB, "number": "2026-121", "title": "Heizung Kita Sonnenhof", "customer": "Kita", "street": "Am Anger 3", "city": "Hürth", "mine": False, "photos": [], **common},
        ]  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    world: World
    assets: static.Assets
    pages: Environment
    lock: threading.Lock
    idle: set[socket.socket]  # opened in advance by the browser; they would outlive a stopped server
    over: threading.Event  # it is stopped: what comes on a line that was taken up before is not heard

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def setup(self) -> None:
        super().setup()
        self.idle.add(self.connection)
        if self.over.is_set():
            self.connection.shutdown(socket.SHUT_RDWR)

    def parse_request(self) -> bool:
        self.idle.discard(self.connection)
        return not self.over.is_set() and super().parse_request()

    def finish(self) -> None:
        self.idle.discard(self.connection)
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True

    def reply(
        self, status: int, body: bytes = b"", kind: str = "text/html; charset=utf-8", **headers: str
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", kind)
        # So that a stopped server really means offline.
        self.send_header("Connection", "close")
        self.send_header("Content-Security-Policy", CSP)
        for name, value in {"Cache-Control": "no-store", **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def json(self, value: object, status: int = 200, **headers: str) -> None:
        self.reply(status, json.dumps(value).encode(), "application/json", **headers)

    def page(self, name: str, *, user: str | None, status: int = 200, **values: object) -> None:
        self.world.opened.append(self.path)
        actor = user and SimpleNamespace(
            id=USERS[user],
            name=user.title(),
            initials=user[0].upper(),
            role="worker",
            cache_key=self.world.cache_key,
        )
        html = self.pages.get_template(name).render(
            actor=actor, company=SimpleNamespace(name="Muster", profile=SimpleNamespace(position_enabled=self.world.position)), lang="de", static_url=self.assets.url, module_urls=self.assets.module_urls, app_version=self.assets.version,
            nav="", flash=[], counts=None, sandbox=False, request_path=self.path, **values,
        )  # fmt: skip
        if actor and "data-actor" not in html:
            html = html.replace(
                "<body",
                f'<body data-actor="{actor.id}" data-cache-key="{actor.cache_key}" data-role="worker" data-position="{"on" if self.world.position else "off"}"',
                1,
            )
        threading.Event().wait(self.world.late.pop(self.path, 0))
        if self.world.clock_ms:
            html = html.replace("<head>", '<head><script src="/clock.js"></script>', 1)
        kept = {"X_Offline": "ok", "X_Offline_User": actor.cache_key} if actor and status == 200 else {}
        self.reply(status, html.encode(), **kept)

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        if path.startswith("/static/"):
            return self.static(*path.split("/", 3)[2:])
        if path == "/service-worker.js":
            return self.worker()
        if path == "/clock.js":
            return self.reply(
                200, WRONG_CLOCK.replace("SHIFT", str(self.world.clock_ms)).encode(), "text/javascript"
            )
        if path.startswith("/sync/"):
            return self.sync(path)
        if path == "/offline":
            return self.page("offline/shell.html", user=None)
        if path == "/login":
            return self.reply(
                200,
                b"<!doctype html><html lang=de><body><h1>Anmelden</h1><script type=module src='%s'></script></body></html>"
                % self.assets.url("js/main.js").encode(),
            )
        if not self.world.user:
            return self.reply(303, Location="/login")
        if path.endswith("/renditions/thumb"):
            return self.reply(200, PIXEL, "image/png", X_Offline="ok", X_Offline_User=self.world.cache_key)
        if path.endswith("/renditions/screen"):
            return self.reply(
                200, SCREEN.read_bytes(), "image/jpeg", X_Offline="ok", X_Offline_User=self.world.cache_key
            )
        names = {
            "/capture": "capture/index.html",
            "/unsent": "offline/unsent.html",
            "/sort": "sort/index.html",
            "/befores": "sort/befores.html",
            "/install": "install/show.html",
            "/": "offline_home.html",
            "/jobs": "offline_home.html",
            f"/jobs/{JOB}": "offline_job.html",
            "/handoff": "hand_off.html",
        }
        if path in names:
            return self.page(
                names[path],
                user=self.world.user,
                job=self.world.jobs()[0],
                path=path,
                browser=Browser(Surface.SAFARI, ios=True),
                others=(),
            )
        if path == "/nothing":
            return self.reply(404, b"no")
        return self.page("errors/404.html", user=self.world.user, status=404)

    def static(self, version: str, path: str) -> None:
        self.hold(path)
        if version != f"v-{self.assets.version}" and path.endswith((".js", static.PACK)):
            return self.reply(410, b"")
        if self.world.lacking.get(path):
            self.world.lacking[path] -= 1
            return self.reply(503, b"")
        found = self.assets.files.get(path)
        if found is None:
            return self.reply(404, b"no")
        whole = len(found.body) if path != static.PACK else int(len(found.body) * self.world.breaks_at)
        return self.reply(200, found.body[:whole], found.content_type, Cache_Control=static.FOR_EVER)

    def worker(self) -> None:
        text = worker_script.script(self.assets)
        if self.world.worker_off:
            text = (static.ROOT / "service-worker-off.js").read_text(encoding="utf-8")
        if self.world.clock_ms:
            text += WRONG_CLOCK.replace("SHIFT", str(self.world.clock_ms))
        self.reply(
            200,
            (text + self.world.worker_note).encode(),
            "text/javascript",
            Service_Worker_Allowed="/",
            Cache_Control="no-cache",
        )

    def do_HEAD(self) -> None:
        self.sync(urlsplit(self.path).path)

    do_PUT = do_PATCH = do_DELETE = do_HEAD

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path == "/handoff":
            self.world.handed.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            return self.reply(204)
        if path == "/sign-out":
            if self.world.keeps_in:
                return self.reply(503)
            self.world.user = None
            return self.reply(303, Location="/login")
        return self.sync(path)

    def sync(self, path: str) -> None:
        world = self.world
        with self.lock:
            world.seen.append((self.command, path))
            fault = world.answers.pop(0) if world.answers and path == "/sync/have" else None
        self.hold(self.command, path)
        body = self.body(path)
        if body is None:
            return None
        if world.portal:
            return self.reply(200, b"<h1>WLAN</h1>")
        if fault:
            return self.reply(fault[0], b"", "text/plain", **fault[1])
        if path == "/sync/obeyed":
            world.obeyed.append(json.loads(body)["device"])
            world.order = None
            return self.reply(204)
        if not world.user:
            return self.refuse(401, "session.none", **({"order": world.order} if world.order else {}))
        if world.disabled:
            return self.refuse(403, "user.disabled")
        if self.headers.get("X-Owner", USERS[world.user]) != USERS[world.user]:
            return self.refuse(401, "session.other_user")
        time.sleep(world.delay_s)
        with self.lock:
            world.log.append((self.command, path, time.monotonic()))
            return self.answer(path, body)

    def hold(self, *names: str) -> None:
        for gate in [self.world.held[name] for name in names if name in self.world.held]:
            gate.wait(60)

    def refuse(self, status: int, code: str, place: str | None = None, **more: object) -> None:
        self.json({"error": {"code": code, "message": "", "field": place}} | more, status)

    def body(self, path: str) -> bytes | None:
        """Read the body, or cut the line in the middle of it; what came counts, as with a real disk."""
        length = int(self.headers.get("Content-Length") or 0)
        ident = self.ident(path)
        with self.lock:
            cuts = self.world.cuts.setdefault(ident, list(self.world.cut_every)) if ident and length else []
        if not cuts:
            return self.slowly(length)
        part = self.rfile.read(min(cuts.pop(0), length))
        if self.command == "PATCH" and ident in self.world.blobs:
            with self.lock:
                if int(self.headers["Upload-Offset"]) == len(self.world.blobs[ident]):
                    self.world.blobs[ident] += part
        self.connection.close()
        self.close_connection = True
        return None

    def slowly(self, length: int) -> bytes:
        rate, body = self.world.bytes_per_s, b""
        if not rate:
            return self.rfile.read(length)
        while len(body) < length:
            body += self.rfile.read(min(4096, length - len(body)))
            time.sleep(4096 / rate)
        return body

    def ident(self, path: str) -> str:
        if not path.startswith("/sync/blobs/"):
            return ""
        return path.removeprefix("/sync/blobs/") or self.metadata().get("id", "")

    def metadata(self) -> dict[str, str]:
        pairs = (pair.split(" ") for pair in self.headers.get("Upload-Metadata", "").split(",") if pair)
        return {key: base64.b64decode(value).decode() for key, value in pairs}

    def answer(self, path: str, body: bytes) -> None:
        if path == "/sync/have":
            return self.have(json.loads(body)["ids"])
        if path == "/sync/state":
            self.world.states.append(json.loads(body))
            return self.reply(204) if self.world.old else self.json({"order": self.world.order})
        if path == "/sync/read-model":
            user = {"id": USERS[str(self.world.user)], "name": str(self.world.user).title()}
            return self.json(
                {
                    "user": user,
                    "company": {"name": "Muster", "position_enabled": self.world.position},
                    "jobs": self.world.jobs(),
                    "retakes": [],
                    "at": "2026-11-24T10:00:00Z",
                    **self.world.model,
                }
            )
        if path.endswith("/preview"):
            return self.preview(path.split("/")[3], body)
        if path.startswith("/sync/items/"):
            return self.item(path.rsplit("/", 1)[1], body)
        return self.blob(path, body)

    def have(self, ids: list[str]) -> None:
        items = {ident: self.known(ident) for ident in ids}
        user = {"id": USERS[str(self.world.user)], "name": self.world.user}
        new = {} if self.world.old else {"order": self.world.order}
        self.json({"user": user, "now": self.now(), "min_client": 1, "items": items} | new)

    def now(self) -> str:
        return (datetime.now(UTC) + timedelta(seconds=self.world.ahead_s)).isoformat()

    def preview(self, ident: str, body: bytes) -> None:
        if self.world.old:
            return self.refuse(404, "page.unknown")
        assert ident in self.world.items and body.startswith(b"\xff\xd8") and len(body) <= 250_000
        self.world.previews[ident] = body
        return self.reply(204)

    def known(self, ident: str) -> dict[str, Any]:
        world, item = self.world, self.world.items.get(ident)
        nothing: dict[str, Any] = {"state": "unknown", "offset": 0, "sha256": None, "rev": 0}
        if ident in world.tombstones:
            return nothing | {"state": "tombstone"}
        if ident in world.stored:
            return nothing | {
                "state": "stored",
                "offset": len(world.stored[ident]),
                "sha256": hashlib.sha256(world.stored[ident]).hexdigest(),
                "rev": 2,
            }
        if ident in world.blobs:
            return nothing | {"state": "receiving", "offset": len(world.blobs[ident])}
        if item is None:
            return nothing
        return nothing | {"state": "announced" if item["kind"] in WITH_FILE else "stored", "rev": 1}

    def item(self, ident: str, body: bytes) -> None:
        world = self.world
        if self.command == "GET":
            return self.json(self.receipt(ident))
        if self.command == "DELETE":
            return self.reply(204 if world.items.pop(ident, None) else 404)
        fields = json.loads(body)
        if fields.get("caption") in world.poisoned:
            return self.refuse(422, "item.type", "caption")
        if world.old and fields["kind"] in NEW_KINDS:
            return self.refuse(422, "item.word", "kind")
        content = {name: value for name, value in fields.items() if name not in ("thumb", "signature")}
        if ident in world.items and world.items[ident] != content:
            return self.json(world.items[ident], 409)
        status = 200 if ident in world.items else 201
        world.items[ident] = content
        if "signature" in fields:  # here together with its description or not at all
            world.stored[ident] = base64.b64decode(fields["signature"])
            return self.json(self.receipt(ident), status)
        job = str(content.get("job") or "")
        return self.json(
            {"id": ident, "job": world.merged.get(job, job) or None, **self.known(ident)}, status
        )

    def receipt(self, ident: str) -> dict[str, Any]:
        data = self.world.stored.get(ident, b"")
        digest = hashlib.sha256(data).hexdigest()
        return {
            "id": ident,
            "state": "receiving" if self.world.unfinished else "stored",
            "size": len(data),
            "rev": 2,
            "stored_at": self.now(),
            "sha256": "0" * 64 if self.world.wrong_receipts else digest,
        }

    def blob(self, path: str, body: bytes) -> None:
        world, ident = self.world, self.ident(path)
        if world.ails:
            return self.refuse(507, world.ails.pop(0))
        if self.command == "POST":
            assert self.headers["Tus-Resumable"] == "1.0.0"
            world.blobs.setdefault(ident, bytearray())
            world.items.setdefault(ident, {"kind": "photo"})["length"] = int(self.headers["Upload-Length"])
            if not world.blobs[ident]:
                world.blobs[ident] += body
            world.slices.append((ident, 0))
            return self.after(ident, HTTPStatus.CREATED, Location=f"/sync/blobs/{ident}")
        if ident not in world.blobs:
            return self.reply(404)
        if self.command == "HEAD":
            return self.after(ident, HTTPStatus.OK)
        if world.forgets:
            world.items[ident].pop("length", None)
            del world.blobs[ident]
            return self.reply(world.forgets.pop(0))
        offset = int(self.headers["Upload-Offset"])
        if offset != len(world.blobs[ident]):
            return self.reply(409, Upload_Offset=str(len(world.blobs[ident])))
        world.slices.append((ident, offset))
        world.blobs[ident] += body
        return self.after(ident, HTTPStatus.NO_CONTENT)

    def after(self, ident: str, status: int, **headers: str) -> None:
        world, data = self.world, self.world.blobs[ident]
        length, wanted = (
            world.items[ident].pop("length", None) or world.items[ident].get("size"),
            world.items[ident].get("sha256"),
        )
        offset = str(len(data))
        if len(data) != length or self.command == "HEAD":
            return self.reply(
                status, b"", "text/plain", Upload_Offset=offset, Tus_Resumable="1.0.0", **headers
            )
        if world.damaged or hashlib.sha256(data).hexdigest() != wanted:
            world.damaged = max(0, world.damaged - 1)
            data.clear()
            return self.reply(460, Upload_Offset="0")
        world.stored[ident] = bytes(data)
        return self.json(
            self.receipt(ident), HTTPStatus.OK if status == 204 else status, Upload_Offset=offset, **headers
        )


@cache
def _pages() -> Environment:
    """Return the templates; compiled once, however often an office starts again."""
    folders = [static.ROOT / "templates", static.ROOT / "tests" / "browser" / "pages"]
    pages = Environment(
        loader=FileSystemLoader(folders), autoescape=select_autoescape(), extensions=["jinja2.ext.i18n"]
    )
    pages.install_null_translations(newstyle=True)  # type: ignore[attr-defined]
    return pages


class Office:
    """The stand-in with its faults: start, stop and start again on the same port."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.world = World()
        self.assets = static.load()
        self._server: ThreadingHTTPServer | None = None
        self._idle: set[socket.socket] = set()
        self._over = threading.Event()

    def start(self) -> None:
        self._over = threading.Event()
        members = {
            "world": self.world,
            "assets": self.assets,
            "pages": _pages(),
            "lock": threading.Lock(),
            "idle": self._idle,
            "over": self._over,
        }
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Bound", (Handler,), members))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in self._idle.copy():
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def renew(self) -> None:
        """Become the next release: the same files under new addresses, and a worker that names them."""
        self.stop()
        self.assets = static.Assets(f"{int(self.assets.version, 16) + 1:012x}", self.assets.files)
        self.start()

    def hashes(self) -> list[str]:
        """Return the SHA-256 of everything that is stored, sorted."""
        return sorted(hashlib.sha256(data).hexdigest() for data in list(self.world.stored.values()))

    @contextmanager
    def away(self) -> Iterator[None]:
        """Cut the server off for a while."""
        self.stop()
        try:
            yield
        finally:
            self.start()
