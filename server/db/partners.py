"""Partners and their contracts."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from server.db.tables import PartnerContractRow, PartnerRow
from server.domain.partners import ContractKind, Partner, PartnerContract


async def by_id(company_id: UUID, partner_id: UUID) -> Partner | None:
    row = await PartnerRow.get_or_none(id=partner_id, company_id=company_id)
    return _partner(row) if row else None


async def of_company(company_id: UUID, *, archived: bool = False, limit: int = 500) -> list[Partner]:
    """Return the partners by name."""
    rows = PartnerRow.filter(company_id=company_id, archived_at__isnull=not archived)
    return sorted(
        [_partner(row) for row in await rows.order_by("id").limit(limit)], key=lambda one: one.name.casefold()
    )


async def insert_partner(company_id: UUID, partner: Partner) -> None:
    await PartnerRow.create(**asdict(partner) | {"company_id": company_id})


async def set_partner(company_id: UUID, partner: Partner) -> None:
    """Write what can change of a partner."""
    await PartnerRow.filter(id=partner.id, company_id=company_id).update(
        name=partner.name,
        trade=partner.trade,
        email=partner.email,
        phone=partner.phone,
        archived_at=partner.archived_at,
        rev=partner.rev + 1,
    )


async def contract_by_id(company_id: UUID, contract_id: UUID) -> PartnerContract | None:
    row = await PartnerContractRow.get_or_none(id=contract_id, company_id=company_id)
    return _contract(row) if row else None


async def contracts_of(company_id: UUID, partner_ids: Sequence[UUID]) -> dict[UUID, list[PartnerContract]]:
    """Return the contracts of several partners in one statement, newest first."""
    found: dict[UUID, list[PartnerContract]] = {partner: [] for partner in partner_ids}
    rows = PartnerContractRow.filter(company_id=company_id, partner_id__in=list(partner_ids))
    for row in await rows.order_by("-id"):
        found[row.partner_id].append(_contract(row))
    return found


async def insert_contract(company_id: UUID, contract: PartnerContract) -> None:
    row = asdict(contract) | {"company_id": company_id, "recorded_by_id": contract.recorded_by}
    row.pop("recorded_by")
    await PartnerContractRow.create(**row)


async def set_contract_revoked(company_id: UUID, contract_id: UUID, *, at: datetime) -> bool:
    """End a contract; False when it is over already."""
    rows = PartnerContractRow.filter(id=contract_id, company_id=company_id, revoked_at=None)
    return bool(await rows.update(revoked_at=at))


def _partner(row: PartnerRow) -> Partner:
    return Partner(
        id=row.id,
        company_id=row.company_id,
        name=row.name,
        trade=row.trade,
        email=row.email,
        phone=row.phone,
        created_at=row.created_at,
        archived_at=row.archived_at,
        rev=row.rev,
    )


def _contract(row: PartnerContractRow) -> PartnerContract:
    return PartnerContract(
        id=row.id,
        company_id=row.company_id,
        partner_id=row.partner_id,
        kind=ContractKind(row.kind),
        signed_on=row.signed_on,
        ends_on=row.ends_on,
        reference=row.reference,
        storage_key=row.storage_key,
        sha256=row.sha256,
        recorded_by=row.recorded_by_id,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
