"""The firm's logo on every page a customer sees: rebuilt from pixels, so that nothing of the file goes with it."""

import hashlib
import tempfile
from datetime import datetime
from pathlib import Path
from uuid import UUID

from server.db import companies, logbook
from server.db.unit import atomic
from server.domain.companies import Company, check_logo
from server.domain.errors import Invalid
from server.domain.logbook import Entry
from server.domain.users import Actor, Right, require
from server.imaging.renditions import ImageError, Rendition
from server.services import Services
from server.storage.base import NoSuchObject, in_thread

LOGO = Rendition("logo", 512, 90, 150_000)


async def set_logo(services: Services, actor: Actor, company: Company, data: bytes, *, at: datetime) -> None:
    """Show this logo from now on. Raises Invalid for what is no logo, Forbidden, StorageError."""
    require(actor, Right.MANAGE_COMPANY)
    check_logo(data)
    picture = await _redrawn(services, data)
    sha256 = hashlib.sha256(picture).hexdigest()
    key = key_of(company.id, sha256)
    await services.storage.put(key, picture, content_type="image/jpeg")
    old = await _change(actor, company, sha256, at=at)
    # Who replaced this very logo a moment ago may just have removed its file.
    await services.storage.put(key, picture, content_type="image/jpeg")
    await _forget(services, company, old)


async def remove_logo(services: Services, actor: Actor, company: Company, *, at: datetime) -> None:
    """Show no logo any more. Raises Forbidden, StorageError."""
    require(actor, Right.MANAGE_COMPANY)
    await _forget(services, company, await _change(actor, company, "", at=at))


async def logo(services: Services, sha256: str) -> bytes | None:
    """Return the logo of this hash, None when no company shows it."""
    company = await companies.by_logo(sha256)
    if company is None:
        return None
    return b"".join([piece async for piece in services.storage.get(key_of(company.id, sha256))])


def key_of(company_id: UUID, sha256: str) -> str:
    """Return where a logo lies: apart from photos, which the nightly search compares with their rows."""
    return f"documents/{company_id}/logo/{sha256}.jpg"


async def _redrawn(services: Services, data: bytes) -> bytes:
    source = await in_thread(_written, data)
    try:
        rendered = await services.images.render(source, [LOGO])
    except ImageError as error:
        raise Invalid("logo.again" if error.again else "logo.undecodable", field="logo") from error
    finally:
        await in_thread(source.unlink)
    return rendered.pictures[LOGO.name].data


def _written(data: bytes) -> Path:
    with tempfile.NamedTemporaryFile(prefix="zollstock-logo-", delete=False) as file:
        file.write(data)
        return Path(file.name)


@atomic
async def _change(actor: Actor, company: Company, sha256: str, *, at: datetime) -> str:
    """Show this logo, "" for none, and return the one shown until now; the same again is no change."""
    await companies.lock(company.id)
    old = await _shown(company)
    if old != sha256:
        await companies.set_logo(company.id, sha256)
        verb = "company.logo_set" if sha256 else "company.logo_removed"
        entry = Entry.by(actor, verb, "company", company.id, at=at, sha256=sha256 or old)
        await logbook.insert_entry(company.id, entry)
    return old


async def _shown(company: Company) -> str:
    now = await companies.by_id(company.id)
    return now.logo_sha256 if now else ""


async def _forget(services: Services, company: Company, old: str) -> None:
    """Remove the file of a logo nobody shows any more; one that was set again meanwhile is put back."""
    if not old or old == await _shown(company):
        return
    key = key_of(company.id, old)
    try:
        picture = b"".join([piece async for piece in services.storage.get(key)])
    except NoSuchObject:
        return
    await services.storage.delete(key)
    if old == await _shown(company):
        await services.storage.put(key, picture, content_type="image/jpeg")
