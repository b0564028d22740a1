"""The channel advisor: what speaks for and against each messenger (W17)."""

from starlette.requests import Request
from starlette.responses import Response

from server import channels as registry
from server.db import accounts as accounts_db
from server.domain.advisor_facts import ADVICE
from server.web import access
from server.web.render import page
from server.web.routing import Who, route


async def show(request: Request) -> Response:
    accounts = await accounts_db.of_company(access.actor(request).company_id)
    return await page(
        request,
        "channels/advisor.html",
        nav="advisor",
        advice=ADVICE,
        connected={account.kind for account in accounts if account.disabled_at is None},
        kinds={channel.kind for channel in registry.CHANNELS},
    )


routes = [route("/settings/channels/advisor", show, who=Who.OFFICE)]
