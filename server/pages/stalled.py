"""What the server gave up on, with its reason and the way to try it again."""

from starlette.requests import Request
from starlette.responses import Response

from server.actions import stalled, sweep
from server.db import storage_keys, tasks
from server.web import access
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

LIST = "/stalled"


async def index(request: Request) -> Response:
    company_id = access.actor(request).company_id
    return await page(
        request,
        "stalled/index.html",
        nav="stalled",
        stalled=await tasks.of_company_dead(company_id),
        lost=await storage_keys.lost(company_id),
        lost_number=await storage_keys.number_lost(company_id),
        storage_away=await sweep.away(services(request), company_id),
    )


async def try_again(request: Request) -> Response:
    task_id = request.path_params["task_id"]
    await stalled.try_again(access.actor(request), task_id, at=services(request).clock())
    return see_other(request, LIST, flash="task.tried_again")


routes = [
    route(LIST, index, who=Who.OFFICE),
    route(f"{LIST}/{{task_id:uuid}}", try_again, who=Who.OFFICE, methods=["POST"]),
]
