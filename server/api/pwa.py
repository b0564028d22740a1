"""What makes the pages an app: the service worker with its list of files, the manifest, the shell without network."""

import hashlib
from functools import cache

from starlette.requests import Request
from starlette.responses import Response

from server.web import worker_script
from server.web.render import fragment, json_answer, packed, page
from server.web.routing import Who, route
from server.web.state import services
from server.web.static import ROOT, Assets

WORKER_OFF = ROOT / "service-worker-off.js"
YELLOW, WHITE = "#f5c518", "#ffffff"
ICONS = (
    ("app-192.png", 192, "any"),
    ("app-512.png", 512, "any"),
    ("maskable-192.png", 192, "maskable"),
    ("maskable-512.png", 512, "maskable"),
)
SHORTCUTS = (("Foto", "/capture"), ("Aufträge", "/jobs"), ("Einsortieren", "/sort"))
MANIFEST = {
    "id": "/",
    "name": "Zollstock",
    "short_name": "Zollstock",
    "description": "Fotos von der Baustelle, Rückfragen an Kunden",
    "lang": "de",
    "dir": "ltr",
    "start_url": "/",
    "scope": "/",
    "display": "standalone",
    "theme_color": YELLOW,
    "background_color": WHITE,
    "share_target": {
        "action": "/share",
        "method": "POST",
        "enctype": "multipart/form-data",
        "params": {
            "title": "title",
            "text": "text",
            "url": "url",
            "files": [{"name": "files", "accept": ["image/*", "video/*", "audio/*"]}],
        },
    },
}


async def service_worker(request: Request) -> Response:
    """Give the worker, which names this version's files; a new version is a new worker.

    With `kill_worker` give the one that takes itself off every phone (offline-pwa.md §3.3).
    """
    killed = services(request).settings.kill_worker
    text = _worker_off() if killed else worker_script.script(request.app.state.assets)
    # Asked for on every page and at every hour: mostly "still the same", in a few bytes.
    headers = {"Cache-Control": "no-cache", "ETag": f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'}
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return packed(request, text, "text/javascript", headers=headers)


async def manifest(request: Request) -> Response:
    """Describe the app to the phone's home screen."""
    icons = _icons(request.app.state.assets)
    shortcuts = [{"name": name, "url": url, "icons": icons[:1]} for name, url in SHORTCUTS]
    told = {**MANIFEST, "icons": icons, "shortcuts": shortcuts}
    answer = json_answer(told, headers={"Cache-Control": "no-cache"})
    answer.headers["Content-Type"] = "application/manifest+json"
    return answer


def _icons(assets: Assets) -> list[dict[str, str]]:
    return [
        {
            "src": assets.url(f"icons/{name}"),
            "sizes": f"{edge}x{edge}",
            "type": "image/png",
            "purpose": purpose,
        }
        for name, edge, purpose in ICONS
    ]


async def share(request: Request) -> Response:
    """Say what to do with something shared while no worker was there to keep it; it still lies in the other app.

    The body is read to its end and forgotten: a browser whose upload is cut off shows its own error instead of ours.
    """
    if request.method == "POST":
        async for _ in request.stream():
            pass
    why = request.query_params.get("why", "")
    return await page(request, "share/index.html", signed_out=why == "signed-out")


async def offline(request: Request) -> Response:
    """Give the shell that draws from the phone's own database; it holds nobody's data."""
    return fragment(request, "offline/shell.html")


@cache
def _worker_off() -> str:
    return WORKER_OFF.read_text(encoding="utf-8")


routes = [
    route("/service-worker.js", service_worker, who=Who.ANYONE),
    route("/manifest.webmanifest", manifest, who=Who.ANYONE),
    route("/share", share, who=Who.ANYONE),
    route("/share", share, who=Who.WORKER, methods=["POST"], max_body_size=None),
    route("/offline", offline, who=Who.ANYONE),
]
