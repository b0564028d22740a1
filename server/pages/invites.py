"""A start link: where nobody may write before the customer has opened the chat himself, it leads him there."""

from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from server.actions import invites
from server.domain.customers import Contact
from server.pages import ledger
from server.web import access, forms
from server.web.qr import qr
from server.web.render import page
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class InviteForm:
    channel: str = forms.text(max=32)


async def show(request: Request) -> Response:
    return await _page(request, await ledger.contact_of(request), await _offered(request))


async def create(request: Request) -> Response:
    """Make a link and show it, this once: only the hash of its word is kept."""
    contact, actor, at = await ledger.contact_of(request), access.actor(request), services(request).clock()
    channel = (await forms.read(request, InviteForm)).data.channel
    address = await invites.invite(services(request), actor, contact, channel, at=at)
    offered = await _offered(request)
    made = {
        "address": address,
        "code": qr(address, error="m", border=3),
        "into": dict(offered).get(channel, ""),
    }
    return await _page(request, contact, offered, **made)


async def _offered(request: Request) -> list[tuple[str, str]]:
    found = await invites.offered(access.actor(request).company_id)
    return [(channel.kind, channel.label) for channel in found]


async def _page(request: Request, contact: Contact, offered: list[tuple[str, str]], **made: Any) -> Response:
    return await page(
        request,
        "invites/show.html",
        nav="customers",
        headers={"Cache-Control": "no-store"},
        contact=contact,
        offered=offered,
        days=invites.LIVES.days,
        back=await ledger.back(request, contact, None),
        **({"address": "", "code": None, "into": ""} | made),
    )


_INVITES = "/contacts/{contact_id:uuid}/invitations"
routes = [
    route(_INVITES, show, who=Who.WORKER),
    route(_INVITES, create, who=Who.WORKER, methods=["POST"]),
]
