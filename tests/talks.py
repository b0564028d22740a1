"""A firm that talks: the application, the sandbox at the other end of the line, and a clock that both share."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
from starlette.applications import Starlette

from server.actions import channels, consents, customers, drafts, jobs, photos, releases, reviews
from server.app import create_app
from server.db import customers as customers_db
from server.db import messages as messages_db
from server.db import photos as photos_db
from server.db import questions as questions_db
from server.db import renditions
from server.db import tasks as table
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.accounts import Account
from server.domain.consents import Proof
from server.domain.customers import Contact, ContactDraft, CustomerDraft
from server.domain.evidence import Evidence
from server.domain.jobs import JobDraft
from server.domain.media import JPEG
from server.domain.messages import Message
from server.domain.photos import Photo, Rendition
from server.domain.questions import Question, QuestionDraft
from server.domain.reviews import Verdict
from server.domain.tasks import Later, Task, TaskState
from server.domain.users import Actor, Role
from server.domain.wordings import Topic
from server.ids import new_id
from server.imaging.box import ImageBox
from server.sandbox import Sandbox, Wire, create_sandbox
from server.sandbox.customer import Customer
from server.services import Secrets, Services
from server.settings import from_environment
from server.storage import open_storage
from server.storage.parts import Parts
from server.worker.tasks import TASKS
from tests.factories import Clock, acting, company, token, user
from tests.sites import photo_bytes, photo_item

TYPED = {
    "phone_number_id": "106540352242922",
    "access_token": "sandbox-token",
    "app_secret": "Geheim am Bau",
    "verify_token": "vereinbart",
}
PETRA = "+4915123456789"
# What is due within this time is due now: an account's pace lets a message wait for a moment.
SOON = timedelta(seconds=1.5)


@dataclass(slots=True)
class Firm:
    """`petra` is the customer's phone; nothing happens in the background: `work` does what is due.

    `fetchers` bring what a channel must ask for; `lines` are those of tests/talk/platforms.py; `closers` are called at the end.
    """

    services: Services
    app: Starlette
    sandbox: Sandbox
    clock: Clock
    office: Actor
    worker: Actor
    account: Account
    contact: Contact
    job: UUID
    tokens: Mapping[UUID, str]
    failures: list[BaseException] = field(default_factory=list)
    fetchers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    lines: dict[str, object] = field(default_factory=dict)
    closers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def company_id(self) -> UUID:
        return self.office.company_id

    @property
    def petra(self) -> Customer:
        return self.sandbox.customer("petra", "firm")

    def client(self, actor: Actor | None = None, **headers: str) -> httpx.AsyncClient:
        """Return a program's client (bearer); without an actor somebody from the street."""
        if actor and actor.id:
            headers["Authorization"] = f"Bearer {self.tokens[actor.id]}"
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", headers=headers)

    def browser(self, actor: Actor) -> httpx.AsyncClient:
        """Return a person's browser (cookie, same origin)."""
        assert actor.id
        cookies = {"zollstock": self.tokens[actor.id]}
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(
            transport=transport,
            base_url="http://localhost:8000",
            headers={"Sec-Fetch-Site": "same-origin"},
            cookies=cookies,
        )

    async def work(self, *, hours: float = 0) -> None:
        """Do everything that is due until nothing is left; with `hours` also what becomes due by then."""
        end = self.clock.at + max(timedelta(hours=hours), SOON)
        for _ in range(5000):
            await self.sandbox.settle()
            for fetch in self.fetchers:
                await fetch()
            due = await table.claim("test", at=self.clock.at, lease_s=600, limit=50)
            for task in due:
                await self.run(task)
            if due:
                continue
            coming = await table.next_due()
            if coming is None or coming > end:
                return
            self.clock.at = coming
        raise AssertionError("the work does not end")

    async def run(self, task: Task) -> None:
        """Run one task the way the worker does; what it raises is kept in `failures`."""
        assert task.company_id
        at = self.clock.at
        try:
            await TASKS[task.kind].action(self.services, task.company_id, task.payload)
        except Later as later:
            run_at = at + timedelta(seconds=later.after_s)
            await table.settle(task, TaskState.READY, at=at, run_at=run_at)
        except Exception as failure:
            self.failures.append(failure)
            dead = task.attempts >= TASKS[task.kind].max_attempts
            state = TaskState.DEAD if dead else TaskState.READY
            await table.settle(task, state, at=at, run_at=at + timedelta(seconds=30), error=str(failure))
        else:
            await table.settle(task, TaskState.DONE, at=at)

    async def photo(self, seed: int = 1, *, released: bool = True, job: UUID | None = None) -> Photo:
        """Return a stored photo of the job with its outgoing copy, so that no test has to render."""
        data = photo_bytes(seed=seed)
        item = photo_item(data, job=str(job or self.job))
        await photos.announce(self.worker, item, job_id=job or self.job, at=self.clock.at)
        announced = await self.photo_now(item.id)
        key = photos.storage_key(announced, "jpg")
        await self.services.storage.put(key, data, content_type="image/jpeg")
        await photos.add_original(
            self.worker, announced, key=key, sha256=item.sha256, kind=JPEG, at=self.clock.at
        )
        await self._copy(announced, data)
        if released:
            stored = await self.photo_now(item.id)
            await reviews.decide(self.office, stored, verdict=Verdict.RELEASED, note="", at=self.clock.at)
        await self._forget_rendering()
        return await self.photo_now(item.id)

    async def _copy(self, photo: Photo, data: bytes) -> None:
        digest = hashlib.sha256(data).hexdigest()
        key = photos.storage_key(photo, f"outgoing-{digest[:8]}.jpg")
        await self.services.storage.put(key, data, content_type="image/jpeg")
        await keep_copy(photo, Rendition("outgoing", key, "image/jpeg", 4, 3, len(data), digest))

    async def _forget_rendering(self) -> None:
        for task in await table.claim("test", at=self.clock.at, lease_s=600, limit=50):
            state = TaskState.DONE if task.kind == "photo.render" else TaskState.READY
            await table.settle(task, state, at=self.clock.at)

    async def photo_now(self, photo_id: UUID) -> Photo:
        found = await photos_db.by_id(self.company_id, photo_id)
        assert found
        return found

    async def consent(self) -> None:
        await consents.grant(
            self.office,
            self.contact,
            Topic("whatsapp"),
            Evidence(Proof.SPOKEN, "am Telefon zu Sabine Koch"),
            at=self.clock.at,
        )

    async def hello(self) -> None:
        """Let the customer write first: consent by deed, and an open window."""
        self.petra.write("Guten Tag")
        await self.work()

    async def ask(
        self, *shown: Photo, choices: Sequence[str] = ("Hellgrau", "Anthrazit"), **given: Any
    ) -> Question:
        """Ask as the worker; it waits for its release."""
        return await drafts.ask(
            given.pop("actor", self.worker),
            self.job,
            QuestionDraft(given.pop("text", "Welche Fuge?"), choices, [photo.id for photo in shown], **given),
            question_id=new_id(),
            at=self.clock.at,
        )

    async def release(self, question: Question, channel: str = "", *, photos_too: bool = False) -> Question:
        return await releases.release(
            self.office,
            await self.now(question),
            photos_too=photos_too,
            channel=channel,
            at=self.clock.at,
        )

    async def now(self, question: Question) -> Question:
        found = await questions_db.by_id(self.company_id, question.id)
        assert found
        return found

    async def said(self, question: Question) -> list[Message]:
        return await messages_db.of_question(self.company_id, question.id)

    def on_phone(self) -> list[str]:
        """Return what the customer has on his screen from us, each by our own name for it."""
        return [bubble.opaque for bubble in self.petra.bubbles if bubble.from_firm]


@atomic
async def keep_copy(photo: Photo, made: Rendition) -> None:
    await renditions.insert_rendition(photo.company_id, photo.id, made)


@asynccontextmanager
async def open_firm(database: Database, folder: Path, *, seed: int = 1) -> AsyncIterator[Firm]:
    """Fill an empty database with a firm that has WhatsApp, a customer and a job."""
    clock = Clock()
    sandbox = create_sandbox(deliver=lambda *post: deliver(*post), clock=lambda: clock.at, seed=seed)
    settings = replace(
        from_environment({}, data=folder),
        graph_base="http://sandbox/graph",
        telegram_base="http://sandbox/telegram",
    )
    http = httpx.AsyncClient(transport=Wire(sandbox.app))
    services = Services(
        settings=settings,
        database=database,
        storage=open_storage(folder / "photos"),
        parts=Parts(folder / "parts"),
        images=ImageBox(),
        http=http,
        clock=clock,
        secrets=Secrets(b"k" * 32),
    )
    app = create_app(settings)
    app.state.services = services
    door = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://localhost:8000")

    async def deliver(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        return (await door.post(path, content=body, headers=dict(headers))).status_code

    firm = await _people(services, app, sandbox, clock)
    try:
        yield firm
    finally:
        await sandbox.settle()
        for close in firm.closers:
            await close()
        await door.aclose()
        await http.aclose()
        await services.images.close()


async def _people(services: Services, app: Starlette, sandbox: Sandbox, clock: Clock) -> Firm:
    ours = await company()
    people = [await user(ours, Role.ADMIN, "Sabine Koch"), await user(ours, Role.WORKER, "Ali Demir")]
    office, worker = acting(people[0]), acting(people[1])
    tokens = {one.id: await token(one) for one in people}
    account = await channels.set_up(services, office, "whatsapp", label="", typed=TYPED, at=clock.at)
    draft = ContactDraft("Petra Müller", "0151 23456789")
    customer = await customers.create(office, CustomerDraft("Familie Müller"), [draft], at=clock.at)
    contact = (await customers_db.contacts_of(ours.id, customer.id))[0]
    job = await jobs.open_job(
        office, JobDraft("Bad Müller", customer_id=customer.id, contact_id=contact.id), at=clock.at
    )
    sandbox.add_account(
        "firm",
        name="Fliesen Berger",
        own_id=TYPED["phone_number_id"],
        display="+4922112345678",
        token=TYPED["access_token"],
        secret=TYPED["app_secret"],
        hook_path=f"/hooks/whatsapp/{account.id}",
    )
    sandbox.add_person("petra", "Petra Müller", PETRA)
    return Firm(services, app, sandbox, clock, office, worker, account, contact, job.id, tokens)
