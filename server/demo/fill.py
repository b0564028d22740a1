"""Fills a new demo company through the same actions that people use, so that its history is a true one."""

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

from server.actions import (
    companies,
    consents,
    customers,
    drafts,
    jobs,
    notes,
    photos,
    quick_replies,
    reviews,
    sessions,
    stickers,
    users,
)
from server.actions import renditions as rendering
from server.db import companies as companies_db
from server.db import customers as customers_db
from server.db import photos as photos_db
from server.db import users as users_db
from server.demo.afterwards import tell_what_came_later
from server.demo.cast import ASKS, CLIENTS, COMPANY, JOBS, NOTES, PEOPLE, PROFILE, QUICK_REPLIES, SHOTS, Shot
from server.demo.lines import connect_missing
from server.demo.phones import bring_phones
from server.domain.companies import Company
from server.domain.consents import Proof
from server.domain.customers import ContactDraft, CustomerDraft
from server.domain.evidence import Evidence
from server.domain.items import Kind, Moment, SyncPhoto, SyncQuestion
from server.domain.jobs import JobDraft, JobState, JobStep
from server.domain.media import JPEG
from server.domain.photos import Phase
from server.domain.reviews import Verdict
from server.domain.users import Actor, Role, User, system
from server.domain.wordings import Topic
from server.ids import new_id
from server.services import Services
from server.web import static

BERLIN = ZoneInfo("Europe/Berlin")
PHOTOS = Path(__file__).parent / "photos"
Say = Callable[[str], None]


def working_hour(now: datetime) -> datetime:
    """Return the moment "just now" is in the story: at night it is the last afternoon, nobody tiles at midnight."""
    here = now.astimezone(BERLIN)
    if 9 <= here.hour < 18:
        return now
    day = here if here.hour >= 18 else here - timedelta(days=1)
    return day.replace(hour=16, minute=40).astimezone(UTC)


async def fill(services: Services, *, say: Say) -> list[str]:
    """Fill the company once and return the lines that show the ways in; links are new at each start."""
    company = await companies_db.by_name_or_id(COMPANY)
    if company is None:
        company = await _Filling(services, say).company()
    else:
        await connect_missing(services, system(company.id), at=services.clock())
    return await ways_in(services, company)


async def ways_in(services: Services, company: Company) -> list[str]:
    """Return the address, two sign-in links and the customer's phone."""
    base = services.settings.base_url
    lines = [f"Adresse:        {base}"]
    for label, login in (("Büro:          ", "sabine"), ("Monteur:       ", "ali")):
        found = await users_db.by_login(login)
        assert found is not None, "the demo's people are there"
        token = await sessions.make_link(system(company.id), found, at=services.clock())
        lines.append(f"{label} {base}/link/{token}")
    for contact, _ in await customers_db.contacts(company.id):
        lines.append(f"Kundenhandy:    {base}/sandbox/phone/{contact.id}  ({contact.name})")
    return lines


class _Filling:
    """One filling; keeps what was made under the cast's short names."""

    def __init__(self, services: Services, say: Say) -> None:
        self.services = services
        self.say = say
        self.now = working_hour(services.clock())
        self.people: dict[str, Actor] = {}
        self.users: dict[str, User] = {}
        self.contacts: dict[str, UUID] = {}
        self.jobs: dict[str, UUID] = {}
        self.photos: dict[str, UUID] = {}

    def ago(self, hours: float) -> datetime:
        return self.now - timedelta(hours=hours)

    async def company(self) -> Company:
        company = await companies.found(COMPANY, at=self.ago(600))
        await self._people(company)
        await companies.change(self.people["martin"], company, PROFILE, at=self.ago(599))
        self.say("Betrieb und Mitarbeiter")
        await connect_missing(self.services, self.people["martin"], at=self.ago(598))
        await self._clients()
        for title, text in QUICK_REPLIES:
            await quick_replies.write(self.people["sabine"], title, text, at=self.ago(540))
        await self._jobs()
        self.say("Kunden, Aufträge und Einwilligungen")
        for place, shot in enumerate(SHOTS, 1):
            await self._shot(shot)
            if place % 4 == 0:
                self.say(f"{place} von {len(SHOTS)} Fotos")
        await self._notes()
        await self._questions()
        self.say("Rückfragen und Logbuch")
        await tell_what_came_later(self.services, self.people, self.jobs, self.ago)
        await bring_phones(self.people, self.jobs, self.ago, version=static.load().version)
        return company

    async def _people(self, company: Company) -> None:
        for person in PEOPLE:
            user = await users.invite(
                system(company.id), login=person.login, name=person.name, role=person.role, at=self.ago(599.5)
            )
            self.users[person.login] = user
            self.people[person.login] = Actor(user.id, company.id, person.name, Role(person.role))

    async def _clients(self) -> None:
        sabine = self.people["sabine"]
        for client in CLIENTS:
            draft = CustomerDraft(client.name, "", client.street, client.postcode, client.city)
            person = ContactDraft(client.contact, client.phone, client.email)
            customer = await customers.create(sabine, draft, [person], at=self.ago(550))
            contact = (await customers_db.contacts_of(customer.company_id, customer.id))[0]
            self.contacts[client.key] = contact.id
            await customers.prefer(sabine, contact, client.apps[0], at=self.ago(549))
            for channel, how in client.consents:
                said = Evidence(Proof.SPOKEN, how)
                await consents.grant(sabine, contact, Topic(channel), said, at=self.ago(420))

    async def _jobs(self) -> None:
        sabine = self.people["sabine"]
        for work in JOBS:
            contact = await customers_db.contact_by_id(sabine.company_id, self.contacts[work.client])
            assert contact is not None
            draft = JobDraft(
                work.title, "", work.street, work.postcode, work.city, contact.customer_id, contact.id
            )
            members = [self.users[login].id for login in work.members]
            job = await jobs.open_job(sabine, draft, member_ids=members, at=self.ago(work.ago_h))
            if job.state is JobState.PLANNED:
                await jobs.step(sabine, job, JobStep.START, at=self.ago(work.ago_h - 1))
            self.jobs[work.key] = job.id
            await stickers.make(sabine, job, renew=False, at=self.ago(work.ago_h - 1))

    async def _shot(self, shot: Shot) -> None:
        """Bring one photo the way a phone's photo comes: announced, bytes stored, committed, rendered."""
        actor, data = self.people[shot.by], (PHOTOS / f"{shot.file}.jpg").read_bytes()
        item = SyncPhoto(
            id=new_id(),
            kind=Kind.PHOTO,
            job_id=self.jobs.get(shot.job or ""),
            job_hint="",
            captured=Moment(self.ago(shot.ago_h), 60),
            refs=(),
            caption=shot.caption,
            phase=Phase(shot.phase),
            tags=shot.tags,
            position=None,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            mime="image/jpeg",
        )
        at = self.ago(shot.ago_h - 0.05)
        await photos.announce(actor, item, job_id=item.job_id, at=at)
        photo = await photos_db.by_id(actor.company_id, item.id)
        assert photo is not None
        key = photos.storage_key(photo, "jpg")
        await self.services.storage.put(key, data, content_type="image/jpeg")
        await photos.add_original(actor, photo, key=key, sha256=item.sha256, kind=JPEG, at=at)
        await rendering.render(self.services, actor.company_id, {"photo": str(item.id)})
        self.photos[shot.file] = item.id
        if shot.released:
            stored = await photos_db.by_id(actor.company_id, item.id)
            assert stored is not None
            await reviews.decide(
                self.people["sabine"],
                stored,
                verdict=Verdict.RELEASED,
                note="",
                at=self.ago(shot.ago_h - 0.3),
            )

    async def _notes(self) -> None:
        for job, by, hours, text in NOTES:
            await notes.write(self.people[by], job_id=self.jobs[job], text=text, at=self.ago(hours))

    async def _questions(self) -> None:
        """Ask them; what was sent leaves when the sandbox is up (server/demo/stage.py)."""
        for ask in ASKS:
            item = SyncQuestion(
                id=new_id(),
                kind=Kind.QUESTION,
                job_id=self.jobs[ask.job],
                job_hint="",
                captured=Moment(self.ago(ask.ago_h), 60),
                refs=tuple(self.photos[file] for file in ask.photos),
                text=ask.text,
                choices=ask.choices,
            )
            await drafts.accept(self.people[ask.by], item, job_id=item.job_id, at=self.ago(ask.ago_h))
