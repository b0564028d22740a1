"""The trash: a photo goes in from its page, comes back from here, and is gone for good after thirty days."""

from starlette.requests import Request
from starlette.responses import Response

from server.actions import trash
from server.db import jobs
from server.db import trash as trash_db
from server.db import users as users_db
from server.domain.photos import Photo
from server.domain.trash import KEPT, days_left
from server.domain.users import Actor
from server.web import access
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


async def index(request: Request) -> Response:
    actor, at = access.actor(request), services(request).clock()
    found = await trash_db.of_company(actor.company_id)
    return await page(
        request,
        "photos/trash.html",
        nav="trash",
        photos=found,
        left={photo.id: days_left(photo, at) for photo in found},
        titles=await jobs.titles(actor.company_id, {one.job_id for one in found if one.job_id}),
        names=await users_db.names(
            actor.company_id, {one.deleted_by_id for one in found if one.deleted_by_id}
        ),
        days=KEPT.days,
    )


async def delete(request: Request) -> Response:
    photo, actor = await access.photo(request), access.actor(request)
    await trash.delete(actor, photo, at=services(request).clock())
    return see_other(request, _back(actor, photo), flash="photo.deleted")


async def restore(request: Request) -> Response:
    at = services(request).clock()
    photo = await trash.restore(access.actor(request), request.path_params["photo_id"], at=at)
    return see_other(request, f"/photos/{photo.id}", flash="photo.restored")


def _back(actor: Actor, photo: Photo) -> str:
    if actor.at_desk and photo.review == "new":
        return f"/reviews?job={photo.job_id}" if photo.job_id else "/reviews/unsorted"
    return f"/jobs/{photo.job_id}" if photo.job_id else "/"


routes = [
    route("/trash", index, who=Who.OFFICE),
    route("/photos/{photo_id:uuid}/deletion", delete, who=Who.WORKER, methods=["POST"]),
    route("/photos/{photo_id:uuid}/restoration", restore, who=Who.OFFICE, methods=["POST"]),
]
