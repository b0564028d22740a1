"""The page's self-check: its token, its subscription, its start button; the last two are mended where they are missing.

Source: Graph API, Page subscribed_apps; Messenger Platform, webhooks, Messenger Profile API, "m.me Links", read mid-2026.
"""

from typing import Any, Protocol

import httpx

from server.channels.base_http import body_of
from server.channels.messenger.errors import refused
from server.domain.checkups import Finding

FIELDS = (
    "messages",
    "messaging_postbacks",
    "messaging_referrals",
    "message_deliveries",
    "message_reads",
    "message_echoes",
    "message_edits",
    "message_reactions",
    "messaging_policy_enforcement",
    "standby",
)
# What the start button brings back; it is nobody's answer.
START = "START"


class Ask(Protocol):
    """Call the Graph with the page's token; raises what httpx raises."""

    async def __call__(self, method: str, path: str, **given: Any) -> httpx.Response: ...


async def findings(ask: Ask, page_id: str) -> list[Finding]:
    """Return what Meta says of the page; never raises."""
    try:
        page = await ask("GET", page_id, params={"fields": "id,name"})
        if page.status_code != 200:
            return [Finding("channel.token", ok=False, detail=_why(page))]
        name = field_of(body_of(page), "name")
        return [
            Finding("channel.token", ok=True, detail=name[:300]),
            await _subscription(ask, page_id),
            await _start_button(ask, page_id),
        ]
    except httpx.HTTPError as error:
        return [Finding("channel.reachable", ok=False, detail=type(error).__name__)]


async def _subscription(ask: Ask, page_id: str) -> Finding:
    """Return whether our app hears of everything; Meta ends that after an hour of failing webhooks."""
    answer = await ask("GET", f"{page_id}/subscribed_apps")
    if answer.status_code != 200:
        return Finding("channel.subscribed", ok=False, detail=_why(answer))
    known = _fields_of(body_of(answer), await _app(ask))
    missing = [field for field in FIELDS if field not in known]
    if not missing:
        return Finding("channel.subscribed", ok=True)
    wanted = {"subscribed_fields": ",".join(sorted({*known, *FIELDS}))}
    again = await ask("POST", f"{page_id}/subscribed_apps", data=wanted)
    if _done(again, "success", True):
        return Finding("channel.resubscribed", ok=True, detail=", ".join(missing))
    return Finding("channel.subscribed", ok=False, detail=_why(again))


async def _start_button(ask: Ask, page_id: str) -> Finding:
    """Return whether new customers find a start button: without one the word in our link never reaches us."""
    answer = await ask("GET", f"{page_id}/messenger_profile", params={"fields": "get_started"})
    body = body_of(answer)
    rows = body.get("data") if isinstance(body, dict) else None
    if isinstance(rows, list) and any(isinstance(row, dict) and row.get("get_started") for row in rows):
        return Finding("messenger.start_button", ok=True)
    wanted = {"get_started": {"payload": START}}
    made = await ask("POST", f"{page_id}/messenger_profile", json=wanted)
    if _done(made, "result", "success"):
        return Finding("messenger.start_button", ok=True)
    return Finding("messenger.start_button", ok=False, detail=_why(made))


async def _app(ask: Ask) -> str:
    """Return the id of the app the token belongs to, "" when Meta does not say: other apps may listen to the page too."""
    answer = await ask("GET", "app", params={"fields": "id"})
    return field_of(body_of(answer), "id") if answer.status_code == 200 else ""


def field_of(body: object, name: str) -> str:
    """Return a text or number of an answer as text, "" for anything else."""
    value = body.get(name) if isinstance(body, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _fields_of(body: object, app: str) -> set[str]:
    """Return the fields our app is subscribed to; without knowing our app, those of any."""
    rows = body.get("data") if isinstance(body, dict) else None
    known = [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    mine = [row for row in known if not app or row.get("id") == app]
    lists = [row["subscribed_fields"] for row in mine if isinstance(row.get("subscribed_fields"), list)]
    return {field for fields in lists for field in fields if isinstance(field, str)}


def _done(answer: httpx.Response, name: str, word: object) -> bool:
    body = body_of(answer)
    return answer.status_code == 200 and isinstance(body, dict) and body.get(name) == word


def _why(answer: httpx.Response) -> str:
    return str(getattr(refused(answer), "detail", ""))[:300]
