"""Finds jobs, customers, photos, questions and notes by their words."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from server.db import search
from server.web import access, forms
from server.web.render import page
from server.web.routing import Who, route


@dataclass(frozen=True, slots=True)
class SearchQuery:
    q: str = forms.text(max=200, default="")


async def show(request: Request) -> Response:
    actor, query = access.actor(request), forms.read_query(request, SearchQuery)
    hits = await search.everything(actor.company_id, query.q, worker=access.only_own(actor))
    return await page(request, "search/index.html", nav="search", q=query.q, hits=hits)


routes = [route("/search", show, who=Who.WORKER)]
