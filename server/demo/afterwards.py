"""What phones brought after the desk had moved on: a late photo, a double, two versions of a note."""

import hashlib
import io
import math
import struct
import wave
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from uuid import UUID

from server.actions import jobs, notes, photos, placing, renditions, trash
from server.actions.placing import Place
from server.db import jobs as jobs_db
from server.db import photos as photos_db
from server.domain.items import Kind, Moment, SyncNote, SyncPhoto
from server.domain.jobs import JobDraft, JobStep
from server.domain.media import JPEG, WAV, FileType
from server.domain.photos import Photo
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services

PHOTOS = Path(__file__).parent / "photos"
Ago = Callable[[float], datetime]


async def tell_what_came_later(
    services: Services,
    people: Mapping[str, Actor],
    places: Mapping[str, UUID],
    ago: Ago,
) -> None:
    """Fill the corners of the desk that are empty on a good day, one thing each."""
    story = _Story(services, people, ago)
    await story.late(places)
    await story.thrown_away(places["heizung"])
    await story.spoken(places["bad"])
    await story.two_versions(places["bad"])
    title = "Feuchteschaden Uferweg 22, EG links"
    await jobs.open_from_phone(people["pjotr"], new_id(), title=title, at=ago(0.6))


class _Story:
    def __init__(self, services: Services, people: Mapping[str, Actor], ago: Ago) -> None:
        self.services, self.people, self.ago = services, people, ago

    async def late(self, places: Mapping[str, UUID]) -> None:
        """A photo of a door that was finished yesterday; the same file lies in another job already."""
        office, job = (
            self.people["sabine"],
            await jobs_db.by_id(self.people["ali"].company_id, places["tueren"]),
        )
        assert job is not None
        draft = JobDraft("Türblatt Empfang", "", job.street, job.postcode, job.city, job.customer_id)
        done = await jobs.open_job(office, draft, at=self.ago(150))
        await jobs.step(office, done, JobStep.FINISH, at=self.ago(20))
        data = (PHOTOS / "tuer-zarge-schaum.jpg").read_bytes()
        photo = await self._announce("ali", data, done.id, hours=22, came=1.8, late=True)
        await placing.note_late(self.people["ali"], "photo", photo.id, done.id, at=self.ago(1.8))
        await self._store("ali", photo, data, JPEG, came=1.8)

    async def thrown_away(self, job_id: UUID) -> None:
        data = (PHOTOS / "beton-leerrohre-boden.jpg").read_bytes()
        photo = await self._announce("jana", data, job_id, hours=5.8, came=5.6)
        await trash.delete(
            self.people["jana"], await self._store("jana", photo, data, JPEG, came=5.6), at=self.ago(5.5)
        )

    async def spoken(self, job_id: UUID) -> None:
        data = tone(seconds=4)
        words = "Glaswand sitzt, Abdichtung bis Donnerstag nicht belasten."
        photo = await self._announce("ali", data, job_id, hours=2.1, came=2.0, kind=Kind.VOICE, caption=words)
        await self._store("ali", photo, data, WAV, came=2.0)

    async def two_versions(self, job_id: UUID) -> None:
        """The office corrects a note while its author corrects it in a place without network."""
        ali, first = self.people["ali"], "Spiegel 80 × 60 cm, Unterkante 110 cm."
        note = await notes.write(ali, job_id=job_id, text=first, at=self.ago(3.0))
        text = "Spiegel 80 × 60 cm, Unterkante 115 cm laut Frau Müller am Telefon."
        await notes.revise(self.people["sabine"], note, text=text, base_rev=note.rev, at=self.ago(2.6))
        said = SyncNote(
            id=new_id(),
            kind=Kind.NOTE,
            job_id=job_id,
            job_hint="",
            captured=Moment(self.ago(2.7), 60),
            refs=(),
            text="Spiegel 80 × 60 cm, Unterkante 112 cm, so an der Wand angezeichnet.",
            replaces=note.id,
            base_rev=note.rev,
        )
        await notes.accept(ali, said, Place(job_id), at=self.ago(1.9))

    async def _announce(
        self,
        by: str,
        data: bytes,
        job_id: UUID,
        *,
        hours: float,
        came: float,
        kind: Kind = Kind.PHOTO,
        caption: str = "",
        late: bool = False,
    ) -> Photo:
        actor = self.people[by]
        item = SyncPhoto(
            id=new_id(),
            kind=kind,
            job_id=job_id,
            job_hint="",
            captured=Moment(self.ago(hours), 60),
            refs=(),
            caption=caption,
            phase=None,
            tags=(),
            position=None,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            mime="audio/wav" if kind is Kind.VOICE else "image/jpeg",
            duration_ms=4000 if kind is Kind.VOICE else None,
        )
        await photos.announce(actor, item, job_id=job_id, late=late, at=self.ago(came))
        return await self._known(actor, item.id)

    async def _store(self, by: str, photo: Photo, data: bytes, kind: FileType, *, came: float) -> Photo:
        actor, key = self.people[by], photos.storage_key(photo, kind.suffix)
        await self.services.storage.put(key, data, content_type=kind.mime)
        at = self.ago(came)
        await photos.add_original(actor, photo, key=key, sha256=photo.sha256, kind=kind, at=at)
        await renditions.render(self.services, actor.company_id, {"photo": str(photo.id)})
        return await self._known(actor, photo.id)

    async def _known(self, actor: Actor, photo_id: UUID) -> Photo:
        found = await photos_db.by_id(actor.company_id, photo_id)
        assert found is not None
        return found


def tone(*, seconds: int) -> bytes:
    """Return a quiet hum as a WAV file: a voice would have to be somebody's."""
    rate, made = 8000, io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        waves = (
            math.sin(math.tau * 220 * n / rate) * math.sin(math.pi * n / (rate * seconds))
            for n in range(rate * seconds)
        )
        file.writeframes(b"".join(struct.pack("<h", round(2500 * height)) for height in waves))
    return made.getvalue()
