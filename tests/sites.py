"""A small firm to test arrival with: two companies, people, jobs, real storage and parts in a folder."""

import base64
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from server.actions import sync, uploads
from server.actions.sync import Origin
from server.db.connect import Database
from server.db.tables import CompanyRow, JobMemberRow, JobRow, UserRow
from server.db.unit import atomic
from server.domain.items import SyncPhoto
from server.domain.sync import read_item
from server.domain.uploads import Metadata
from server.domain.users import Actor, Role
from server.ids import new_id
from server.imaging.box import ImageBox
from server.services import Secrets, Services
from server.settings import from_environment
from server.storage import open_storage
from server.storage.parts import Parts

AT = datetime(2026, 11, 24, 9, 42, tzinfo=UTC)
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"
THUMB = base64.b64encode(JPEG + b"thumb\xff\xd9").decode()


def photo_bytes(size: int = 3000, seed: int = 1) -> bytes:
    """Return bytes that begin like a JPEG and differ by `seed`."""
    filler = hashlib.sha256(str(seed).encode()).digest() * (size // 32 + 1)
    return (JPEG + filler)[:size]


def body_of(data: bytes, **changes: Any) -> dict[str, Any]:
    """Return what a phone says about a photo."""
    return {
        "kind": "photo",
        "job": None,
        "captured_at": "2026-11-24T10:42:00+01:00",
        "caption": "",
        "phase": None,
        "tags": [],
        "position": None,
        "sha256": hashlib.sha256(data).hexdigest(),
        "size": len(data),
        "mime": "image/jpeg",
        "thumb": None,
        "refs": [],
    } | changes


def photo_item(data: bytes, item_id: UUID | None = None, **changes: Any) -> SyncPhoto:
    item = read_item(item_id or new_id(), body_of(data, **changes))
    assert isinstance(item, SyncPhoto)
    return item


def metadata_of(item: SyncPhoto) -> Metadata:
    return Metadata(item.id, item.sha256, item.mime, "IMG_0001.jpg")


async def pieces(data: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    """Yield `data` as a client's slices would come."""
    for start in range(0, len(data), size):
        yield data[start : start + size]


@dataclass(frozen=True, slots=True)
class Site:
    """The firm: a worker and his colleague, the office, a job for all, a job of others, and a foreign company."""

    services: Services
    worker: Actor
    colleague: Actor
    office: Actor
    stranger: Actor
    job: UUID
    closed_job: UUID
    foreign_job: UUID

    def restarted(self) -> "Site":
        """Return the same site after a restart: nothing in memory, everything on the disk."""
        settings = self.services.settings
        fresh = replace(self.services, parts=Parts(settings.data / "parts"))
        return replace(self, services=fresh)


async def build(database: Database, folder: Path) -> Site:
    """Fill an empty database; close `site.services.images` and `.http` afterwards."""
    settings = from_environment({}, data=folder)
    services = Services(
        settings=settings,
        database=database,
        storage=open_storage(folder / "photos"),
        parts=Parts(folder / "parts"),
        images=ImageBox(),
        http=httpx.AsyncClient(),
        clock=lambda: AT,
        secrets=Secrets(b"k" * 32),
    )
    return await _people(services)


@atomic
async def _people(services: Services) -> Site:
    ours, foreign = new_id(), new_id()
    for company_id, name in ((ours, "Elektro Brandt"), (foreign, "Maler Kunz")):
        await CompanyRow.create(id=company_id, name=name, created_at=AT)
    worker = await _user(ours, "Jan Petersen", Role.WORKER)
    colleague = await _user(ours, "Ali Yılmaz", Role.WORKER)
    office = await _user(ours, "Sabine Brandt", Role.OFFICE)
    stranger = await _user(foreign, "Kai Kunz", Role.WORKER)
    job, closed_job = await _job(ours, "2026-001"), await _job(ours, "2026-002")
    foreign_job = await _job(foreign, "2026-001")
    await JobMemberRow.create(id=new_id(), company_id=ours, job_id=closed_job, user_id=colleague.id)
    return Site(services, worker, colleague, office, stranger, job, closed_job, foreign_job)


async def _user(company_id: UUID, name: str, role: Role) -> Actor:
    user_id = new_id()
    await UserRow.create(
        id=user_id, company_id=company_id, login=str(user_id), name=name, role=role, created_at=AT
    )
    return Actor(user_id, company_id, name, role)


async def _job(company_id: UUID, number: str) -> UUID:
    job_id = new_id()
    await JobRow.create(
        id=job_id,
        company_id=company_id,
        number=number,
        title="Zählerschrank erneuern",
        state="active",
        created_at=AT - timedelta(days=1),
        changed_at=AT,
    )
    return job_id


async def brought(site: Site, data: bytes, actor: Actor | None = None, **changes: Any) -> UUID:
    """Bring a photo or clip whole, as a phone does, and return its id."""
    item, actor = photo_item(data, **changes), actor or site.worker
    await sync.put_item(actor, item, Origin(), at=AT)
    await uploads.begin(site.services, actor, metadata_of(item), size_bytes=len(data), at=AT)
    chunks = pieces(data, 65536)
    await uploads.append(site.services, actor, item.id, chunks, offset=0, checksum=None, at=AT)
    return item.id


async def put(actor: Actor, kind: str, item_id: UUID | None = None, **fields: Any) -> UUID:
    """Bring an item without bytes and return its id."""
    body = {"kind": kind, "captured_at": "2026-11-24T10:42:00+01:00"} | fields
    item = read_item(item_id or new_id(), body)
    await sync.put_item(actor, item, Origin(), at=AT)
    return item.id


async def snap(actor: Actor, seed: int = 1, **changes: Any) -> UUID:
    """Announce a photo whose bytes stay on the phone."""
    item = photo_item(photo_bytes(seed=seed), **changes)
    await sync.put_item(actor, item, Origin(), at=AT)
    return item.id
