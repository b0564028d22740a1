"""The customer's phone as a page: bubbles, buttons, photo, STOP and block. Works by forms; a script only refreshes it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from server.domain.events import Status
from server.sandbox.customer import Customer, accounts_of, customer_of
from server.sandbox.platform import MAX_IMAGE_BYTES, Acts, Platform, image_type
from server.sandbox.world import Account, Bubble, Person, World

HERE = ZoneInfo("Europe/Berlin")
MAX_TEXT = 4096
_TICKS = {Status.SENT: "sent", Status.DELIVERED: "delivered", Status.READ: "read"}
APPS = {
    "whatsapp": "WhatsApp",
    "telegram": "Telegram",
    "messenger": "Messenger",
    "threema": "Threema",
    "signal": "Signal",
    "email": "E-Mail",
}
_THUMBS = {"👍", "👎"}
_UNREAD = (Status.SENT, Status.DELIVERED)
Render = Callable[..., str]
"""(template name, **values) → HTML"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A bubble as the template draws it; `day` only on the first of a day, `ticks` only on the customer's own."""

    id: str
    mine: bool
    subject: str
    text: str
    picture: str
    clock: str
    iso: str
    day: str
    ticks: str
    buttons: tuple[tuple[str, str], ...]
    thumbs: bool
    tapped: str
    quoted: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One messenger on the phone; `unread` counts what the firm wrote and the person has not looked at."""

    kind: str
    app: str
    key: str
    unread: int


class PhonePages:
    """The pages below /phone."""

    def __init__(self, world: World, platforms: Mapping[str, Platform], render: Render) -> None:
        self._world = world
        self._platforms = platforms
        self._render = render
        self.routes = [
            Route("/phone", self._people),
            Route("/phone/{contact}", self._show),
            Route("/phone/{contact}/_screen", self._screen),
            Route("/phone/{contact}/pictures/{picture}", self._picture),
            Route("/phone/{contact}/messages", self._write, methods=["POST"], max_body_size=64_000),
            Route("/phone/{contact}/taps", self._tap, methods=["POST"], max_body_size=8_000),
            Route("/phone/{contact}/block", self._block, methods=["POST"], max_body_size=1_000),
            Route("/phone/{contact}/acts", self._act, methods=["POST"], max_body_size=8_000),
            Route(
                "/phone/{contact}/photos",
                self._photo,
                methods=["POST"],
                max_body_size=MAX_IMAGE_BYTES + 10_000,
            ),
        ]

    async def _people(self, request: Request) -> Response:
        people = sorted(self._world.people.values(), key=lambda person: person.name)
        rows = [(person, self._tabs(person)) for person in people]
        return self._page("sandbox/people.html", request, people=rows)

    async def _show(self, request: Request) -> Response:
        customer = self._customer(request)
        customer.look()
        refused = "photo" if request.query_params.get("refused") == "photo" else ""
        return self._page("sandbox/phone.html", request, **self._values(request, customer), refused=refused)

    async def _screen(self, request: Request) -> Response:
        """Answer the chat alone; 304 while nothing has changed."""
        customer = self._customer(request)
        customer.look()
        tag = f'"{self._world.version}"'
        headers = {"etag": tag, "cache-control": "no-cache"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        answer = self._page("sandbox/_fresh.html", request, **self._values(request, customer))
        answer.headers.update(headers)
        return answer

    async def _picture(self, request: Request) -> Response:
        customer = self._customer(request)
        shown = {bubble.picture for bubble in customer.bubbles}
        file = self._platforms[customer.account.kind].files.get(request.path_params["picture"])
        if file is None or request.path_params["picture"] not in shown:
            raise HTTPException(404)
        headers = {"x-content-type-options": "nosniff", "cache-control": "private, max-age=3600"}
        return Response(file.data, media_type=file.mime, headers=headers)

    async def _write(self, request: Request) -> Response:
        customer = self._customer(request)
        async with request.form() as form:
            text = str(form.get("text", "")).strip()[:MAX_TEXT]
        if text and not customer.person.blocked:
            customer.write(text)
        return self._back(request)

    async def _tap(self, request: Request) -> Response:
        customer = self._customer(request)
        async with request.form() as form:
            customer.tap(str(form.get("message", "")), str(form.get("button", "")))
        return self._back(request)

    async def _photo(self, request: Request) -> Response:
        customer = self._customer(request)
        async with request.form(max_files=1) as form:
            part = form.get("photo")
            data = b"" if part is None or isinstance(part, str) else await part.read()
            caption = str(form.get("caption", "")).strip()[:1024]
        mime = image_type(data)
        if not mime:
            return self._back(request, refused="photo")
        customer.send_photo(data, mime, caption)
        return self._back(request)

    async def _block(self, request: Request) -> Response:
        customer = self._customer(request)
        async with request.form() as form:
            customer.block(blocked=form.get("blocked") == "yes")
        return self._back(request)

    async def _act(self, request: Request) -> Response:
        customer = self._customer(request)
        platform = self._platforms[customer.account.kind]
        async with request.form() as form:
            name, word = str(form.get("act", "")), str(form.get("word", "")).strip()[:200]
        if isinstance(platform, Acts):
            platform.act(customer.account, customer.person, name, word)
        return self._back(request)

    def _customer(self, request: Request) -> Customer:
        return customer_of(request, self._world, self._platforms)

    def _values(self, request: Request, customer: Customer) -> dict[str, object]:
        platform = self._platforms[customer.account.kind]
        return {
            "acts": platform.acts if isinstance(platform, Acts) else (),
            "person": customer.person,
            "account": customer.account,
            "app": app_of(customer.account),
            "tabs": self._tabs(customer.person),
            "here": f"{_root(request)}/phone/{customer.person.key}",
            "query": self._query(customer),
            "version": self._world.version,
            "bubbles": _shown(customer.bubbles, self._world.now()),
        }

    def _tabs(self, person: Person) -> list[Tab]:
        return [
            Tab(account.kind, app_of(account), account.key, self._unread(account, person))
            for account in accounts_of(self._world, person)
        ]

    def _unread(self, account: Account, person: Person) -> int:
        bubbles = self._world.chat(account, person).bubbles
        return sum(bubble.from_firm and bubble.status in _UNREAD for bubble in bubbles)

    def _query(self, customer: Customer, refused: str = "") -> str:
        named = {"account": customer.account.key} if len(self._world.accounts) > 1 else {}
        query = urlencode(named | ({"refused": refused} if refused else {}))
        return f"?{query}" if query else ""

    def _page(self, name: str, request: Request, **values: object) -> Response:
        return HTMLResponse(self._render(name, root=_root(request), **values))

    def _back(self, request: Request, refused: str = "") -> Response:
        customer = self._customer(request)
        query = self._query(customer, refused)
        where = f"{_root(request)}/phone/{customer.person.key}{query}#newest"
        return RedirectResponse(where, status_code=303)


def app_of(account: Account) -> str:
    """Return what people call the messenger."""
    return APPS.get(account.kind, account.kind.capitalize())


def _root(request: Request) -> str:
    """Return the path this application is mounted at."""
    return str(request.scope.get("root_path", ""))


def _shown(bubbles: Sequence[Bubble], now: datetime) -> list[Shown]:
    said = {bubble.id: bubble.text for bubble in bubbles}
    rows, last_day = [], ""
    for bubble in bubbles:
        at = bubble.at.astimezone(HERE)
        day = "today" if at.date() == now.astimezone(HERE).date() else f"{at:%d.%m.%Y}"
        rows.append(
            Shown(
                id=bubble.id,
                mine=not bubble.from_firm,
                subject=bubble.subject,
                text=bubble.text,
                picture=bubble.picture,
                clock=f"{at:%H:%M}",
                iso=bubble.at.isoformat(),
                day=day if day != last_day else "",
                ticks="" if bubble.from_firm else _TICKS.get(bubble.status, "sent"),
                buttons=bubble.buttons,
                thumbs={title for _, title in bubble.buttons} == _THUMBS,
                tapped=bubble.tapped if bubble.from_firm else "",
                quoted=said.get(bubble.quoted, "") if bubble.quoted else "",
            )
        )
        last_day = day
    return rows
