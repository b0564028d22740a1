"""The company's accounts at the messengers: connected, watched, changed, switched off."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import channels, checkups, inbox, templates
from server.channels.base import HasTemplates, Pushed
from server.db import accounts
from server.db import companies as companies_db
from server.db import inbox as inbox_db
from server.db import templates as templates_db
from server.domain.accounts import Account
from server.domain.errors import Invalid
from server.domain.templates import KnownTemplate
from server.pages import gaps
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

LIST = "/settings/channels"
GAPS = 10


@dataclass(frozen=True, slots=True)
class LabelForm:
    label: str = forms.text(max=100, default="")


@dataclass(frozen=True, slots=True)
class SwitchForm:
    enabled: bool = forms.flag()


async def index(request: Request) -> Response:
    actor = access.actor(request)
    return await page(
        request,
        "channels/index.html",
        nav="channels",
        accounts=await accounts.of_company(actor.company_id),
        checkups=await accounts.checkups(actor.company_id),
        kinds=channels.kinds(),
        company=await companies_db.by_id(actor.company_id),
    )


async def new(request: Request) -> Response:
    return await _form(request, channels.kind_of(request.path_params["kind"]).kind, forms.blank())


async def create(request: Request) -> Response:
    """Connect an account. The secrets that were typed are never shown again."""
    actor, at, kind = access.actor(request), services(request).clock(), request.path_params["kind"]
    form, typed = await _typed(request, kind)
    try:
        account = await channels.set_up(
            services(request), actor, kind, label=form.data.label, typed=typed, at=at
        )
    except Invalid as refused:
        return await _form(request, kind, form.refused(refused), typed=typed, status=422)
    await checkups.check(services(request), account)
    return see_other(request, f"{LIST}/{account.id}", flash="channel.connected")


async def show(request: Request) -> Response:
    account = await access.account(request)
    return await _form(request, account.kind, forms.blank({"label": account.label}), account)


async def change(request: Request) -> Response:
    account, actor = await access.account(request), access.actor(request)
    form, typed = await _typed(request, account.kind)
    try:
        await channels.change(
            services(request),
            actor,
            account,
            label=form.data.label,
            typed=typed,
            at=services(request).clock(),
        )
    except Invalid as refused:
        return await _form(request, account.kind, form.refused(refused), account, typed=typed, status=422)
    await checkups.check(services(request), await access.account(request))
    return see_other(request, f"{LIST}/{account.id}", flash="channel.changed")


async def check(request: Request) -> Response:
    """Ask the platform now how the account is."""
    account = await access.account(request)
    await checkups.check_soon(services(request), account)
    return see_other(request, f"{LIST}/{account.id}", flash="channel.checked")


async def switch(request: Request) -> Response:
    account, actor = await access.account(request), access.actor(request)
    enabled = (await forms.read(request, SwitchForm)).data.enabled
    await channels.switch(actor, account, enabled=enabled, at=services(request).clock())
    return see_other(request, LIST, flash="channel.enabled" if enabled else "channel.disabled")


async def _typed(request: Request, kind: str) -> tuple[forms.Form[LabelForm], dict[str, str]]:
    """Read what the channel's own fields ask for."""
    form = await forms.read(request, LabelForm)
    data = await request.form()
    names = [field.name for field in channels.kind_of(kind).fields]
    return form, {name: str(data.get(name, ""))[:2000] for name in names}


async def _form(
    request: Request,
    kind: str,
    form: forms.Form[Any],
    account: Account | None = None,
    *,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    channel = channels.kind_of(kind)
    known = typed or dict(account.settings if account else {})
    open_names = {field.name for field in channel.fields if not field.secret}
    company_id = access.actor(request).company_id
    at = services(request).clock()
    news = await _news(company_id, account, at=at) if account else {}
    return await page(
        request,
        "channels/form.html",
        status=status,
        nav="channels",
        form=form,
        account=account,
        channel=channel,
        values={name: value for name, value in known.items() if name in open_names},
        hook=checkups.hook_path(services(request), account) if account else "",
        pushed=issubclass(channel, Pushed),
        reachable=services(request).settings.secure,
        **news,
    )


async def _news(company_id: UUID, account: Account, *, at: datetime) -> dict[str, Any]:
    """Return what the account's page tells beside its settings: the check, gaps, what nobody understood, templates."""
    return {
        "checkup": await accounts.checkup_of(company_id, account.id),
        "torn": (await gaps.of_account(account))[:GAPS],
        "unknown": await inbox_db.number_of_state(company_id, account.id, inbox.UNKNOWN),
        "synced": await templates_db.synced(company_id, account.id),
        "texts": await _texts(company_id, account, at=at),
    }


async def _texts(
    company_id: UUID, account: Account, *, at: datetime
) -> list[tuple[KnownTemplate, int | None]] | None:
    """Return the approved and other texts with what one costs (millionths of a euro); None where there are none ever."""
    if not issubclass(channels.kind_of(account.kind), HasTemplates):
        return None
    return await templates.priced(account, await templates_db.of_account(company_id, account.id), at=at)


_ONE = f"{LIST}/{{account_id:uuid}}"
routes = [
    route(LIST, index, who=Who.ADMIN),
    route(f"{LIST}/new/{{kind}}", new, who=Who.ADMIN),
    route(f"{LIST}/new/{{kind}}", create, who=Who.ADMIN, methods=["POST"]),
    route(_ONE, show, who=Who.ADMIN),
    route(_ONE, change, who=Who.ADMIN, methods=["POST"]),
    route(f"{_ONE}/checks", check, who=Who.ADMIN, methods=["POST"]),
    route(f"{_ONE}/state", switch, who=Who.ADMIN, methods=["POST"]),
]
