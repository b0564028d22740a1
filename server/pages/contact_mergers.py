"""Two records of one person: another one is chosen, shown with what happens, then the two become one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import contact_mergers
from server.db import contact_mergers as mergers_db
from server.db import customers
from server.domain.customers import Contact
from server.domain.errors import DomainError
from server.domain.wordings import label
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services

SHOWN = 20


@dataclass(frozen=True, slots=True)
class TargetQuery:
    q: str | None = forms.text(max=200, default=None)
    into: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class MergeForm:
    into: UUID = forms.choice_id()


async def choose(request: Request) -> Response:
    """Find the other record of this person, then show what will happen."""
    contact, query = await access.contact(request), forms.read_query(request, TargetQuery)
    into = query.into
    stays = await customers.contact_by_id(contact.company_id, into, merged=True) if into else None
    if into:
        access.known(stays, "contact.unknown")
    return await _page(request, contact, stays if stays and stays.id != contact.id else None, q=query.q)


async def merge(request: Request) -> Response:
    """Make this record part of the chosen one."""
    contact, form = await access.contact(request), (await forms.read(request, MergeForm)).data
    stays = await customers.contact_by_id(contact.company_id, form.into, merged=True)
    access.known(stays, "contact.unknown")
    try:
        kept = await contact_mergers.merge(
            access.actor(request), contact, form.into, at=services(request).clock()
        )
    except DomainError as refused:
        return await _page(request, contact, None, refused=refused)
    return see_other(request, f"/customers/{kept.customer_id}#contact-{kept.id}", flash="contact.merged")


async def _page(
    request: Request,
    contact: Contact,
    stays: Contact | None,
    *,
    q: str | None = None,
    refused: DomainError | None = None,
) -> Response:
    own = access.known(await customers.by_id(contact.company_id, contact.customer_id), "customer.unknown")
    values: dict[str, Any] = {"contact": contact, "customer": own, "stays": stays, "refused": refused}
    if stays and stays.archived_at is None:
        values["theirs"] = await customers.by_id(contact.company_id, stays.customer_id)
        values["plan"] = plan = await contact_mergers.outlook(contact, stays, at=services(request).clock())
        values["rests"] = [label(one) for one in plan.bond.rests if one not in plan.bond.closed]
        values["closed"] = [label(one) for one in sorted(plan.bond.closed)]
        values["aside"] = [label(one.channel) for one in plan.bond.set_aside if one.channel != "any"]
    else:
        text = contact.name.split(" ")[0] if q is None else q
        values |= {"stays": None, "q": text}
        values["found"] = await mergers_db.candidates(contact.company_id, contact, text, limit=SHOWN)
    status = 422 if refused else 200
    return await page(request, "customers/merge.html", nav="customers", status=status, **values)


_CONTACT = "/contacts/{contact_id:uuid}"
routes = [
    route(f"{_CONTACT}/merger", choose, who=Who.OFFICE),
    route(f"{_CONTACT}/merger", merge, who=Who.OFFICE, methods=["POST"]),
]
