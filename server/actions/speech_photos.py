"""Which photos a free message may carry: here, a picture, released, and of a job of that very customer."""

from collections.abc import Sequence
from uuid import UUID

from server.db import customers, jobs, photos
from server.domain.errors import Invalid
from server.domain.media import Medium
from server.domain.messages import Message
from server.domain.photos import Photo, PhotoState


async def check(
    company_id: UUID, contact_id: UUID, photo_ids: Sequence[UUID], *, visible_to: UUID | None = None
) -> list[Photo]:
    """Return the photos in their order. Raises Invalid for one that must not go to this person.

    `visible_to` is a worker who picked them: a photo of a job he does not see is none of his to show.
    """
    found = {photo.id: photo for photo in await photos.by_ids(company_id, photo_ids)}
    shown = [found[one] for one in photo_ids if one in found]
    if len(shown) != len(photo_ids) or any(photo.state is not PhotoState.STORED for photo in shown):
        raise Invalid("question.photo_missing", field="photos")
    if any(photo.medium is not Medium.IMAGE for photo in shown):
        raise Invalid("question.clip", field="photos")
    if any(not photo.shareable for photo in shown):
        raise Invalid("message.photo_unreleased", field="photos")
    contact = await customers.contact_by_id(company_id, contact_id)
    for job_id in {photo.job_id for photo in shown}:
        job = await jobs.by_id(company_id, job_id, visible_to=visible_to) if job_id else None
        theirs = job and (
            job.contact_id == contact_id or (contact and job.customer_id == contact.customer_id)
        )
        if not theirs:
            raise Invalid("message.foreign_photo", field="photos")
    return shown


async def still_released(message: Message) -> bool:
    """Say whether everything a free message shows may still go out at this moment."""
    ids = shown_by(message)
    if not ids or message.contact_id is None:
        return not ids
    try:
        await check(message.company_id, message.contact_id, ids)
    except Invalid:
        return False
    return True


def shown_by(message: Message) -> list[UUID]:
    """Return the photos a free message was written with, in order."""
    listed = (message.step or {}).get("photos", [])
    return [UUID(str(one)) for one in listed] if isinstance(listed, list) else []
