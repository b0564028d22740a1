"""What stands beside a conversation: the person, his jobs, the one that is spoken of."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from server.actions import renames, ways
from server.db import customers as customers_db
from server.db import jobs as jobs_db
from server.db import labels
from server.db import users as users_db
from server.domain.conversations import Conversation, Head
from server.domain.customers import Contact
from server.domain.jobs import SHOWN, Job
from server.domain.users import Actor
from server.web import access

JOBS_BESIDE = 8


async def beside(actor: Actor, head: Head, *, wanted: UUID | None, at: datetime) -> dict[str, Any]:
    """Return what a page needs for it; `wanted` is the job that was asked for, None = the one last spoken of.

    `proposed` is the channel that may become his preferred one, "" = none.
    """
    company_id, conversation = actor.company_id, head.conversation
    contact_id = conversation.contact_id
    contact = await customers_db.contact_by_id(company_id, contact_id) if contact_id else None
    jobs = await _jobs(actor, contact) if contact else []
    return {
        **(await _for_desk(conversation, contact, at=at) if actor.at_desk else _FOR_WORKERS),
        "contact": contact,
        "jobs": jobs,
        "job": await _spoken_of(actor, wanted or head.job_id, contact, jobs),
        "badges": await jobs_db.badges(company_id, [one.id for one in jobs]),
    }


_FOR_WORKERS: Mapping[str, Any] = {
    "proposal": None,
    "proposed": "",
    "carried": frozenset(),
    "colleagues": [],
    "people": [],
}


async def _for_desk(conversation: Conversation, contact: Contact | None, *, at: datetime) -> dict[str, Any]:
    """Return what only the desk sees: the same names as for workers, filled."""
    company_id = conversation.company_id
    proposals = await renames.of_contacts(company_id, [contact.id]) if contact else {}
    people = await customers_db.contacts(company_id) if conversation.stranger else []
    return {
        "proposal": proposals.get(contact.id) if contact else None,
        "proposed": await ways.proposed(contact, at=at) if contact else "",
        "carried": await labels.of_conversation(company_id, conversation.id),
        "colleagues": await users_db.active(company_id),
        "people": [(one.id, f"{one.name} · {customer}") for one, customer in people],
    }


async def _jobs(actor: Actor, contact: Contact) -> list[Job]:
    found = await jobs_db.search(
        actor.company_id,
        customer_id=contact.customer_id,
        states=SHOWN,
        visible_to=access.only_own(actor),
        limit=JOBS_BESIDE,
    )
    return list(found.items)


async def _spoken_of(
    actor: Actor, wanted: UUID | None, contact: Contact | None, jobs: Sequence[Job]
) -> Job | None:
    """Return the wanted job as far as this person may see it, else one he is the contact of, else any of the customer."""
    eyes = access.only_own(actor)
    found = await jobs_db.by_id(actor.company_id, wanted, visible_to=eyes) if wanted else None
    if found or contact is None:
        return found
    own = [one for one in jobs if one.contact_id == contact.id]
    return next(iter([*own, *jobs]), None)
