"""Consents for programs: the ledger, and new lines in it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from server import channels as registry
from server.actions import consents as actions
from server.actions.customers import contact_known
from server.channels.handoff import MESSENGERS
from server.db import consents
from server.domain.consents import ANY, WITHOUT_CHANNEL, Consent, ConsentVerb, Proof, Purpose
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence
from server.domain.paging import LIMIT_DEFAULT, LIMIT_MAX
from server.domain.wordings import Topic
from server.web import access, forms
from server.web.render import json_answer
from server.web.routing import Who, route
from server.web.state import services


@dataclass(frozen=True, slots=True)
class ConsentQuery:
    contact: UUID | None = forms.choice_id(default=None)
    limit: int = forms.number(min=1, max=LIMIT_MAX, default=LIMIT_DEFAULT)
    cursor: UUID | None = forms.choice_id(default=None)


@dataclass(frozen=True, slots=True)
class ConsentBody:
    """`proof_ref` says how it was shown: to whom it was said, which paper. A withdrawal is for every purpose, a suspension too."""

    contact: UUID = forms.choice_id()
    proof: Proof = forms.one_of(Proof)
    channel: str = forms.text(max=32, default="whatsapp")
    purpose: Purpose = forms.one_of(Purpose, default=Purpose.SERVICE)
    verb: ConsentVerb = forms.one_of(ConsentVerb, default=ConsentVerb.GRANTED)
    proof_ref: str = forms.text(max=500, lines=True, default="")


@dataclass(frozen=True, slots=True)
class ConsentJson:
    id: UUID
    contact: UUID
    channel: str
    purpose: str
    verb: str
    wording: str
    wording_hash: str
    proof: str
    proof_ref: str
    giver: str
    recorded_by: UUID | None
    at: datetime
    local_time: str


async def index(request: Request) -> Response:
    """List the ledger, newest first."""
    query = forms.read_query(request, ConsentQuery)
    found = await consents.of_company(
        access.actor(request).company_id,
        contact_id=query.contact,
        before=str(query.cursor) if query.cursor else None,
        limit=query.limit,
    )
    return json_answer({"items": [_json(line) for line in found.items], "next": found.next})


async def create(request: Request) -> Response:
    """Record that a person agreed, or does no longer."""
    actor, at = access.actor(request), services(request).clock()
    body = await forms.read_json(request, ConsentBody)
    kinds = {channel.kind for channel in registry.CHANNELS} | {one.key for one in MESSENGERS}
    if body.channel not in kinds:
        raise Invalid("channel.unknown", field="channel")
    try:
        contact = await contact_known(actor.company_id, body.contact)
    except NotFound as unknown:
        raise Invalid(unknown.code, field="contact") from unknown
    said = Evidence(body.proof, body.proof_ref)
    if body.verb is ConsentVerb.SUSPENDED:
        await actions.suspend(actor, contact, channel=body.channel, why=body.proof_ref, at=at)
    elif body.verb is ConsentVerb.GRANTED:
        await actions.grant(actor, contact, Topic(body.channel, body.purpose), said, at=at)
    else:
        await actions.withdraw(actor, contact, body.channel, said, at=at)
    # Of the same moment there may be lines about other channels.
    lines = await consents.of_contact(actor.company_id, contact.id)
    about = ANY if body.purpose in WITHOUT_CHANNEL else body.channel
    written = [one for one in lines if (one.verb, one.channel) == (body.verb, about)]
    return json_answer(_json((written or lines)[0]), status=201)


def _json(line: Consent) -> ConsentJson:
    same: dict[str, Any] = {name: getattr(line, name) for name in ConsentJson.__slots__ if name != "contact"}
    return ConsentJson(**same, contact=line.contact_id)


_ALL = "/api/v1/consents"
routes = [
    route(_ALL, index, who=Who.OFFICE, summary="List consents", query=ConsentQuery, answer=ConsentJson),
    route(
        _ALL,
        create,
        who=Who.OFFICE,
        methods=["POST"],
        summary="Record a consent",
        body=ConsentBody,
        answer=ConsentJson,
    ),
]
