"""Partners and the contracts with them: written down, ended, each with its line in the logbook."""

import hashlib
from dataclasses import asdict, replace
from datetime import datetime
from uuid import UUID

from server.actions.customers import checked_phone
from server.db import companies, logbook, partners
from server.db.unit import atomic, signal
from server.domain.errors import Conflict, NotFound
from server.domain.logbook import Entry, differences
from server.domain.partners import ContractDraft, Partner, PartnerContract, PartnerDraft, check_file
from server.domain.users import Actor, Right, require
from server.ids import new_id
from server.services import Services


@atomic
async def create(actor: Actor, draft: PartnerDraft, *, at: datetime) -> Partner:
    """Write down a firm that photos may be passed on to one day. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = _checked(draft)
    partner = Partner(new_id(), actor.company_id, created_at=at, archived_at=None, rev=1, **asdict(draft))
    await partners.insert_partner(actor.company_id, partner)
    await _note(actor, "partner.created", partner.id, at=at, name=partner.name)
    return partner


@atomic
async def change(actor: Actor, partner: Partner, draft: PartnerDraft, *, at: datetime) -> Partner:
    """Change a partner. Raises Invalid, Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    draft = _checked(draft)
    changes = differences(asdict(partner), asdict(draft))
    if not changes:
        return partner
    after = replace(partner, **asdict(draft))
    await partners.set_partner(actor.company_id, after)
    await _note(actor, "partner.changed", partner.id, at=at, changes=changes)
    return replace(after, rev=after.rev + 1)


@atomic
async def put_away(actor: Actor, partner: Partner, *, archived: bool, at: datetime) -> None:
    """Take a partner out of the list, or back; while he is out nothing goes to him. Raises Forbidden."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if archived is (partner.archived_at is not None):
        return
    await partners.set_partner(actor.company_id, replace(partner, archived_at=at if archived else None))
    verb = "partner.archived" if archived else "partner.restored"
    await _note(actor, verb, partner.id, at=at, name=partner.name)


async def add_contract(
    services: Services, actor: Actor, partner: Partner, draft: ContractDraft, document: bytes, *, at: datetime
) -> PartnerContract:
    """Put a contract on file, with its document if there is one. Raises Invalid, TooLarge, Forbidden, StorageError."""
    require(actor, Right.MANAGE_CUSTOMERS)
    company = await companies.by_id(actor.company_id)
    if company is None or actor.id is None:
        raise NotFound("company.unknown")
    draft = draft.checked(company.day_of(at))
    contract_id, key, digest = new_id(), "", ""
    if document:
        mime, ending = check_file(document)
        # Apart from photos: the nightly search compares what lies there with their rows.
        key = f"documents/{actor.company_id}/contracts/{contract_id}.{ending}"
        digest = hashlib.sha256(document).hexdigest()
        await services.storage.put(key, document, content_type=mime)
    contract = PartnerContract(
        id=contract_id,
        company_id=actor.company_id,
        partner_id=partner.id,
        storage_key=key,
        sha256=digest,
        recorded_by=actor.id,
        created_at=at,
        revoked_at=None,
        **asdict(draft),
    )
    await _add(actor, contract, at=at)
    return contract


@atomic
async def revoke_contract(actor: Actor, contract: PartnerContract, *, at: datetime) -> None:
    """End a contract now; from this moment nothing goes to the partner by it. Raises Forbidden, Conflict."""
    require(actor, Right.MANAGE_CUSTOMERS)
    if not await partners.set_contract_revoked(actor.company_id, contract.id, at=at):
        raise Conflict("contract.over")
    await _note(actor, "partner.contract_revoked", contract.partner_id, at=at, contract=str(contract.id))


@atomic
async def _add(actor: Actor, contract: PartnerContract, *, at: datetime) -> None:
    await partners.insert_contract(actor.company_id, contract)
    await _note(
        actor,
        "partner.contract_added",
        contract.partner_id,
        at=at,
        contract=str(contract.id),
        kind=contract.kind,
        signed_on=contract.signed_on.isoformat(),
        ends_on=contract.ends_on.isoformat() if contract.ends_on else "",
        sha256=contract.sha256,
    )


def _checked(draft: PartnerDraft) -> PartnerDraft:
    draft = draft.checked()
    return replace(draft, phone=checked_phone(draft.phone).e164)


async def _note(actor: Actor, verb: str, partner_id: UUID, *, at: datetime, **data: object) -> None:
    await logbook.insert_entry(
        actor.company_id, Entry.by(actor, verb, "partner", partner_id, at=at, job_id=None, **data)
    )
    signal("people", actor.company_id, partner=str(partner_id))
