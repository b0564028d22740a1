"""Labels: the firm's own words for conversations."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import labels
from server.db import labels as labels_db
from server.domain.errors import Invalid
from server.domain.labels import NAME_MAX, Label
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class LabelForm:
    name: str = forms.text(max=NAME_MAX)


async def index(request: Request) -> Response:
    return await _show(request, forms.blank())


async def create(request: Request) -> Response:
    actor, form = access.actor(request), await forms.read(request, LabelForm)
    try:
        await labels.make(actor, form.data.name, at=services(request).clock())
    except Invalid as refused:
        return await _show(request, form.refused(refused), status=422)
    return see_other(request, "/labels", flash="label.made")


async def change(request: Request) -> Response:
    label, actor = await _label(request), access.actor(request)
    form = await forms.read(request, LabelForm)
    try:
        await labels.rename(actor, label, form.data.name, at=services(request).clock())
    except Invalid as refused:
        return await _show(request, form.refused(refused), about=label.id, status=422)
    return see_other(request, "/labels", flash="label.renamed")


async def archive(request: Request) -> Response:
    await labels.archive(access.actor(request), await _label(request), at=services(request).clock())
    return see_other(request, "/labels", flash="label.archived")


async def _label(request: Request) -> Label:
    found = await labels_db.by_id(access.actor(request).company_id, request.path_params["label_id"])
    return access.known(found, "label.unknown")


async def _show(
    request: Request, form: forms.Form[Any], *, about: UUID | None = None, status: int = 200
) -> Response:
    """Show the page; `about` is the label whose form was sent, None = the new one."""
    known = await labels_db.of_company(access.actor(request).company_id)
    return await page(
        request, "labels/index.html", status=status, nav="labels", form=form, about=about, labels=known
    )


_ONE = "/labels/{label_id:uuid}"
routes = [
    route("/labels", index, who=Who.OFFICE),
    route("/labels", create, who=Who.OFFICE, methods=["POST"]),
    route(_ONE, change, who=Who.OFFICE, methods=["POST"]),
    route(f"{_ONE}/archive", archive, who=Who.OFFICE, methods=["POST"]),
]
