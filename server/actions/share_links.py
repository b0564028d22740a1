"""Passing photos on to a partner: the gate is asked when the link is made and again each time it is opened."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.actions.copies import copy_of
from server.actions.gate import partner_gate
from server.actions.outgoing import hash_of
from server.db import companies, jobs, logbook, partners, photos, share_links
from server.db.unit import atomic, signal
from server.domain.companies import Company
from server.domain.errors import Conflict, Invalid, NotFound
from server.domain.gate import Closed
from server.domain.jobs import Job
from server.domain.logbook import Entry
from server.domain.partners import Partner
from server.domain.photos import Photo
from server.domain.share_links import LIVES, ShareLink, Why, check_photos
from server.domain.users import Actor, Right, require
from server.ids import new_id
from server.services import Services


@dataclass(frozen=True, slots=True)
class Shared:
    """What a partner sees: the job's name, the firm, and the photos of this release that may still be seen."""

    link: ShareLink
    company: Company
    job: Job
    partner: Partner
    photos: tuple[Photo, ...]


@dataclass(frozen=True, slots=True)
class Dead:
    why: Why
    company: Company | None = None
    link: ShareLink | None = None


async def release(
    services: Services, actor: Actor, job: Job, partner: Partner, chosen: Sequence[UUID], *, at: datetime
) -> ShareLink:
    """Make a link with these photos for this partner.

    Raises Forbidden, Invalid with the reason that stands against it (consent, contract, person, review), ImageError,
    StorageError.
    """
    require(actor, Right.SEND)
    chosen = list(dict.fromkeys(chosen))
    shown = await photos.by_ids(actor.company_id, chosen)
    check_photos(chosen, shown, job.id)
    await _check_gate(job, partner, chosen, at=at)
    for photo in shown:
        # Rebuilt from pixels before anybody has the address: no original, no EXIF, no hidden thumb ever leaves.
        await copy_of(services, photo)
    return await _make(services, actor, job, partner, tuple(chosen), at=at)


@atomic
async def _make(
    services: Services, actor: Actor, job: Job, partner: Partner, chosen: tuple[UUID, ...], *, at: datetime
) -> ShareLink:
    if actor.id is None:
        raise NotFound("user.unknown")
    await _check_gate(job, partner, chosen, at=at)
    link = ShareLink(
        id=new_id(),
        company_id=actor.company_id,
        job_id=job.id,
        partner_id=partner.id,
        photo_ids=chosen,
        created_by=actor.id,
        created_at=at,
        expires_at=at + LIVES,
    )
    await share_links.insert_link(actor.company_id, link, token_hash=hash_of(token(services, link.id)))
    await _note(actor, "share.released", link, at=at, name=partner.name, count=len(chosen))
    return link


async def _check_gate(job: Job, partner: Partner, chosen: Sequence[UUID], *, at: datetime) -> None:
    answer = await partner_gate(job.company_id, job.id, partner.id, photo_ids=chosen, at=at)
    if isinstance(answer, Closed):
        raise Invalid(answer.code, field="partner")


def token(services: Services, link_id: UUID) -> str:
    """Return the secret of a link: 192 bits that only this installation can derive, never stored."""
    return base64.urlsafe_b64encode(services.secrets.derive("share", str(link_id))[:24]).decode()


def url(services: Services, link_id: UUID) -> str:
    return f"{services.settings.base_url}/s/{token(services, link_id)}"


async def look_up(secret: str, *, at: datetime) -> Shared | Dead:
    """Return what a link shows now; changes nothing, and nobody is written down."""
    link = await share_links.by_hash(hash_of(secret))
    if link is None:
        return Dead(Why.UNKNOWN)
    company = await companies.by_id(link.company_id)
    job = await jobs.current(link.company_id, link.job_id)
    partner = await partners.by_id(link.company_id, link.partner_id)
    if link.revoked_at is not None:
        return Dead(Why.REVOKED, company, link)
    if not link.alive(at):
        return Dead(Why.EXPIRED, company, link)
    answer = await partner_gate(
        link.company_id, link.job_id, link.partner_id, photo_ids=link.photo_ids, at=at
    )
    if company is None or job is None or partner is None or isinstance(answer, Closed):
        return Dead(Why.CLOSED, company, link)
    shown = await photos.by_ids(link.company_id, link.photo_ids)
    # What went to another job meanwhile may have been released there: nobody there agreed that this partner sees it.
    kept = tuple(photo for photo in shown if photo.shareable and photo.job_id == job.id)
    return Shared(link, company, job, partner, kept)


@atomic
async def revoke(actor: Actor, link: ShareLink, *, at: datetime) -> None:
    """Close a link now. Raises Forbidden, Conflict when it is closed already."""
    require(actor, Right.SEND)
    if not await share_links.set_revoked(actor.company_id, link.id, at=at):
        raise Conflict("share.over")
    partner = await partners.by_id(actor.company_id, link.partner_id)
    await _note(actor, "share.revoked", link, at=at, name=partner.name if partner else "")


async def _note(actor: Actor, verb: str, link: ShareLink, *, at: datetime, **data: object) -> None:
    entry = Entry.by(actor, verb, "partner", link.partner_id, at=at, job_id=link.job_id, **data)
    await logbook.insert_entry(actor.company_id, entry)
    signal("people", actor.company_id, partner=str(link.partner_id))
