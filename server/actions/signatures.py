"""Signatures drawn on the glass: a small picture, kept apart from photos under the id of the line it proves."""

import hashlib
from uuid import UUID

from server.domain.consents import check_picture
from server.ids import new_id
from server.services import Services


async def keep(services: Services, company_id: UUID, picture: bytes) -> tuple[UUID, str]:
    """Store what was drawn on the glass; returns the id of the line it will prove, and its SHA-256 (hex).

    Raises Invalid for what is no small PNG, StorageError.
    """
    check_picture(picture)
    consent_id = new_id()
    await services.storage.put(key(company_id, consent_id), picture, content_type="image/png")
    return consent_id, hashlib.sha256(picture).hexdigest()


def key(company_id: UUID, consent_id: UUID) -> str:
    """Return where a signature lies: apart from photos, which the nightly search compares with their rows."""
    return f"documents/{company_id}/consents/{consent_id}.png"
