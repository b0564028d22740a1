"""The QR sticker of a job: made, renewed, and what customers leave at it (J10)."""

import secrets
from collections.abc import AsyncIterable
from datetime import datetime

from server.actions import conversations
from server.actions.received_photos import Received, keep_picture
from server.actions.sessions import hash_token
from server.db import jobs, logbook, stickers, tries
from server.db.unit import atomic, signal
from server.domain.jobs import Job
from server.domain.logbook import Entry
from server.domain.photos import Source
from server.domain.stickers import (
    POINTS_OF_ADDRESS,
    POINTS_OF_STICKER,
    TOKEN_BYTES,
    Left,
    Sticker,
    to_office,
    used,
)
from server.domain.users import Actor, Right, require
from server.ids import new_id
from server.services import Services


@atomic
async def make(actor: Actor, job: Job, *, renew: bool, at: datetime) -> str:
    """Return the code of the job's stickers, made at the first print. `renew`: all printed ones are dead from now on."""
    require(actor, Right.MANAGE_JOBS)
    known = await stickers.of_job(actor.company_id, job.id)
    if known and not renew:
        return known
    token = secrets.token_urlsafe(TOKEN_BYTES)
    if not await stickers.set_sticker(actor.company_id, job.id, token, before=known):
        return await stickers.of_job(actor.company_id, job.id) or token
    verb = "job.sticker_renewed" if known else "job.sticker_made"
    await logbook.insert_entry(actor.company_id, Entry.by(actor, verb, "job", job.id, at=at, job_id=job.id))
    signal("jobs", actor.company_id, job=str(job.id))
    return token


@atomic
async def count(token: str, address: str, *, photos: int, at: datetime) -> None:
    """Count a visit that leaves something. Raises TooManyTries for an address or a sticker that has had enough today."""
    day = f"{at:%Y-%m-%d}"
    limits = {
        f"sticker:{hash_token(token)[:32]}:{day}": POINTS_OF_STICKER,
        f"sticker-from:{hash_token(address)[:32]}:{day}": POINTS_OF_ADDRESS,
    }
    known = await tries.by_keys(list(limits), at=at)
    for key, most in limits.items():
        await tries.set_tries(key, used(known[key], points=1 + photos, most=most, at=at))


async def leave(
    services: Services, sticker: Sticker, left: Left, photos: AsyncIterable[bytes], *, at: datetime
) -> int:
    """Keep what somebody left, photos first; returns how many those were. Nobody knows who he is.

    Raises Invalid for what is no photo; what came before it is kept.
    """
    number = 0
    async for data in photos:
        came = Received(new_id(), sticker.company_id, data, sticker.job_id, None, Source.STICKER)
        await keep_picture(services, came, at=at)
        number += 1
    if left.text or left.name:
        await _keep_words(sticker, left, at=at)
    return number


@atomic
async def _keep_words(sticker: Sticker, left: Left, *, at: datetime) -> None:
    """Put the words into the office's inbox, where somebody may say whose they are."""
    message = to_office(sticker, id=new_id(), text=left.text or left.name, name=left.name, at=at)
    await jobs.hold(sticker.company_id, sticker.job_id)
    await conversations.keep(message)
    signal("messages", sticker.company_id, message=str(message.id), job=str(sticker.job_id))
