"""New names of people, as platforms tell them: looked at side by side, taken over, refused or put off by the office."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server.actions import renames
from server.actions.renames import Effect, Proposal
from server.db import customers as customers_db
from server.domain.errors import NotFound
from server.web import access, forms
from server.web.render import page, see_other
from server.web.routing import Who, route
from server.web.state import services


class Decision(StrEnum):
    SAME = "same"
    OTHER = "other"
    LATER = "later"


@dataclass(frozen=True, slots=True)
class DecisionForm:
    decision: Decision = forms.one_of(Decision)


@dataclass(frozen=True, slots=True)
class Card:
    proposal: Proposal
    effect: Effect
    customer_name: str


async def index(request: Request) -> Response:
    """Show every open proposal, those that were put off last."""
    actor, at = access.actor(request), services(request).clock()
    proposals = await renames.open_proposals(actor.company_id)
    cards = [card for one in proposals if (card := await _card(one, actor.company_id))]
    cards.sort(key=lambda card: not card.proposal.due(at))
    return await page(request, "renames/index.html", nav="renames", cards=cards)


async def decide(request: Request) -> Response:
    actor, at = access.actor(request), services(request).clock()
    proposal = await renames.proposal_by_id(actor.company_id, request.path_params["proposal_id"])
    decision = (await forms.read(request, DecisionForm)).data.decision
    if decision is Decision.LATER:
        await renames.postpone(actor, proposal, at=at)
    else:
        await renames.confirm(actor, proposal, same=decision is Decision.SAME, at=at)
    return see_other(request, "/renames", flash=f"rename.{decision}")


async def _card(proposal: Proposal, company_id: UUID) -> Card | None:
    """Return what the office needs to decide; none for a person who was erased meanwhile."""
    try:
        effect = await renames.effect(proposal, company_id)
    except NotFound:
        return None
    customer = await customers_db.by_id(company_id, effect.contact.customer_id)
    return Card(proposal, effect, customer.name if customer else "")


routes = [
    route("/renames", index, who=Who.OFFICE),
    route("/renames/{proposal_id:uuid}/decision", decide, who=Who.OFFICE, methods=["POST"]),
]
