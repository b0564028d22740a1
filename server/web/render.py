"""The one Jinja environment, and the few kinds of answer that handlers give."""

import dataclasses
import gzip
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from enum import Enum
from functools import cache, partial
from typing import Any
from uuid import UUID

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from server import channels as registry
from server.channels.handoff import messenger_of
from server.db import companies
from server.db import counts as counts_db
from server.domain.companies import HOME
from server.domain.counts import Counts
from server.domain.errors import Invalid
from server.domain.users import Actor
from server.web import dates
from server.web.state import services
from server.web.words import ROOT, language_of, sentence, words

FLASH_COOKIE = "flash"
PACK_FROM = 1000


@cache
def environment(language: str) -> Environment:
    """Return the environment of one language. Only message texts (.txt) stay unescaped."""
    made = Environment(
        loader=FileSystemLoader(ROOT / "templates"),
        autoescape=select_autoescape(disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    translation = words(language)
    made.install_gettext_callables(translation.gettext, translation.ngettext, newstyle=True)  # type: ignore[attr-defined]
    made.globals["channel_labels"] = lambda: {channel.kind: channel.label for channel in registry.CHANNELS}
    made.filters |= {
        "when": _when,
        "day": _day,
        "clock": _clock,
        "until": _until,
        "left": partial(dates.left, language=language),
        "date": partial(dates.numeric_day, language=language),
        "month": partial(dates.month, language=language),
        "euro": partial(dates.euro, language=language),
        "span": partial(dates.span, language=language),
        "size": partial(dates.size, language=language),
        "length_of": dates.length,
        "number": partial(dates.number, language=language),
        "numeric_day": partial(dates.numeric_day, language=language),
        "sentence": partial(_sentence, language),
        "messenger": messenger_of,
    }
    return made


@pass_context
def _when(context: Context, moment: datetime) -> str:
    return dates.when(moment, context["zone"], context["lang"], today=context["today"])


@pass_context
def _until(context: Context, moment: datetime) -> str:
    return dates.until(moment, context["zone"], context["lang"], today=context["today"])


@pass_context
def _day(context: Context, moment: datetime) -> str:
    return dates.day(moment, context["zone"], context["lang"], today=context["today"])


@pass_context
def _clock(context: Context, moment: datetime) -> str:
    return dates.clock(moment, context["zone"], context["lang"])


def _sentence(language: str, code: Invalid | str, values: Mapping[str, object] | None = None) -> str:
    if isinstance(code, Invalid):
        return sentence(code.code, language, code.values)
    return sentence(code, language, values)


def language(request: Request) -> str:
    """Return the language of this answer."""
    actor: Actor | None = getattr(request.state, "actor", None)
    return language_of(request.headers.get("accept-language", ""), actor.language if actor else None)


async def page(
    request: Request,
    name: str,
    *,
    status: int = 200,
    nav: str = "",
    offline: bool = False,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """Answer a whole page. With `offline` the phone's service worker may keep it for this sign-in."""
    actor: Actor | None = getattr(request.state, "actor", None)
    company = values.pop("company", None)
    if company is None and actor is not None:
        company = await companies.by_id(actor.company_id)
    flash = _flash(request)
    context = _context(request, company, await _counts(actor)) | {"nav": nav, "flash": flash} | values
    response = _html(request, name, context, status)
    response.headers.update(headers or {})
    if flash:
        response.delete_cookie(FLASH_COOKIE, path="/")
    if offline and actor is not None and status == 200 and not flash:
        response.headers["X-Offline"] = "ok"
        response.headers["X-Offline-User"] = actor.cache_key
    return response


def fragment(
    request: Request, name: str, *, status: int = 200, company: Any = None, **values: Any
) -> Response:
    """Answer a part of a page for htmx; it has an address of its own."""
    context = _context(request, company, None) | {"nav": "", "flash": []} | values
    return _html(request, name, context, status)


def see_other(request: Request, path: str, *, flash: str | None = None) -> Response:
    """Send the browser on after a POST; `flash` is the code of a sentence shown on the next page."""
    if "hx-request" in request.headers:
        response = Response(status_code=204, headers={"HX-Redirect": path})
    else:
        response = RedirectResponse(path, status_code=303)
    if flash:
        response.set_cookie(FLASH_COOKIE, flash, max_age=60, path="/", httponly=True, samesite="lax")
    return response


def json_answer(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer JSON: dataclasses by field, ids as text, moments in UTC with Z, enums by value."""
    return Response(_as_json(value), status, headers, "application/json")


def packed_json(request: Request, value: Any) -> Response:
    """Answer JSON that may be large, compressed where the caller takes it."""
    return packed(request, _as_json(value), "application/json")


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {one.name: getattr(value, one.name) for one in dataclasses.fields(value)}
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(value, date | UUID):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | set | frozenset):
        return list(value)
    raise TypeError(f"not JSON: {type(value).__name__}")


def _context(request: Request, company: Any, counts: Counts | None) -> dict[str, Any]:
    at = services(request).clock()
    zone = company.zone if company else HOME
    assets = request.app.state.assets
    return {
        "actor": getattr(request.state, "actor", None),
        "company": company,
        "counts": counts,
        "lang": language(request),
        "request_path": request.url.path,
        "posted": request.method == "POST",
        "static_url": assets.url,
        "module_urls": assets.module_urls,
        "app_version": assets.version,
        "sandbox": services(request).settings.demo,
        "now": at,
        "zone": zone,
        "today": at.astimezone(zone).date(),
    }


def _html(request: Request, name: str, context: Mapping[str, Any], status: int) -> Response:
    text = environment(context["lang"]).get_template(name).render(context)
    return packed(request, text, "text/html", status=status)


def packed(
    request: Request,
    text: str,
    media_type: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Answer a text, compressed where that is worth it and the browser takes it."""
    body, named = text.encode(), dict(headers or {})
    if len(body) < PACK_FROM or "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(body, status, named, media_type)
    named |= {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
    return Response(gzip.compress(body, 5), status, named, media_type)


async def _counts(actor: Actor | None) -> Counts | None:
    if actor is None or actor.id is None:
        return None
    if actor.at_desk:
        return await counts_db.of_company(actor.company_id)
    return await counts_db.of_worker(actor.company_id, actor.id)


def _flash(request: Request) -> list[tuple[str, str]]:
    """Return what the last action said. The cookie holds a code, never a text somebody else could choose."""
    code = request.cookies.get(FLASH_COOKIE, "")
    if not code:
        return []
    return [("ok", sentence(f"flash.{code}", language(request)))]
