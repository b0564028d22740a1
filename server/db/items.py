"""The ledger of what phones announced, and what is here of each id."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise import Model

from server.db import sql
from server.db.tables import ItemRow, JobRow, MessageRow, NoteRow, PhotoRow, QuestionRow, UploadRow
from server.domain.items import MEDIA, Item, Kind, Moment, SyncFiling

_BORN: dict[Kind, type[Model]] = {
    Kind.PHOTO: PhotoRow,
    Kind.VIDEO: PhotoRow,
    Kind.VOICE: PhotoRow,
    Kind.NOTE: NoteRow,
    Kind.CALL: NoteRow,
    Kind.QUESTION: QuestionRow,
    Kind.JOB: JobRow,
}
_COLUMNS = (
    "id",
    "company_id",
    "user_id",
    "kind",
    "content_hash",
    "body",
    "captured_at",
    "received_at",
    "tombstone_at",
    "rev",
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What the database knows of one id; the offset stands in the part file."""

    id: UUID
    kind: Kind
    tombstone: bool
    stored: bool
    uploading: bool
    size_bytes: int
    sha256: str | None
    problem: str
    rev: int
    storage_key: str = ""


async def by_id(company_id: UUID, item_id: UUID) -> Item | None:
    """Return the ledger's entry."""
    row = await ItemRow.filter(id=item_id, company_id=company_id).first().values(*_COLUMNS)
    return Item(**{**row, "kind": Kind(row["kind"])}) if row else None


async def claim_id(company_id: UUID, item_id: UUID) -> None:
    """Let everybody else who brings the same id wait until this unit is over.

    SQLite has one writer; on PostgreSQL a look followed by an insert needs a lock, as there is no row yet.
    """
    if sql.dialect() == "postgres":
        key = int.from_bytes(item_id.bytes[8:], signed=True)
        await sql.rows("SELECT pg_advisory_xact_lock(?)", key)


async def company_of(item_id: UUID, kind: Kind) -> UUID | None:
    """Return the company where this id is taken, by the ledger or by a thing of this kind."""
    tables: tuple[type[Model], ...] = (ItemRow, UploadRow, *([_BORN[kind]] if kind in _BORN else []))
    for table in tables:
        found = await table.filter(id=item_id).first().values_list("company_id", flat=True)
        if found:
            return UUID(str(found))
    return None


async def standings(company_id: UUID, user_id: UUID, ids: Sequence[UUID]) -> list[Standing]:
    """Return what is known of this user's ids, in three statements, or four, however many they are."""
    mine = {"company_id": company_id, "user_id": user_id, "id__in": list(ids)}
    items = {
        row["id"]: row
        for row in await ItemRow.filter(**mine).values("id", "kind", "tombstone_at", "content_hash", "rev")
    }
    photos = {
        row["id"]: row
        for row in await PhotoRow.filter(company_id=company_id, author_id=user_id, id__in=list(ids)).values(
            "id", "state", "size_bytes", "sha256", "problem", "deleted_at", "rev", "storage_key"
        )
    }
    uploads = set(await UploadRow.filter(**mine).values_list("id", flat=True))
    signed = await _signatures(
        company_id, [ident for ident, row in items.items() if row["kind"] == Kind.CONSENT]
    )
    return [
        _standing(ident, items.get(ident), photos.get(ident) or signed.get(ident), uploads)
        for ident in {*items, *photos}
    ]


async def _signatures(company_id: UUID, ids: Sequence[UUID]) -> dict[UUID, dict[str, object]]:
    """Return size and hash of the pictures that came with consents, which are here with them or not at all."""
    rows = (
        await ItemRow.filter(company_id=company_id, id__in=list(ids)).values("id", "body", "rev")
        if ids
        else []
    )
    return {
        row["id"]: {
            "state": "stored",
            "size_bytes": row["body"].get("size_bytes"),
            "sha256": row["body"].get("sha256"),
            "rev": row["rev"],
        }
        for row in rows
    }


def _standing(
    ident: UUID, item: dict[str, object] | None, photo: dict[str, object] | None, uploads: Iterable[object]
) -> Standing:
    kind = Kind(str(item["kind"])) if item else Kind.PHOTO
    known = photo or {}
    return Standing(
        id=ident,
        kind=kind,
        tombstone=bool((item and item["tombstone_at"]) or known.get("deleted_at")),
        stored=known["state"] == "stored" if photo else kind not in MEDIA,
        uploading=ident in uploads,
        size_bytes=int(str(known.get("size_bytes") or 0)),
        sha256=str(known.get("sha256") or "") or None,
        problem=str(known.get("problem") or ""),
        rev=int(str((photo or item or {}).get("rev", 1))),
        storage_key=str(known.get("storage_key") or ""),
    )


async def filing_of(company_id: UUID, user_id: UUID, photo_id: UUID) -> SyncFiling | None:
    """Return the latest filing of this user that names the photo."""
    statement = """SELECT id, body, captured_at FROM sync_item WHERE company_id = ? AND user_id = ? AND kind = ?
        AND CAST(body AS text) LIKE ? ORDER BY received_at DESC, id DESC LIMIT 1"""
    found = await sql.rows(statement, company_id, user_id, Kind.FILING.value, f"%{photo_id}%")
    for row in await ItemRow.filter(id__in=[row["id"] for row in found], company_id=company_id):
        job_id, refs = row.body.get("job_id"), row.body.get("refs")
        return SyncFiling(
            id=row.id,
            kind=Kind.FILING,
            job_id=UUID(str(job_id)) if job_id else None,
            job_hint=str(row.body.get("job_hint", "")),
            captured=Moment(row.captured_at, 0),
            refs=tuple(UUID(str(one)) for one in refs) if isinstance(refs, list) else (),
        )
    return None


async def insert_item(
    company_id: UUID, item: Item, *, asked_job_id: UUID | None, device_id: UUID | None, skew_ms: int | None
) -> None:
    """Write the ledger's entry; the id must be claimed and free."""
    await ItemRow.create(
        id=item.id,
        company_id=company_id,
        user_id=item.user_id,
        device_id=device_id,
        kind=item.kind,
        asked_job_id=asked_job_id,
        content_hash=item.content_hash,
        body=dict(item.body),
        captured_at=item.captured_at,
        received_at=item.received_at,
        skew_ms=skew_ms,
    )


async def job_of(company_id: UUID, kind: Kind, item_id: UUID) -> UUID | None:
    """Return the job a thing belongs to now."""
    if kind not in _BORN or kind is Kind.JOB:
        return None
    found = await _BORN[kind].filter(id=item_id, company_id=company_id).values_list("job_id", flat=True)
    return UUID(str(found[0])) if found and found[0] else None


async def set_tombstone(company_id: UUID, item_id: UUID, *, at: datetime | None) -> None:
    """Remember that the thing was deleted here, so that a phone does not bring it again; None: it was taken back."""
    await ItemRow.filter(id=item_id, company_id=company_id).update(tombstone_at=at)


async def of_asked_job(company_id: UUID, user_id: UUID, job_id: UUID) -> dict[Kind, list[UUID]]:
    """Return what this user announced for a job before the job itself was here; of filings the photos they name."""
    found = ItemRow.filter(company_id=company_id, user_id=user_id, asked_job_id=job_id).order_by("id")
    waiting: dict[Kind, list[UUID]] = {}
    for row in await found.values("id", "kind", "body"):
        ids = waiting.setdefault(Kind(row["kind"]), [])
        ids += [UUID(one) for one in row["body"]["refs"]] if row["kind"] == Kind.FILING else [row["id"]]
    return waiting


async def hold(company_id: UUID, waiting: Mapping[Kind, Sequence[UUID]]) -> None:
    """Lock these things until the unit ends, before its first line goes into the logbook.

    Everybody changes his thing first and locks the chain's head then. A unit that changes several things between its
    lines would hold the head and wait for a thing whose holder waits for the head.
    """
    if sql.dialect() != "postgres":
        return
    tables: dict[str, set[UUID]] = {}
    for kind, ids in waiting.items():
        model = PhotoRow if kind is Kind.FILING else _BORN.get(kind)
        if model and ids and model is not JobRow:
            tables.setdefault(str(model.Meta.table), set()).update(ids)  # type: ignore[attr-defined]
    for table, held in sorted(tables.items()):
        marks = ", ".join("?" for _ in held)
        statement = (
            f"SELECT id FROM {table} WHERE company_id = ? AND id IN ({marks}) ORDER BY id FOR NO KEY UPDATE"
        )
        await sql.rows(statement, company_id, *sorted(held))


async def set_job(company_id: UUID, kind: Kind, ids: Sequence[UUID], *, job_id: UUID) -> None:
    """File things with their job unless somebody filed them elsewhere meanwhile."""
    if kind in _BORN and kind is not Kind.JOB:
        unsorted = _BORN[kind].filter(company_id=company_id, id__in=list(ids), job_id=None)
        await unsorted.update(job_id=job_id, job_hint="")
    if kind is Kind.CALL:
        await MessageRow.filter(company_id=company_id, id__in=list(ids), job_id=None).update(job_id=job_id)
