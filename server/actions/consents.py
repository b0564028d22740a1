"""Consents given and withdrawn, and the one gate everything passes that leaves for a person."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from server.db import channels, companies, consents, customers, logbook, messages, questions
from server.db.unit import atomic, signal
from server.domain.accounts import consent_channel
from server.domain.consents import (
    Closed,
    Consent,
    ConsentVerb,
    Open,
    Proof,
    Purpose,
    may_contact,
    wording_hash,
)
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.logbook import Entry
from server.domain.messages import MessageState
from server.domain.questions import UNSENT, QuestionState
from server.domain.users import Actor
from server.domain.wordings import for_channel, withdrawal
from server.ids import new_id

PROOF_MAX = 500


async def gate(
    company_id: UUID, contact_id: UUID | None, channel: str, purpose: Purpose = Purpose.SERVICE
) -> Open | Closed:
    """Decide whether this person may be written to in this channel now. An error is a closed gate: it raises."""
    if contact_id is None:
        return Closed("question.no_contact")
    standing = await consents.standing(company_id, contact_id, consent_channel(channel), purpose)
    return may_contact(standing, purpose)


@atomic
async def grant(
    actor: Actor,
    contact: Contact,
    *,
    channel: str,
    proof: Proof,
    proof_ref: str = "",
    purpose: Purpose = Purpose.SERVICE,
    at: datetime,
) -> Consent:
    """Write down that a person agreed, in which words and how that was shown."""
    company = await companies.by_id(actor.company_id)
    if company is None:
        raise NotFound("company.unknown")
    if len(proof_ref) > PROOF_MAX:
        raise Invalid("field.too_long", field="proof_ref", max=PROOF_MAX)
    if proof is Proof.SPOKEN and not proof_ref.strip():
        raise Invalid("consent.proof_missing", field="proof_ref")
    channel = consent_channel(channel)
    wording = for_channel(company=company.name, channel=channel, number=contact.phone)
    line = await _line(
        actor, contact, channel, purpose, ConsentVerb.GRANTED, wording, proof, proof_ref, at=at
    )
    await _reopen(actor.company_id, contact.id, at=at)
    return line


@atomic
async def withdraw(
    actor: Actor,
    contact: Contact,
    *,
    channel: str,
    proof: Proof,
    said: str,
    at: datetime,
) -> None:
    """Write down a withdrawal, for every purpose, and stop what has not left yet, in the same moment.

    The links to the person's questions close with it.
    """
    # A permission to send that is being given at this moment comes before or after, never in between.
    await customers.lock_contact(actor.company_id, contact.id)
    channel = consent_channel(channel)
    words = withdrawal(channel=channel, said=said)
    given = {
        line.purpose
        for line in await consents.of_contact(actor.company_id, contact.id)
        if line.channel == channel
    }
    for purpose in sorted(given | {Purpose.SERVICE}):
        verb, ref = ConsentVerb.WITHDRAWN, said[:PROOF_MAX]
        await _line(actor, contact, channel, purpose, verb, words, proof, ref, at=at)
    await _stop_queued(actor, contact.id, channel, at=at)
    await channels.set_links_of_contact_revoked(actor.company_id, contact.id, at=at)


async def withdraw_old_number(actor: Actor, contact: Contact, *, at: datetime) -> None:
    """Forget whom the platforms know as this person: agreed was to one number, and that is another one's now.

    `contact` bears the old number. Joins the unit it is part of.
    """
    lines = await consents.of_contact(actor.company_id, contact.id)
    known = await channels.channels_of(actor.company_id, contact.id)
    await channels.delete_identities(actor.company_id, contact.id)
    for channel in sorted({line.channel for line in lines} | known):
        if isinstance(await gate(actor.company_id, contact.id, channel), Open):
            said = f"Nummer geändert, vorher {contact.phone}"
            await withdraw(actor, contact, channel=channel, proof=Proof.OFFICE, said=said, at=at)


async def _line(
    actor: Actor,
    contact: Contact,
    channel: str,
    purpose: Purpose,
    verb: ConsentVerb,
    wording: str,
    proof: Proof,
    proof_ref: str,
    *,
    at: datetime,
) -> Consent:
    lines = await consents.of_contact(actor.company_id, contact.id)
    # The newest line counts: one that is written later is later, even after the clock was put back.
    at = max([at, *(line.at + timedelta(microseconds=1) for line in lines if line.channel == channel)])
    company = await companies.by_id(actor.company_id)
    zone = ZoneInfo(company.timezone if company else "Europe/Berlin")
    line = Consent(
        id=new_id(),
        company_id=actor.company_id,
        contact_id=contact.id,
        channel=channel,
        purpose=purpose,
        verb=verb,
        wording=wording,
        wording_hash=wording_hash(wording),
        proof=proof,
        proof_ref=proof_ref.strip(),
        giver=contact.name,
        recorded_by=actor.id,
        at=at,
        local_time=at.astimezone(zone).isoformat(timespec="seconds"),
    )
    await consents.insert_consent(actor.company_id, line)
    entry = Entry.by(
        actor, f"consent.{verb}", "contact", contact.id, at=at, channel=channel, purpose=purpose, proof=proof
    )
    await logbook.insert_entry(actor.company_id, entry)
    signal("consents", actor.company_id, contact=str(contact.id))
    return line


async def _stop_queued(actor: Actor, contact_id: UUID, channel: str, *, at: datetime) -> None:
    waiting = [
        message
        for kind in (channel, f"{channel}_handoff")
        for message in await messages.waiting_for(actor.company_id, contact_id, kind)
    ]
    for message in waiting:
        stoppable = (MessageState.QUEUED, MessageState.PREPARED)
        await messages.set_state(
            actor.company_id,
            message.id,
            MessageState.STOPPED,
            only_from=stoppable,
            at=at,
            error_code="consent.withdrawn",
        )
    stopped = {message.question_id for message in waiting}
    for question in await questions.of_contact(actor.company_id, contact_id, states=tuple(UNSENT)):
        if question.id in stopped or question.state is QuestionState.QUEUED:
            await questions.set_state(
                actor.company_id, question, QuestionState.BLOCKED, at=at, blocked_code="consent.withdrawn"
            )
            signal("questions", actor.company_id, question=str(question.id), job=str(question.job_id or ""))


async def _reopen(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Let questions that only lacked the consent wait for their release again; nothing leaves by itself."""
    for question in await questions.of_contact(company_id, contact_id, states=(QuestionState.BLOCKED,)):
        if question.blocked_code.startswith("consent."):
            await questions.set_state(
                company_id, question, QuestionState.WAITING_RELEASE, at=at, blocked_code="", blocked_values={}
            )
            signal("questions", company_id, question=str(question.id), job=str(question.job_id or ""))


async def contact_known(company_id: UUID, contact_id: UUID | None) -> Contact:
    """Return the contact. Raises NotFound."""
    found = await customers.contact_by_id(company_id, contact_id) if contact_id else None
    if found is None:
        raise NotFound("contact.unknown")
    return found
