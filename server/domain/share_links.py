"""The share link: chosen photos of one job for one partner, behind an address that ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from server.domain.errors import Invalid
from server.domain.media import Medium
from server.domain.photos import Person, Photo, PhotoState
from server.domain.reviews import Verdict

LIVES = timedelta(days=14)
PHOTOS_MAX = 50


@dataclass(frozen=True, slots=True)
class ShareLink:
    """Which photos went to whom and until when; the secret is derived, only its hash is stored."""

    id: UUID
    company_id: UUID
    job_id: UUID
    partner_id: UUID
    photo_ids: tuple[UUID, ...]
    created_by: UUID
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def alive(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class Why(StrEnum):
    """Why a link shows nothing. `closed`: the gate is shut now, whatever it was when the link was made."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    REVOKED = "revoked"
    CLOSED = "closed"


def choosable(photo: Photo) -> bool:
    """Say whether a photo can be chosen at all: a picture that is here and was released."""
    return (
        photo.medium is Medium.IMAGE
        and photo.state is PhotoState.STORED
        and photo.review == Verdict.RELEASED
        and photo.deleted_at is None
    )


def check_photos(chosen: Sequence[UUID], photos: Sequence[Photo], job_id: UUID) -> None:
    """Refuse a selection that cannot leave as it is. Raises Invalid naming why."""
    if not chosen:
        raise Invalid("share.nothing", field="photos")
    if len(chosen) > PHOTOS_MAX:
        raise Invalid("share.too_many", field="photos", max=PHOTOS_MAX)
    if len(photos) != len(chosen) or any(photo.job_id != job_id for photo in photos):
        raise Invalid("share.other_job", field="photos")
    if any(photo.person == Person.OPEN for photo in photos):
        raise Invalid("photo.person_open", field="photos")
    if not all(choosable(photo) for photo in photos):
        raise Invalid("share.not_released", field="photos")
