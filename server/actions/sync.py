"""What phones say and bring: who knows what, and each item exactly once."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from server.actions import (
    calls,
    devices,
    drafts,
    jobs,
    notes,
    photos,
    placing,
    questions,
    site_consents,
    uploads,
)
from server.actions.placing import Place
from server.db import companies, items
from server.db import jobs as job_table
from server.db import photos as photo_table
from server.db.unit import atomic
from server.domain.consent_items import SyncConsent
from server.domain.errors import Conflict, DomainError, NotFound
from server.domain.items import (
    ContentDiffers,
    Item,
    ItemState,
    Kind,
    SyncFiling,
    SyncItem,
    SyncJob,
    SyncNote,
    SyncPhoto,
    SyncQuestion,
    content_hash,
    content_of,
)
from server.domain.photos import Photo
from server.domain.uploads import Gone
from server.domain.users import Actor
from server.services import Services
from server.storage.base import missing


@dataclass(frozen=True, slots=True)
class Known:
    """What is here of one id; `offset` in bytes, `error` why its bytes are not accepted."""

    state: ItemState
    offset: int = 0
    sha256: str | None = None
    rev: int | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """The phone an item came from, and how far the server's clock is ahead of its own."""

    device_id: UUID | None = None
    skew_ms: int | None = None


async def have(services: Services, actor: Actor, ids: Sequence[UUID], *, at: datetime) -> dict[UUID, Known]:
    """Return what is here of each id; another's id is as good as unknown, and so is a photo whose file is gone.

    Its phone must not let go of what may be the last copy, and brings it again (`uploads.begin`). Raises StorageError.
    """
    assert actor.id
    rows = await items.standings(actor.company_id, actor.id, ids)
    gone = await missing(services.storage, [row.storage_key for row in rows if row.storage_key])
    found = {row.id: row for row in rows if row.tombstone or row.storage_key not in gone}
    return {
        ident: await _known(services, actor, found[ident], at=at)
        if ident in found
        else Known(ItemState.UNKNOWN)
        for ident in ids
    }


async def _known(services: Services, actor: Actor, row: items.Standing, *, at: datetime) -> Known:
    if row.tombstone:
        return Known(ItemState.TOMBSTONE, rev=row.rev)
    if row.stored:
        return Known(ItemState.STORED, row.size_bytes, row.sha256, row.rev)
    problem = row.problem or None
    offset = await services.parts.size(row.id) if row.uploading else None
    if offset is None:
        return Known(ItemState.ANNOUNCED, 0, row.sha256, row.rev, problem)
    if offset < row.size_bytes:
        return Known(ItemState.RECEIVING, offset, row.sha256, row.rev, problem)
    return await _completed(services, actor, row, at=at)


async def _completed(services: Services, actor: Actor, row: items.Standing, *, at: datetime) -> Known:
    """Finish what got its last byte just before a crash: nobody would ever bring another."""
    try:
        safe = await uploads.progress(services, actor, row.id, at=at)
    except DomainError as refused:
        return Known(ItemState.ANNOUNCED, 0, row.sha256, row.rev, refused.code)
    receipt = safe.receipt
    if receipt is None:
        return Known(ItemState.RECEIVING, safe.offset, row.sha256, row.rev)
    return Known(ItemState.STORED, receipt.size, receipt.sha256, receipt.rev)


async def standing(services: Services, actor: Actor, item_id: UUID, *, at: datetime) -> Known:
    """Return what is here of one id. Raises NotFound."""
    known = (await have(services, actor, [item_id], at=at))[item_id]
    if known.state is ItemState.UNKNOWN:
        raise NotFound("item.unknown")
    return known


async def job_now(actor: Actor, item: Item) -> UUID | None:
    """Return the job a thing belongs to now: the office may have moved it, or merged its job into another."""
    if item.kind not in (Kind.JOB, Kind.FILING):
        return await items.job_of(actor.company_id, item.kind, item.id)
    named = item.id if item.kind is Kind.JOB else UUID(str(item.body["job_id"]))
    job = await job_table.current(actor.company_id, named)
    return job.id if job else None


@atomic
async def put_item(actor: Actor, item: SyncItem, origin: Origin, *, at: datetime) -> bool:
    """Take an item; True when it is new. The same again changes nothing, whatever became of the thing since.

    Raises ContentDiffers for the same id with other content, Conflict "item.taken" for an id that is not his.
    A job that is not here, or not his, is no reason to refuse: the thing waits unsorted under the job's name.
    """
    assert actor.id
    await items.claim_id(actor.company_id, item.id)
    known = await items.by_id(actor.company_id, item.id)
    if known:
        _check_same(actor, item, known)
        return False
    early = await _check_free(actor, item)
    if origin.device_id:
        await devices.notice(actor, origin.device_id, at=at)
    if early is not None and early.job_id is not None:
        # Bytes that came before their words: the office has filed them by now, and that stays.
        assert isinstance(item, SyncPhoto)
        kept = await _without_position(actor, item)
        await photos.announce(actor, kept, job_id=early.job_id, late=early.late, at=at)
    else:
        await _keep(actor, item, await placing.place_of(actor, item), origin, at=at)
    await items.insert_item(
        actor.company_id,
        await _entry(actor, item, at=at),
        asked_job_id=item.job_id,
        device_id=origin.device_id,
        skew_ms=origin.skew_ms,
    )
    return True


def _check_same(actor: Actor, item: SyncItem, known: Item) -> None:
    if known.user_id != actor.id:
        raise Conflict("item.taken", field="id")
    if known.content_hash != content_hash(item):
        raise ContentDiffers(known)


async def _check_free(actor: Actor, item: SyncItem) -> Photo | None:
    """Refuse an id that somebody else's thing bears; returns the photo of his own whose bytes were first."""
    owner = await items.company_of(item.id, item.kind)
    if owner is None:
        return None
    known = isinstance(item, SyncPhoto)
    early = await photo_table.by_id(actor.company_id, item.id, trashed=True) if known else None
    if early is None or early.author_id is None or early.author_id != actor.id:
        raise Conflict("item.taken", field="id")
    if early.deleted_at:
        raise Gone("photo.deleted", field="id")
    return early


async def _keep(actor: Actor, item: SyncItem, place: Place, origin: Origin, *, at: datetime) -> None:
    match item:
        case SyncPhoto():
            await _keep_photo(actor, await _without_position(actor, item), place, at=at)
        case SyncNote():
            accept = calls.accept if item.kind is Kind.CALL else notes.accept
            await accept(actor, replace(item, job_hint=place.hint), place, at=at)
        case SyncQuestion():
            hinted = replace(item, job_hint=place.hint)
            await drafts.accept(actor, hinted, job_id=place.job_id, at=at)
        case SyncConsent():
            device, skew_ms = origin.device_id, origin.skew_ms
            await site_consents.accept(actor, item, place, device_id=device, skew_ms=skew_ms, at=at)
        case SyncFiling():
            await placing.accept_filing(actor, item, at=at)
        case SyncJob():
            await items.hold(actor.company_id, await _waiting_for(actor, item.id))
            await jobs.open_from_phone(
                actor, item.id, title=item.title, street=item.street, city=item.city, at=at
            )
            await _gather(actor, item.id, at=at)


async def _keep_photo(actor: Actor, item: SyncPhoto, place: Place, *, at: datetime) -> None:
    hinted = replace(item, job_hint=place.hint)
    await photos.announce(actor, hinted, job_id=place.job_id, late=place.late, at=at)
    if place.job_id is None:
        await placing.file_waiting(actor, item.id, at=at)
    elif place.late:
        await placing.note_late(actor, "photo", item.id, place.job_id, at=at)


async def _waiting_for(actor: Actor, job_id: UUID) -> dict[Kind, list[UUID]]:
    assert actor.id
    return await items.of_asked_job(actor.company_id, actor.id, job_id)


async def _gather(actor: Actor, job_id: UUID, *, at: datetime) -> None:
    """File with a new job what this phone brought for it earlier: order is comfort, not correctness."""
    waiting = await _waiting_for(actor, job_id)
    for item_id in waiting.pop(Kind.QUESTION, []):
        question = await questions.known(actor, item_id)
        if question.job_id is None:
            await questions.file(actor, question, job_id, at=at)
    await placing.file_again(actor, waiting.pop(Kind.FILING, []), job_id, at=at)
    for kind, ids in waiting.items():
        await items.set_job(actor.company_id, kind, ids, job_id=job_id)


async def _without_position(actor: Actor, item: SyncPhoto) -> SyncPhoto:
    """Drop the position unless the company switched it on, whatever the phone sends."""
    company = await companies.by_id(actor.company_id)
    return item if company and company.profile.position_enabled else replace(item, position=None)


async def _entry(actor: Actor, item: SyncItem, *, at: datetime) -> Item:
    """Return the ledger's entry; its hash is over what was sent, its body holds no position that is not kept."""
    assert actor.id
    kept = await _without_position(actor, item) if isinstance(item, SyncPhoto) else item
    return Item(
        id=item.id,
        company_id=actor.company_id,
        user_id=actor.id,
        kind=item.kind,
        content_hash=content_hash(item),
        body=content_of(kept),
        captured_at=item.captured.at,
        received_at=at,
        tombstone_at=None,
        rev=1,
    )
