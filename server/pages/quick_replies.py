"""Ready-made texts: the office writes and changes them."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import quick_replies
from server.db import quick_replies as replies_db
from server.domain.errors import Invalid
from server.domain.quick_replies import PLACEHOLDERS, TEXT_MAX, TITLE_MAX, QuickReply
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ReplyForm:
    title: str = forms.text(max=TITLE_MAX)
    text: str = forms.text(max=TEXT_MAX, lines=True)


async def index(request: Request) -> Response:
    return await _show(request, forms.blank())


async def create(request: Request) -> Response:
    return await _written(request, None)


async def change(request: Request) -> Response:
    return await _written(request, await _reply(request))


async def archive(request: Request) -> Response:
    await quick_replies.archive(access.actor(request), await _reply(request), at=services(request).clock())
    return see_other(request, "/quick-replies", flash="reply.archived")


async def _written(request: Request, reply: QuickReply | None) -> Response:
    actor, form = access.actor(request), await forms.read(request, ReplyForm)
    try:
        await quick_replies.write(
            actor, form.data.title, form.data.text, reply=reply, at=services(request).clock()
        )
    except Invalid as refused:
        return await _show(request, form.refused(refused), about=reply.id if reply else None, status=422)
    return see_other(request, "/quick-replies", flash="reply.written")


async def _reply(request: Request) -> QuickReply:
    found = await replies_db.by_id(access.actor(request).company_id, request.path_params["reply_id"])
    return access.known(found, "reply.unknown")


async def _show(
    request: Request, form: forms.Form[Any], *, about: UUID | None = None, status: int = 200
) -> Response:
    """Show the page; `about` is the text whose form was sent, None = the new one."""
    return await page(
        request,
        "quick_replies/index.html",
        status=status,
        nav="quick",
        form=form,
        about=about,
        replies=await replies_db.of_company(access.actor(request).company_id),
        placeholders=PLACEHOLDERS,
    )


_ONE = "/quick-replies/{reply_id:uuid}"
routes = [
    route("/quick-replies", index, who=Who.OFFICE),
    route("/quick-replies", create, who=Who.OFFICE, methods=["POST"]),
    route(_ONE, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/archive", archive, who=Who.OFFICE, methods=["POST"]),
]
