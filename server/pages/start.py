"""The first page: today's jobs for the worker, what waits for the office."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import renames, sweep
from server.db import calls, companies, devices, jobs, read_model, storage_keys, tasks, users
from server.domain.devices import Owed
from server.domain.users import Actor
from server.web import access
from server.web.dates import long_day
from server.web.render import language, page
from server.web.routing import Who, route
from server.web.state import services

MORNING_UNTIL, DAY_UNTIL = 11, 18


async def show(request: Request) -> Response:
    actor = access.actor(request)
    return await (_office(request, actor) if actor.at_desk else _worker(request, actor))


async def _worker(request: Request, actor: Actor) -> Response:
    assert actor.id is not None, "a worker is a person"
    last = await jobs.last_used(actor.company_id, actor.id)
    mine = await jobs.search(actor.company_id, visible_to=actor.id, member_id=actor.id, limit=20)
    others = [job for job in mine.items if job not in last]
    badges = await jobs.badges(actor.company_id, [job.id for job in [*last, *others]])
    return await page(
        request,
        "start/worker.html",
        nav="home",
        offline=True,
        **await _greeting(request, actor),
        last=last,
        mine=others,
        badges=badges,
        retakes=await read_model.retakes(actor.company_id, actor.id),
        recalls=await _recalls(request, actor),
    )


async def _office(request: Request, actor: Actor) -> Response:
    newest = await jobs.search(actor.company_id, limit=5)
    badges = await jobs.badges(actor.company_id, [job.id for job in newest.items])
    people = await users.active(actor.company_id, limit=2)
    return await page(
        request,
        "start/office.html",
        nav="home",
        **await _greeting(request, actor),
        newest=newest.items,
        badges=badges,
        alone=len(people) < 2,
        owed=Owed.of(await devices.holding(actor.company_id)),
        recalls=await _recalls(request, actor),
        stalled=await tasks.number_dead(actor.company_id),
        lost=await storage_keys.number_lost(actor.company_id),
        storage_away=await sweep.away(services(request), actor.company_id),
        renames=await renames.number_due(actor.company_id, at=services(request).clock()),
    )


async def _recalls(request: Request, actor: Actor) -> int:
    """Return how many calls are to be made again today: one's own, at the desk everybody's."""
    until = await access.today(request)
    return await calls.due(actor.company_id, user_id=access.only_own(actor), until=until)


async def _greeting(request: Request, actor: Actor) -> dict[str, Any]:
    """Return the part of the day and the date where the company is."""
    company = access.known(await companies.by_id(actor.company_id), "company.unknown")
    local = services(request).clock().astimezone(company.zone)
    part = "morning" if local.hour < MORNING_UNTIL else "day" if local.hour < DAY_UNTIL else "evening"
    return {"greeting": part, "date": long_day(local.date(), language(request))}


routes = [route("/", show, who=Who.WORKER)]
