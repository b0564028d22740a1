"""The one door to the consent ledger: a line, its time, its entry in the logbook, in one unit."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from server.db import companies, consents, logbook
from server.db.unit import signal
from server.domain.consents import Consent, ConsentVerb, Matter, wording_hash
from server.domain.customers import Contact
from server.domain.evidence import Evidence
from server.domain.logbook import Entry
from server.domain.users import Actor
from server.domain.wordings import withdrawal
from server.ids import new_id

PROOF_MAX = 500


async def write(
    actor: Actor,
    contact: Contact,
    matter: Matter,
    verb: ConsentVerb,
    evidence: Evidence,
    *,
    at: datetime,
) -> Consent:
    """Add a line with the words of the evidence; joins the unit it is part of.

    What is said to us now is later than all before, even after the clock was put back; what a phone tells stands where
    it was said.
    """
    told = evidence.told
    lines = await consents.of_contact(actor.company_id, contact.id)
    now = max(
        [at, *(line.at + timedelta(microseconds=1) for line in lines if line.channel == matter.channel)]
    )
    line = Consent(
        id=evidence.line_id or new_id(),
        company_id=actor.company_id,
        contact_id=contact.id,
        channel=matter.channel,
        purpose=matter.purpose,
        verb=verb,
        wording=evidence.wording,
        wording_hash=wording_hash(evidence.wording),
        proof=evidence.proof,
        proof_ref=evidence.said.strip(),
        giver=contact.name,
        recorded_by=actor.id,
        at=told.span.counts_at(verb) if told else now,
        local_time=told.local_time if told else await _local(actor.company_id, now),
        job_id=matter.job_id,
        partner_id=matter.partner_id,
        proof_sha256=evidence.picture_sha256,
        received_at=at,
        device_id=told.device_id if told else None,
    )
    await consents.insert_consent(actor.company_id, line)
    trace = {"channel": line.channel, "purpose": line.purpose, "proof": line.proof}
    entry = Entry.by(actor, f"consent.{verb}", "contact", contact.id, at=at, job_id=line.job_id, **trace)
    await logbook.insert_entry(actor.company_id, entry)
    signal("consents", actor.company_id, contact=str(contact.id))
    return line


async def take_back(
    actor: Actor, contact: Contact, matter: Matter, evidence: Evidence, *, at: datetime
) -> None:
    """Write down that one thing was taken back, whether or not we know that it was given; joins the unit."""
    words = withdrawal(channel=matter.channel, said=evidence.said)
    said = replace(evidence, wording=words, said=evidence.said[:PROOF_MAX], line_id=None, picture_sha256="")
    await write(actor, contact, matter, ConsentVerb.WITHDRAWN, said, at=at)


async def _local(company_id: UUID, at: datetime) -> str:
    company = await companies.by_id(company_id)
    assert company is not None, "a line belongs to a company"
    return at.astimezone(company.zone).isoformat(timespec="seconds")
