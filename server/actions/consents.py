"""Consents given, suspended and withdrawn; what a withdrawal stops, it stops in the same moment.

The gate itself is `actions/gate.py`.
"""

from dataclasses import replace
from datetime import datetime

from server.actions import identities, ledger, stops
from server.actions.ledger import PROOF_MAX
from server.db import answer_links, companies, consents, correspondence, customers
from server.db import identities as identities_db
from server.db.unit import atomic
from server.domain.accounts import consent_channel
from server.domain.consents import (
    ANY,
    COVERED,
    Consent,
    ConsentVerb,
    Matter,
    Proof,
    Purpose,
    Word,
    in_force,
    overtaken_by,
    shared_now,
    word_of,
)
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.evidence import Evidence, Span, Told
from server.domain.users import Actor
from server.domain.wordings import Topic, suspension

MAIL = "email"


@atomic
async def grant(actor: Actor, contact: Contact, topic: Topic, evidence: Evidence, *, at: datetime) -> Consent:
    """Write down that a person agreed, in which words and how that was shown.

    What a phone brings may have been taken back since it was said: then it opens nothing. Raises Invalid.
    """
    company = await companies.by_id(actor.company_id)
    if company is None:
        raise NotFound("company.unknown")
    if len(evidence.said) > PROOF_MAX:
        raise Invalid("field.too_long", field="proof_ref", max=PROOF_MAX)
    if evidence.proof is Proof.SPOKEN and not evidence.said.strip():
        raise Invalid("consent.proof_missing", field="proof_ref")
    todays = topic.words(contact, company=company.name)
    shown = replace(evidence, wording=evidence.wording or todays)
    line = await ledger.write(actor, contact, topic.matter, ConsentVerb.GRANTED, shown, at=at)
    lines = await consents.of_contact(actor.company_id, contact.id)
    if evidence.told and (stopped := overtaken_by(lines, line)):
        since = Told(Span(stopped.at, stopped.at), stopped.local_time, stopped.device_id)
        why = Evidence(stopped.proof, stopped.proof_ref, told=since)
        await ledger.take_back(actor, contact, line.matter, why, at=at)
    elif word_of(lines, line.channel, line.purpose) is Word.GIVEN:
        await stops.let_wait_again(actor.company_id, contact.id, at=at)
    return line


@atomic
async def withdraw(actor: Actor, contact: Contact, channel: str, evidence: Evidence, *, at: datetime) -> None:
    """Write down a withdrawal, for every purpose, and stop what has not left yet, in the same moment.

    The links to the person's questions close with it, and so does what he let us pass on: who says STOP cannot be
    asked which half of it he meant. Told by a phone, and he has surely agreed again since: then it stands in the
    ledger and stops nothing.
    """
    # A permission to send that is being given at this moment comes before or after, never in between.
    contact = await _held(contact)
    channel = consent_channel(channel)
    lines = await consents.of_contact(actor.company_id, contact.id)
    given = {line.purpose for line in lines if line.channel == channel}
    for purpose in sorted(given | {Purpose.SERVICE}):
        await ledger.take_back(actor, contact, Matter(channel, purpose), evidence, at=at)
    for line in shared_now(lines):
        await ledger.take_back(actor, contact, line.matter, evidence, at=at)
    lines = await consents.of_contact(actor.company_id, contact.id)
    if evidence.told and word_of(lines, channel, Purpose.SERVICE) is Word.GIVEN:
        return
    await stops.stop_queued(actor.company_id, contact.id, channel, at=at)
    await answer_links.set_revoked_of_contact(actor.company_id, contact.id, at=at)


async def _held(contact: Contact) -> Contact:
    """Return the record of this person that counts now, locked until the unit ends."""
    counts = await customers.lock_contact(contact.company_id, contact.id)
    if counts == contact.id:
        return contact
    return await customers.contact_by_id(contact.company_id, counts) or contact


@atomic
async def withdraw_one(
    actor: Actor, contact: Contact, line: Consent, evidence: Evidence, *, at: datetime
) -> None:
    """Take back exactly what one line of the ledger gave; the one for a messenger takes all of that messenger.

    Raises Invalid for a line that no longer counts.
    """
    if line.purpose in COVERED:
        await withdraw(actor, contact, line.channel, evidence, at=at)
        return
    contact = await _held(contact)
    if line.id not in {one.id for one in in_force(await consents.of_contact(actor.company_id, contact.id))}:
        raise Invalid("consent.not_in_force", field="consent")
    await ledger.take_back(actor, contact, line.matter, evidence, at=at)


@atomic
async def suspend(actor: Actor, contact: Contact, *, channel: str, why: str, at: datetime) -> None:
    """Let consent rest until it is confirmed: the number or name may be another person's now (G6).

    Nobody took anything back, so no line says so; what is queued stops all the same. Where nothing was ever agreed
    and a chat was begun, it rests as well.
    """
    contact = await _held(contact)
    channel = consent_channel(channel)
    lines = await consents.of_contact(actor.company_id, contact.id)
    about = {line.purpose for line in lines if line.channel == channel} | {Purpose.SERVICE}
    for purpose in sorted(about):
        if word_of(lines, channel, purpose) in (Word.NONE, Word.GIVEN):
            words = suspension(channel=channel, why=why)
            shown = Evidence(Proof.OFFICE, why[:PROOF_MAX], wording=words)
            await ledger.write(actor, contact, Matter(channel, purpose), ConsentVerb.SUSPENDED, shown, at=at)
    await stops.stop_queued(actor.company_id, contact.id, channel, at=at, code="consent.suspended")


async def suspend_old_number(actor: Actor, contact: Contact, *, at: datetime) -> None:
    """Forget whom the platforms know as this person: agreed was to one number, and that is another one's now.

    `contact` bears the old number. Joins the unit it is part of.
    """
    lines = await consents.of_contact(actor.company_id, contact.id)
    known = await identities_db.platforms_of(actor.company_id, contact.id)
    waiting = await correspondence.channels_waiting_for(actor.company_id, contact.id)
    await identities.forget(actor.company_id, contact.id)
    asked = {line.channel for line in lines if line.channel != ANY}
    for channel in sorted(asked | known | {consent_channel(one) for one in waiting}):
        why = f"Nummer geändert, vorher {contact.phone}"
        await suspend(actor, contact, channel=channel, why=why, at=at)


async def suspend_old_address(actor: Actor, contact: Contact, *, at: datetime) -> None:
    """Forget the mail address `contact` still bears: what was agreed to was for that one, and it may be another's now.

    Joins the unit it is part of.
    """
    lines = await consents.of_contact(actor.company_id, contact.id)
    known = await identities_db.platforms_of(actor.company_id, contact.id)
    waiting = await correspondence.channels_waiting_for(actor.company_id, contact.id)
    await identities_db.delete_address(actor.company_id, contact.id, contact.email)
    if MAIL in {line.channel for line in lines} | known | set(waiting):
        why = f"Adresse geändert, vorher {contact.email}"
        await suspend(actor, contact, channel=MAIL, why=why, at=at)
