"""The one door to the consent ledger: a line, its time, its entry in the logbook, in one unit."""

from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from server.db import companies, consents, logbook
from server.db.unit import signal
from server.domain.consents import Consent, ConsentVerb, Proof, Purpose, wording_hash
from server.domain.customers import Contact
from server.domain.logbook import Entry
from server.domain.told import Told
from server.domain.users import Actor
from server.domain.wordings import withdrawal
from server.ids import new_id

PROOF_MAX = 500


async def write(
    actor: Actor,
    contact: Contact,
    channel: str,
    purpose: Purpose,
    verb: ConsentVerb,
    wording: str,
    proof: Proof,
    proof_ref: str,
    *,
    job_id: UUID | None = None,
    partner_id: UUID | None = None,
    consent_id: UUID | None = None,
    proof_sha256: str = "",
    told: Told | None = None,
    at: datetime,
) -> Consent:
    """Add a line; joins the unit it is part of.

    What is said to us now is later than all before, even after the clock was put back; what a phone tells stands where
    it was said.
    """
    lines = await consents.of_contact(actor.company_id, contact.id)
    now = max([at, *(line.at + timedelta(microseconds=1) for line in lines if line.channel == channel)])
    line = Consent(
        id=consent_id or new_id(),
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
        at=told.span.counts_at(verb) if told else now,
        local_time=told.local_time if told else await _local(actor.company_id, now),
        job_id=job_id,
        partner_id=partner_id,
        proof_sha256=proof_sha256,
        received_at=at,
        device_id=told.device_id if told else None,
    )
    await consents.insert_consent(actor.company_id, line)
    trace = {"channel": channel, "purpose": purpose, "proof": proof}
    entry = Entry.by(actor, f"consent.{verb}", "contact", contact.id, at=at, job_id=job_id, **trace)
    await logbook.insert_entry(actor.company_id, entry)
    signal("consents", actor.company_id, contact=str(contact.id))
    return line


async def take_back(
    actor: Actor,
    contact: Contact,
    channel: str,
    purpose: Purpose,
    *,
    said: str,
    proof: Proof,
    job_id: UUID | None = None,
    partner_id: UUID | None = None,
    told: Told | None = None,
    at: datetime,
) -> None:
    """Write down that one thing was taken back, whether or not we know that it was given; joins the unit."""
    await write(
        actor,
        contact,
        channel,
        purpose,
        ConsentVerb.WITHDRAWN,
        withdrawal(channel=channel, said=said),
        proof,
        said[:PROOF_MAX],
        job_id=job_id,
        partner_id=partner_id,
        told=told,
        at=at,
    )


async def _local(company_id: UUID, at: datetime) -> str:
    company = await companies.by_id(company_id)
    zone = ZoneInfo(company.timezone if company else "Europe/Berlin")
    return at.astimezone(zone).isoformat(timespec="seconds")
