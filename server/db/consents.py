"""The consent ledger: lines are added, never changed; the database itself refuses anything else."""

from collections.abc import Sequence
from uuid import UUID

from server.db.sql import rows_of
from server.db.tables import ConsentRow
from server.domain.consents import Consent, ConsentVerb, Proof, Purpose, order
from server.domain.paging import Page, cut


async def insert_consent(company_id: UUID, consent: Consent) -> None:
    """Add a line."""
    await ConsentRow.create(
        id=consent.id,
        company_id=company_id,
        contact_id=consent.contact_id,
        channel=consent.channel,
        purpose=consent.purpose,
        verb=consent.verb,
        wording=consent.wording,
        wording_hash=consent.wording_hash,
        proof=consent.proof,
        proof_ref=consent.proof_ref,
        proof_sha256=consent.proof_sha256,
        giver=consent.giver,
        job_id=consent.job_id,
        partner_id=consent.partner_id,
        recorded_by_id=consent.recorded_by,
        at=consent.at,
        local_time=consent.local_time,
        received_at=consent.received_at,
        device_id=consent.device_id,
    )


async def of_contact(company_id: UUID, contact_id: UUID) -> list[Consent]:
    """Return every line about a person, newest first."""
    return _newest_first(
        await rows_of(ConsentRow, "company_id = ? AND contact_id = ?", company_id, contact_id)
    )


async def by_ids(company_id: UUID, ids: Sequence[UUID]) -> list[Consent]:
    """Return these lines, newest first."""
    return _newest_first(await ConsentRow.filter(company_id=company_id, id__in=list(ids)))


async def of_contacts(company_id: UUID, contact_ids: Sequence[UUID]) -> dict[UUID, list[Consent]]:
    """Return the lines of several people in one statement, newest first."""
    found: dict[UUID, list[Consent]] = {contact: [] for contact in contact_ids}
    for line in _newest_first(
        await ConsentRow.filter(company_id=company_id, contact_id__in=list(contact_ids))
    ):
        found[line.contact_id].append(line)
    return found


async def of_company(
    company_id: UUID, *, contact_id: UUID | None = None, before: str | None = None, limit: int = 50
) -> Page[Consent]:
    """Return the company's lines, newest first, about one person or all."""
    query = ConsentRow.filter(company_id=company_id)
    if contact_id:
        query = query.filter(contact_id=contact_id)
    if before:
        query = query.filter(id__lt=before)
    found = await query.order_by("-id").limit(limit + 1)
    return cut([_consent(row) for row in found], limit, lambda line: str(line.id))


async def of_job(company_id: UUID, job_id: UUID) -> list[Consent]:
    """Return the lines about passing on this job's photos, whoever gave them, newest first."""
    return _newest_first(await ConsentRow.filter(company_id=company_id, job_id=job_id))


async def by_id(company_id: UUID, consent_id: UUID) -> Consent | None:
    row = await ConsentRow.get_or_none(company_id=company_id, id=consent_id)
    return _consent(row) if row else None


def _newest_first(rows: Sequence[ConsentRow]) -> list[Consent]:
    """Return the lines as the rule orders them, which knows which of two at one moment is later."""
    return sorted(map(_consent, rows), key=order, reverse=True)


def _consent(row: ConsentRow) -> Consent:
    return Consent(
        id=row.id,
        company_id=row.company_id,
        contact_id=row.contact_id,
        channel=row.channel,
        purpose=Purpose(row.purpose),
        verb=ConsentVerb(row.verb),
        wording=row.wording,
        wording_hash=row.wording_hash,
        proof=Proof(row.proof),
        proof_ref=row.proof_ref,
        giver=row.giver,
        recorded_by=row.recorded_by_id,
        at=row.at,
        local_time=row.local_time,
        job_id=row.job_id,
        partner_id=row.partner_id,
        proof_sha256=row.proof_sha256,
        received_at=row.received_at,
        device_id=row.device_id,
    )
