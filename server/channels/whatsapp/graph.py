"""The Graph API behind one business number: calls with the token, the self-check, the list of templates (W/reference)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from server.channels.base import ChannelError
from server.channels.base_http import body_of, retry_after
from server.channels.whatsapp.errors import error_of, outcome_of, reaction_of
from server.channels.whatsapp.templates import read_template
from server.domain.channels import Template
from server.domain.checkups import Finding
from server.domain.outcomes import Outcome, Reauth, Throttled, Unclear

ASK_TIMEOUT_S = 15.0
PAGE, MAX_PAGES = 100, 100
_NUMBER = "display_phone_number,verified_name,quality_rating,status"
_TEMPLATE = "name,language,status,category,components,quality_score,rejected_reason"
# The nearest one wins (W/webhooks/override).
_HOOKS = ("phone_number", "whatsapp_business_account", "application")
_GOOD_STATUS = {"", "CONNECTED"}
_GOOD_QUALITY = {"", "GREEN", "UNKNOWN", "NA"}
Body = Mapping[str, Any]


class Declined(Exception):
    """Meta does not say what was asked; `detail` is its word. Never leaves this file."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def refused(answer: httpx.Response) -> Outcome:
    """Return what a status but 200 says: only Meta's own error object, or 401 and 429, is a refusal we can trust."""
    after_s = retry_after(answer)
    error = error_of(body_of(answer))
    if error and answer.status_code >= 500 and reaction_of(error[0]) is None:
        return Unclear(f"{answer.status_code}: {error[0]}")
    if error:
        return outcome_of(*error, retry_after_s=after_s)
    if answer.status_code == 401:
        return Reauth("401")
    if answer.status_code == 429:
        return Throttled(after_s, "429")
    return Unclear(str(answer.status_code))


@dataclass(frozen=True, slots=True)
class Graph:
    """One version of the Graph API, spoken to with one token; `root` has no slash at its end."""

    http: httpx.AsyncClient
    root: str
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def get(self, path: str, **query: str) -> Body:
        """Return an object; raises Declined, and httpx's errors."""
        answer = await self.http.get(
            f"{self.root}/{path}",
            params=query,
            headers=self.headers,
            follow_redirects=False,
            timeout=ASK_TIMEOUT_S,
        )
        return _object(answer)

    async def post(self, path: str, body: Body) -> Body:
        """Return what a change answers; raises as `get`."""
        answer = await self.http.post(
            f"{self.root}/{path}",
            json=body,
            headers=self.headers,
            follow_redirects=False,
            timeout=ASK_TIMEOUT_S,
        )
        return _object(answer)


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose account is checked; `hook` is our webhook's public address, "" where nobody can reach us."""

    number_id: str
    waba_id: str
    hook: str
    verify_token: str


async def findings(graph: Graph, asked: Asked) -> list[Finding]:
    """Return what is well and what is not, mending a missing subscription; never raises."""
    found: list[Finding] = []
    try:
        found += await _number(graph, asked)
        if all(finding.ok for finding in found if finding.code == "channel.token"):
            found += await _events(graph, asked)
    except httpx.HTTPError as error:
        found.append(Finding("channel.reachable", ok=False, detail=type(error).__name__))
    return found


async def templates(graph: Graph, waba_id: str) -> list[Template]:
    """Return all templates, page by page; the address of the next page is never followed, only its cursor.

    Raises ChannelError `templates.no_account`, `templates.unreachable`.
    """
    if not waba_id:
        raise ChannelError("templates.no_account", permanent=True)
    found: list[Template] = []
    query = {"fields": _TEMPLATE, "limit": str(PAGE)}
    try:
        for _ in range(MAX_PAGES):
            page = await graph.get(f"{waba_id}/message_templates", **query)
            found += _templates_of(page)
            after = _next(page)
            if not after:
                return found
            query["after"] = after
    except (httpx.HTTPError, Declined) as error:
        detail = getattr(error, "detail", type(error).__name__)
        raise ChannelError("templates.unreachable", permanent=False, detail=detail) from error
    raise ChannelError("templates.unreachable", permanent=True, detail=f"more than {MAX_PAGES} pages")


async def _number(graph: Graph, asked: Asked) -> list[Finding]:
    try:
        body = await graph.get(asked.number_id, fields=_NUMBER)
    except Declined as refused:
        return [Finding("channel.token", ok=False, detail=refused.detail)]
    who = " ".join(str(body.get(name) or "") for name in ("display_phone_number", "verified_name"))
    status, quality = str(body.get("status") or ""), str(body.get("quality_rating") or "")
    return [
        Finding("channel.token", ok=True, detail=who.strip()[:300]),
        Finding("channel.number", ok=status in _GOOD_STATUS, detail=status[:100]),
        Finding("channel.quality", ok=quality in _GOOD_QUALITY, detail=quality[:100]),
    ]


async def _events(graph: Graph, asked: Asked) -> list[Finding]:
    """Return whether Meta tells us anything at all: nothing comes until the business account is subscribed (§12.22)."""
    hook = await _hook_of(graph, asked)
    if not asked.waba_id:
        return [Finding("channel.subscribed", ok=False, detail="waba_id"), _webhook(hook, asked)]
    try:
        if await _subscribed(graph, asked):
            return [Finding("channel.subscribed", ok=True), _webhook(hook, asked)]
        # Where no webhook is set at all, ours is set along; another one is somebody's, so a human decides.
        mine = {"override_callback_uri": asked.hook, "verify_token": asked.verify_token}
        ours = bool(asked.hook) and not hook
        await graph.post(f"{asked.waba_id}/subscribed_apps", mine if ours else {})
    except Declined as refused:
        return [Finding("channel.subscribed", ok=False, detail=refused.detail), _webhook(hook, asked)]
    return [Finding("channel.resubscribed", ok=True), _webhook(asked.hook if ours else hook, asked)]


async def _subscribed(graph: Graph, asked: Asked) -> bool:
    """Return whether our own app is among those the business account tells of events."""
    listed = (await graph.get(f"{asked.waba_id}/subscribed_apps")).get("data")
    try:
        app = str((await graph.get("app", fields="id")).get("id") or "")
    except Declined:
        app = ""
    known = [_app(row) for row in listed] if isinstance(listed, list) else []
    return app in known if app else bool(known)


def _app(row: object) -> str:
    data = row.get("whatsapp_business_api_data") if isinstance(row, dict) else None
    return str(data.get("id") or "") if isinstance(data, dict) else ""


async def _hook_of(graph: Graph, asked: Asked) -> str:
    """Return where Meta sends this number's events, "" when nowhere or when it does not say."""
    try:
        set_up = (await graph.get(asked.number_id, fields="webhook_configuration")).get(
            "webhook_configuration"
        )
    except Declined:
        return ""
    known = [str(set_up.get(name) or "") for name in _HOOKS] if isinstance(set_up, dict) else []
    return next((hook for hook in known if hook), "")


def _webhook(hook: str, asked: Asked) -> Finding:
    return Finding("channel.webhook", ok=bool(asked.hook) and hook == asked.hook, detail=hook[:300])


def _templates_of(page: Body) -> list[Template]:
    rows, found = page.get("data"), []
    if not isinstance(rows, list):
        raise Declined("no list")  # or everything would be taken for gone
    for row in rows:
        try:
            found.append(read_template(row))
        except ValueError:
            continue  # one that cannot be read cannot be sent either; the others can
    return found


def _next(page: Body) -> str:
    paging: Any = page.get("paging")
    if not isinstance(paging, dict) or not paging.get("next") or not isinstance(paging.get("cursors"), dict):
        return ""
    return str(paging["cursors"].get("after") or "")


def _object(answer: httpx.Response) -> Body:
    body = body_of(answer)
    if answer.status_code == 200 and isinstance(body, dict):
        return body
    error = error_of(body)
    detail = f"{error[0]}: {error[1]}" if error else str(answer.status_code)
    raise Declined(detail[:300])
