"""Two records of one person become one: a human decides it, and nothing that waits is ever sent elsewhere for it.

What is queued keeps its frozen recipient and asks the gate as ever (actions/permissions.py). What was said stays said:
the ledger's lines stay with the record they were said to, and new ones say what counts now.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from server.actions import consents, ledger, questions, renames, ways
from server.actions import conversations as conversation_actions
from server.actions.channels import kinds
from server.actions.customers import contact_known
from server.actions.gate import acquaint
from server.channels.handoff import MESSENGERS
from server.db import answer_links, contact_mergers, conversations, customers, inbox, logbook, messages, tasks
from server.db import identities as identities_db
from server.db import questions as questions_db
from server.db.unit import atomic, signal
from server.domain.accounts import AnswerLink, consent_channel
from server.domain.acquaintances import Acquaintance
from server.domain.consents import ANY, ConsentVerb, Matter, Proof, Purpose
from server.domain.contact_mergers import Bond, Held, Names, bond
from server.domain.conversations import key_of_contact
from server.domain.customers import Contact
from server.domain.errors import Conflict, Invalid
from server.domain.evidence import Evidence
from server.domain.identities import same_name
from server.domain.logbook import Entry
from server.domain.messages import Direction, MessageState
from server.domain.questions import Question, QuestionState
from server.domain.routing import book_name
from server.domain.tasks import Later
from server.domain.users import Actor, Right, require, system
from server.domain.wordings import suspension
from server.services import Services

# A question with none of these was released, but nobody has written down yet to which name it goes.
_BOUND = frozenset(MessageState) - {MessageState.STOPPED, MessageState.FAILED, MessageState.DISCARDED}

# Longer than any unit of ours takes to commit what it has read.
WRITTEN_IN = timedelta(minutes=1)
TRIES, PAUSE_S = 50, 0.1


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a merger would do. `unbound`: released questions that have no name to go to yet. `links` close."""

    held: Held
    bond: Bond
    unbound: tuple[Question, ...]
    links: tuple[AnswerLink, ...]
    brings: Contact


async def outlook(gone: Contact, stays: Contact, *, at: datetime) -> Outlook:
    """Return what happens when `gone` becomes part of `stays`; changes nothing."""
    first = await acquaint(gone.company_id, gone.id)
    second = await acquaint(gone.company_id, stays.id)
    names = _names(second)
    return Outlook(
        held=await contact_mergers.held(gone.company_id, gone.id),
        bond=bond(first, second, _names(first), names),
        unbound=tuple(await _unbound(gone) + await _unbound(stays)),
        links=tuple(await _strange_links(gone, names, at=at)),
        brings=_filled(stays, gone),
    )


async def merge(actor: Actor, contact: Contact, into: UUID, *, at: datetime) -> Contact:
    """Make a contact part of another one, who is the same person; returns that one.

    Raises Forbidden, Invalid for himself, one that is not here or lies in the archive, Conflict for one that was merged
    meanwhile.
    """
    require(actor, Right.MANAGE_CUSTOMERS)
    if into == contact.id:
        raise Invalid("contact.merge_itself", field="into")
    for _ in range(TRIES):
        if merged := await _merge(actor, contact, into, at=at):
            return merged
        await asyncio.sleep(PAUSE_S)
    raise Conflict("contact.merge_busy", field="into")


@atomic
async def _merge(actor: Actor, contact: Contact, into: UUID, *, at: datetime) -> Contact | None:
    """Do it in one unit; None while something of theirs is being sent or written at this moment."""
    if not await contact_mergers.lock_all(actor.company_id, [contact.id, into]):
        return None
    gone, stays = await _both(actor, contact.id, into)
    plan = await outlook(gone, stays, at=at)
    names = await identities_db.names_of(actor.company_id, gone.id)
    thread = await _join_threads(actor.company_id, gone.id, stays.id)
    for link in plan.links:
        await answer_links.set_revoked(actor.company_id, link.question_id, at=at)
    for question in plan.unbound:
        await questions.block(actor, question, "question.person_merged", {}, at=at)
    await contact_mergers.move(actor.company_id, gone.id, stays.id)
    await _move_proposals(gone, stays)
    await contact_mergers.set_merged(actor.company_id, gone, stays.id, at=at)
    await _fill(stays, gone)
    await _heed(actor, gone, stays, plan.bond, at=at)
    trace = {
        "moved": _counts(plan.held),
        "names": names,
        "rests": list(plan.bond.rests),
        "thread": str(thread[0]) if thread else "",
    }
    late: dict[str, object] = {"contact": str(gone.id)}
    await tasks.insert_task(actor.company_id, "contact.bring_along", late, at=at + WRITTEN_IN)
    await _note(actor, "contact.merged", gone, at, note=_told(stays), into=stays.id, **trace)
    await _note(actor, "contact.took_in", stays, at, note=_told(gone), merged=gone.id, **trace)
    if thread:
        await conversation_actions.note_joined(actor, *thread, at=at)
    return await contact_known(actor.company_id, stays.id)


async def bring_along(services: Services, company_id: UUID, payload: Mapping[str, object]) -> None:
    """Give the record that counts what was being written for the other one while they were merged; again is harmless.

    Such a unit had read the old id before, and committed after. Until this has run nothing leaves by the old id
    (actions/permissions.py:_lock_person). Raises Later.
    """
    gone = UUID(str(payload["contact"]))
    stays = await customers.contact_now(company_id, gone)
    if stays != gone and not await _bring_along(company_id, gone, stays, at=services.clock()):
        raise Later(PAUSE_S, "something of this person is being sent or written")


@atomic
async def _bring_along(company_id: UUID, gone: UUID, stays: UUID, *, at: datetime) -> bool:
    if not await contact_mergers.lock_all(company_id, [gone, stays]):
        return False
    thread = await _join_threads(company_id, gone, stays)
    await contact_mergers.move(company_id, gone, stays)
    if thread:
        await conversation_actions.note_joined(system(company_id), *thread, at=at)
    return True


async def _both(actor: Actor, contact_id: UUID, into: UUID) -> tuple[Contact, Contact]:
    gone = await customers.contact_by_id(actor.company_id, contact_id, merged=True)
    stays = await customers.contact_by_id(actor.company_id, into, merged=True)
    if gone is None or stays is None:
        raise Invalid("contact.unknown", field="into")
    if gone.merged_into_id or stays.merged_into_id:
        raise Conflict("contact.merged", field="into")
    if stays.archived_at is not None:
        raise Invalid("contact.merge_archived", field="into")
    return gone, stays


def _names(person: Acquaintance) -> Names:
    """Return by which names a person could be written to: by the platforms, and by hand where there is no other way."""
    assert person.contact is not None
    found = {}
    apis = [one.kind for one in kinds()]
    for channel in [*apis, *(one.channel for one in MESSENGERS if consent_channel(one.channel) not in apis)]:
        booked = book_name(ways.caps_of(channel), phone=person.contact.phone, email=person.contact.email)
        platform = consent_channel(channel)
        found[platform] = [*person.names_in(platform), *([booked] if booked else [])]
    return found


async def _unbound(contact: Contact) -> list[Question]:
    """Return the released questions that have no message yet: whom they would reach is not frozen."""
    waiting = await questions_db.of_contact(contact.company_id, contact.id, states=(QuestionState.QUEUED,))
    said = await messages.of_questions(contact.company_id, [one.id for one in waiting])
    return [
        one
        for one in waiting
        if not any(each.direction is Direction.OUT and each.state in _BOUND for each in said[one.id])
    ]


async def _strange_links(gone: Contact, stays_names: Names, *, at: datetime) -> list[AnswerLink]:
    """Return the open answer links that went to a name only `gone` bore; who has one must not speak for the other."""
    links = await answer_links.open_of_contact(gone.company_id, gone.id, at=at)
    said = await messages.of_questions(gone.company_id, [one.question_id for one in links])
    strange = []
    for link in links:
        went = [one for one in said[link.question_id] if one.direction is Direction.OUT]
        known = [
            any(same_name(one.recipient, name) for name in stays_names.get(consent_channel(one.channel), ()))
            for one in went
        ]
        if not known or not all(known):
            strange.append(link)
    return strange


async def _join_threads(company_id: UUID, gone: UUID, stays: UUID) -> tuple[UUID, UUID] | None:
    """Put both conversations into one; returns the one that is no more and the one it is in, None where there is none."""
    theirs = await conversations.by_key(company_id, key_of_contact(gone))
    if theirs is None:
        return None
    own = await conversations.by_key(company_id, key_of_contact(stays))
    if own is None:
        if not await conversations.set_values(
            company_id, theirs, person_key=key_of_contact(stays), contact_id=stays
        ):
            raise Conflict("conversation.moved_on")
        return None
    await conversations.set_moved(company_id, theirs.id, own.id, contact_id=stays)
    await conversations.set_newest(company_id, own.id)
    await contact_mergers.set_joined(company_id, own, theirs)
    for one in (theirs, own):
        signal("conversations", company_id, conversation=str(one.id))
    return theirs.id, own.id


async def _move_proposals(gone: Contact, stays: Contact) -> None:
    """Let what platforms say of new names, and nobody has decided yet, be about the record that counts."""
    for one in await renames.open_proposals(gone.company_id):
        kept = await inbox.event_by_id(gone.company_id, one.id)
        if one.contact_id == gone.id and kept is not None:
            payload = {**kept.payload, "contact": str(stays.id)}
            await inbox.set_event_state(
                gone.company_id, one.account_id, one.key, inbox.PROPOSED, payload=payload
            )


def _filled(stays: Contact, gone: Contact) -> Contact:
    """Return the record with what it does not know of number, address and wish."""
    phone = stays if stays.phone else gone
    return replace(
        stays,
        phone=phone.phone,
        phone_typed=phone.phone_typed,
        email=stays.email or gone.email,
        preferred_channel=stays.preferred_channel or gone.preferred_channel,
    )


async def _fill(stays: Contact, gone: Contact) -> None:
    if not await customers.set_contact(stays.company_id, _filled(stays, gone)):
        raise Conflict("contact.changed_meanwhile")
    for customer_id in {stays.customer_id, gone.customer_id}:
        await customers.set_search_text(stays.company_id, customer_id)


async def _heed(actor: Actor, gone: Contact, stays: Contact, what: Bond, *, at: datetime) -> None:
    """Write the lines that say what counts now; what they close stops in the same moment."""
    said = Evidence(Proof.OFFICE, f"Gesagt zum Eintrag „{gone.name}“, der mit diesem zusammengeführt wurde")
    for matter in what.withdrawn:
        if matter.purpose is Purpose.SERVICE and matter.channel != ANY:
            await consents.withdraw(actor, stays, matter.channel, said, at=at)
        else:
            await ledger.take_back(actor, stays, matter, said, at=at)
    for channel in what.rests:
        why = f"Zusammengeführt mit dem Eintrag „{gone.name}“, der dort anders heißt oder ruhte"
        await consents.suspend(actor, stays, channel=channel, why=why, at=at)
    for matter in what.set_aside:
        await _set_aside(actor, gone, matter, stays, at=at)


async def _set_aside(actor: Actor, gone: Contact, matter: Matter, stays: Contact, *, at: datetime) -> None:
    why = f"Zusammengeführt mit „{stays.name}“, dort gilt nur, was dort gesagt wurde"
    shown = Evidence(Proof.OFFICE, why, wording=suspension(channel=matter.channel, why=why))
    await ledger.write(actor, gone, matter, ConsentVerb.SUSPENDED, shown, at=at)


def _told(contact: Contact) -> str:
    return " · ".join(part for part in (contact.name, contact.phone, contact.email) if part)


def _counts(held: Held) -> dict[str, int]:
    return {
        "messages": held.messages,
        "questions": held.questions,
        "jobs": held.jobs,
        "photos": held.photos,
        "calls": held.calls,
        "names": held.names,
    }


async def _note(actor: Actor, verb: str, contact: Contact, at: datetime, **data: object) -> None:
    await logbook.insert_entry(
        actor.company_id, Entry.by(actor, verb, "contact", contact.id, at=at, job_id=None, **data)
    )
    signal("people", actor.company_id, customer=str(contact.customer_id))
    for topic in ("jobs", "questions", "messages"):
        signal(topic, actor.company_id)
