"""Consents given, suspended and withdrawn; what a withdrawal stops, it stops in the same moment.

The gate itself is `actions/gate.py`.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.actions import identities, ledger
from server.actions.ledger import PROOF_MAX
from server.db import answer_links, companies, consents, correspondence, customers, messages, questions
from server.db import identities as identities_db
from server.db.unit import atomic, signal
from server.domain.accounts import consent_channel
from server.domain.companies import Company
from server.domain.consents import (
    ANY,
    WITHOUT_CHANNEL,
    Consent,
    ConsentVerb,
    Proof,
    Purpose,
    Word,
    check_picture,
    order,
    overtaken_by,
    word_of,
)
from server.domain.customers import Contact
from server.domain.errors import Invalid, NotFound
from server.domain.jobs import Job
from server.domain.messages import MessageState
from server.domain.partners import Partner
from server.domain.questions import UNSENT, QuestionState
from server.domain.told import Span, Told
from server.domain.users import Actor
from server.domain.wordings import for_channel, for_reference, for_sharing, suspension
from server.ids import new_id
from server.services import Services

MAIL = "email"


def reached_at(contact: Contact, channel: str) -> str:
    """Return the number or address a consent for this channel names, "" where the book has none."""
    return contact.email if channel == MAIL else contact.phone


def words(
    company: Company,
    contact: Contact,
    *,
    channel: str,
    purpose: Purpose,
    job: Job | None = None,
    partner: Partner | None = None,
    link: str = "",
    number: str | None = None,
) -> str:
    """Return the exact words for a purpose. Raises Invalid for one that is about a job or partner without them."""
    if purpose is Purpose.THIRD_PARTY:
        if job is None or partner is None:
            raise Invalid("consent.no_job_or_partner", field="partner")
        site = f"„{job.site or job.title}“"
        return for_sharing(company=company.name, site=site, firm=partner.name, work=partner.trade, link=link)
    if purpose is Purpose.REFERENCE:
        return for_reference(company=company.name, link=link)
    return for_channel(
        company=company.name,
        channel=consent_channel(channel),
        number=reached_at(contact, channel) if number is None else number,
        link=link,
        advertising=purpose is Purpose.ADVERTISING,
    )


@atomic
async def grant(
    actor: Actor,
    contact: Contact,
    *,
    channel: str,
    proof: Proof,
    proof_ref: str = "",
    purpose: Purpose = Purpose.SERVICE,
    job: Job | None = None,
    partner: Partner | None = None,
    link: str = "",
    wording: str = "",
    consent_id: UUID | None = None,
    proof_sha256: str = "",
    told: Told | None = None,
    at: datetime,
) -> Consent:
    """Write down that a person agreed, in which words and how that was shown.

    `wording`: the words as they were shown, where they were shown; else those of today. `told`: a phone brings it from
    where it was said, perhaps after it was taken back: then it opens nothing. Raises Invalid.
    """
    company = await companies.by_id(actor.company_id)
    if company is None:
        raise NotFound("company.unknown")
    if len(proof_ref) > PROOF_MAX:
        raise Invalid("field.too_long", field="proof_ref", max=PROOF_MAX)
    if proof is Proof.SPOKEN and not proof_ref.strip():
        raise Invalid("consent.proof_missing", field="proof_ref")
    channel = ANY if purpose in WITHOUT_CHANNEL else consent_channel(channel)
    said = words(company, contact, channel=channel, purpose=purpose, job=job, partner=partner, link=link)
    line = await ledger.write(
        actor,
        contact,
        channel,
        purpose,
        ConsentVerb.GRANTED,
        wording or said,
        proof,
        proof_ref,
        job_id=job.id if job and purpose is Purpose.THIRD_PARTY else None,
        partner_id=partner.id if partner and purpose is Purpose.THIRD_PARTY else None,
        consent_id=consent_id,
        proof_sha256=proof_sha256,
        told=told,
        at=at,
    )
    lines = await consents.of_contact(actor.company_id, contact.id)
    if told and (stopped := overtaken_by(lines, line)):
        since = Told(Span(stopped.at, stopped.at), stopped.local_time, stopped.device_id)
        await ledger.take_back(
            actor,
            contact,
            channel,
            purpose,
            said=stopped.proof_ref,
            proof=stopped.proof,
            job_id=line.job_id,
            partner_id=line.partner_id,
            told=since,
            at=at,
        )
        return line
    if word_of(lines, channel, purpose) is Word.GIVEN:
        await _reopen(actor.company_id, contact.id, at=at)
    return line


async def keep_signature(services: Services, company_id: UUID, picture: bytes) -> tuple[UUID, str]:
    """Store what was drawn on the glass; returns the id of the line it will prove, and its SHA-256 (hex).

    Raises Invalid for what is no small PNG, StorageError.
    """
    check_picture(picture)
    consent_id = new_id()
    await services.storage.put(signature_key(company_id, consent_id), picture, content_type="image/png")
    return consent_id, hashlib.sha256(picture).hexdigest()


def signature_key(company_id: UUID, consent_id: UUID) -> str:
    """Return where a signature lies: apart from photos, which the nightly search compares with their rows."""
    return f"documents/{company_id}/consents/{consent_id}.png"


@atomic
async def withdraw(
    actor: Actor,
    contact: Contact,
    *,
    channel: str,
    proof: Proof,
    said: str,
    told: Told | None = None,
    at: datetime,
) -> None:
    """Write down a withdrawal, for every purpose, and stop what has not left yet, in the same moment.

    The links to the person's questions close with it, and so does what he let us pass on: who says STOP cannot be
    asked which half of it he meant. `told`: a phone brings it from where it was said; if he has surely agreed again
    since, it stands in the ledger and stops nothing.
    """
    # A permission to send that is being given at this moment comes before or after, never in between.
    await customers.lock_contact(actor.company_id, contact.id)
    channel = consent_channel(channel)
    lines = await consents.of_contact(actor.company_id, contact.id)
    given = {line.purpose for line in lines if line.channel == channel}
    for purpose in sorted(given | {Purpose.SERVICE}):
        await ledger.take_back(actor, contact, channel, purpose, said=said, proof=proof, told=told, at=at)
    for line in _shared(lines):
        await ledger.take_back(
            actor,
            contact,
            ANY,
            line.purpose,
            said=said,
            proof=proof,
            job_id=line.job_id,
            partner_id=line.partner_id,
            told=told,
            at=at,
        )
    lines = await consents.of_contact(actor.company_id, contact.id)
    if told and word_of(lines, channel, Purpose.SERVICE) is Word.GIVEN:
        return
    await _stop_queued(actor, contact.id, channel, at=at)
    await answer_links.set_revoked_of_contact(actor.company_id, contact.id, at=at)


@atomic
async def withdraw_one(
    actor: Actor,
    contact: Contact,
    line: Consent,
    *,
    said: str,
    proof: Proof = Proof.OFFICE,
    at: datetime,
) -> None:
    """Take back exactly what one line of the ledger gave; the one for a messenger takes all of that messenger.

    Raises Invalid for a line that no longer counts.
    """
    if line.purpose in (Purpose.SERVICE, Purpose.PHOTOS):
        await withdraw(actor, contact, channel=line.channel, proof=proof, said=said, at=at)
        return
    await customers.lock_contact(actor.company_id, contact.id)
    if line.id not in {one.id for one in in_force(await consents.of_contact(actor.company_id, contact.id))}:
        raise Invalid("consent.not_in_force", field="consent")
    await ledger.take_back(
        actor,
        contact,
        line.channel,
        line.purpose,
        said=said,
        proof=proof,
        job_id=line.job_id,
        partner_id=line.partner_id,
        at=at,
    )


def in_force(lines: Sequence[Consent]) -> list[Consent]:
    """Return the lines that say what holds now: the newest about each channel, purpose, job and partner."""
    newest: dict[tuple[object, ...], Consent] = {}
    for line in sorted(lines, key=order):
        newest[(line.channel, line.purpose, line.job_id, line.partner_id)] = line
    return sorted(newest.values(), key=lambda one: (one.channel, one.purpose, str(one.job_id)))


def _shared(lines: Sequence[Consent]) -> list[Consent]:
    return [
        line
        for line in in_force(lines)
        if line.purpose in WITHOUT_CHANNEL and line.verb is ConsentVerb.GRANTED
    ]


@atomic
async def suspend(actor: Actor, contact: Contact, *, channel: str, why: str, at: datetime) -> None:
    """Let consent rest until it is confirmed: the number or name may be another person's now (G6).

    Nobody took anything back, so no line says so; what is queued stops all the same. Where nothing was ever agreed
    and a chat was begun, it rests as well.
    """
    await customers.lock_contact(actor.company_id, contact.id)
    channel = consent_channel(channel)
    lines = await consents.of_contact(actor.company_id, contact.id)
    about = {line.purpose for line in lines if line.channel == channel} | {Purpose.SERVICE}
    for purpose in sorted(about):
        if word_of(lines, channel, purpose) in (Word.NONE, Word.GIVEN):
            words_ = suspension(channel=channel, why=why)
            verb, ref = ConsentVerb.SUSPENDED, why[:PROOF_MAX]
            await ledger.write(actor, contact, channel, purpose, verb, words_, Proof.OFFICE, ref, at=at)
    await _stop_queued(actor, contact.id, channel, at=at, code="consent.suspended")


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


async def _stop_queued(
    actor: Actor, contact_id: UUID, channel: str, *, at: datetime, code: str = "consent.withdrawn"
) -> None:
    waiting = [
        message
        for kind in (channel, f"{channel}_handoff")
        for message in await correspondence.waiting_for(actor.company_id, contact_id, kind)
    ]
    for message in waiting:
        stoppable = (MessageState.QUEUED, MessageState.PREPARED)
        await messages.set_state(
            actor.company_id,
            message.id,
            MessageState.STOPPED,
            only_from=stoppable,
            at=at,
            error_code=code,
        )
    stopped = {message.question_id for message in waiting}
    for question in await questions.of_contact(actor.company_id, contact_id, states=tuple(UNSENT)):
        if question.id in stopped or question.state is QuestionState.QUEUED:
            await questions.set_state(
                actor.company_id, question, QuestionState.BLOCKED, at=at, blocked_code=code
            )
            signal("questions", actor.company_id, question=str(question.id), job=str(question.job_id or ""))


async def _reopen(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Let questions that only lacked the consent wait for their release again; nothing leaves by itself."""
    for question in await questions.of_contact(company_id, contact_id, states=(QuestionState.BLOCKED,)):
        if question.blocked_code.startswith(("consent.", "window.no_consent")):
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
