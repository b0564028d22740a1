"""The first hours of a new demo: customers write, the office answers, all of it through the real doors."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID
from zoneinfo import ZoneInfo

from server.actions import invites, labels, releases, speech
from server.db import conversations, correspondence, jobs, messages, users
from server.db import labels as labels_db
from server.db import questions as questions_db
from server.demo.cast import (
    ASKS,
    CLIENTS,
    DOUBT,
    JOBS,
    LABELLED,
    PEOPLE,
    STRANGER,
    TALKS,
    TOMORROW,
    Ask,
    Line,
)
from server.demo.fill import working_hour
from server.demo.handsets import STRANGER_KEY
from server.domain.accounts import Account
from server.domain.conversations import key_of_contact
from server.domain.customers import Contact
from server.domain.events import Status
from server.domain.messages import Direction
from server.domain.questions import Question, QuestionState
from server.domain.speeches import Speech
from server.domain.users import Actor
from server.ids import new_id
from server.sandbox import Fault
from server.sandbox.app import Sandbox
from server.sandbox.customer import Customer
from server.sandbox.messenger.platform import MessengerPlatform
from server.sandbox.telegram.platform import TelegramPlatform
from server.services import Services

log = logging.getLogger(__name__)
PHOTOS = Path(__file__).parent / "photos"
HERE = ZoneInfo("Europe/Berlin")
FIRST_HOUR = 7
PATIENCE_S, LOOK_S = 30.0, 0.2


class StoryClock:
    """The sandbox's clock; a customer's words may have been written a while ago."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.behind = timedelta()

    def __call__(self) -> datetime:
        return self._clock() - self.behind

    @contextmanager
    def ago(self, hours: float) -> Iterator[None]:
        """Let what the body does at once have happened so many hours ago, and not in the middle of the night."""
        self.behind = self._clock() - believable(self._clock(), hours) if hours else timedelta()
        try:
            yield
        finally:
            self.behind = timedelta()


class Story:
    """One telling. What one customer's part lacks never stops the others."""

    def __init__(
        self,
        services: Services,
        sandbox: Sandbox,
        clock: StoryClock,
        accounts: Sequence[Account],
        people: Sequence[Contact],
    ) -> None:
        self.services, self.sandbox, self.clock = services, sandbox, clock
        self.accounts = {account.kind: account for account in accounts}
        contacts = {contact.name: contact for contact in people}
        self.people = {
            client.key: contacts[client.contact] for client in CLIENTS if client.contact in contacts
        }

    async def tell(self) -> None:
        """Let a stranger write and every customer's part happen, one beside the other."""
        self.office = await self._office()
        self.jobs = await self._jobs()
        self._stranger()
        parts = [self._part(key) for key in self.people]
        for told in await asyncio.gather(*parts, return_exceptions=True):
            if isinstance(told, Exception):
                log.warning("a part of the demo's story is missing: %r", told)

    async def _part(self, key: str) -> None:
        lines = [line for line in TALKS if line.client == key and line.channel in self.accounts]
        first = lines[0].channel if lines else ""
        if first in ("telegram", "messenger"):
            await self._come_by_link(key, first)
        earlier = [line for line in lines if line.ago_h]
        for line in earlier:
            await self._hear(line)
        for ask in ASKS:
            if ask.sent and self._asks(ask) == key:
                await self._question(key, ask)
        for line in lines:
            if line.by_office:
                await self._say(line)
                await self._until(self._shown(line))
            elif line not in earlier:
                await self._hear(line)

        if key in LABELLED:
            await self._label(key, LABELLED[key])
        if key == TOMORROW.client:
            await self._say(TOMORROW, send_after=_tomorrow(self.services.clock()))
        if key == DOUBT.client:
            # The platform takes it and its answer is lost: nobody can know, so a human must look.
            self.sandbox.set_fault(f"{DOUBT.channel}.messages", Fault.RESET_AFTER)
            await self._say(DOUBT)

    async def _come_by_link(self, key: str, channel: str) -> None:
        """Let the customer open the link the office gave him: that says who he is, and begins the chat."""
        at = self.services.clock()
        link = await invites.invite(self.services, self.office, self.people[key], channel, at=at)
        word = link.partition("=")[2]
        customer, platform = self._customer(key, channel), self.sandbox.platforms[channel]
        with self.clock.ago(max(line.ago_h for line in TALKS if line.client == key) + 0.02):
            if isinstance(platform, TelegramPlatform):
                platform.start(customer.account, customer.person, word)
            else:
                cast(MessengerPlatform, platform).arrive(customer.account, customer.person, word)

        async def joined() -> bool:
            account = self.accounts[channel]
            contact = self.people[key].id
            return await correspondence.last_inbound_at(account.company_id, account.id, contact) is not None

        await self._until(joined)

    async def _hear(self, line: Line) -> None:
        customer = self._customer(line.client, line.channel)
        with self.clock.ago(line.ago_h):
            if line.file:
                customer.send_photo((PHOTOS / f"{line.file}.jpg").read_bytes(), "image/jpeg", line.text)
            else:
                customer.write(line.text)
        company_id, contact_id = self.office.company_id, self.people[line.client].id
        first = line.text.splitlines()[0]

        async def heard() -> bool:
            told = await messages.found(company_id, contact_id=contact_id, direction=Direction.IN)
            return any(first in message.text for message in told)

        await self._until(heard)

    async def _say(self, line: Line, *, send_after: datetime | None = None) -> None:
        said = Speech(
            intent=new_id(),
            contact_id=self.people[line.client].id,
            channel=line.channel,
            text=line.text,
            job_id=self.jobs.get(line.client),
            send_after=send_after,
        )
        await speech.say(self.office, said, at=self.services.clock())

    async def _question(self, key: str, ask: Ask) -> None:
        """Release a question, let the customer look at it and maybe tap."""
        question = await self._waiting(ask)
        if question is None:
            return
        at = self.services.clock()
        released = await releases.release(self.office, question, photos_too=True, at=at)
        if released.channel not in self.accounts:
            return
        customer = self._customer(key, released.channel)

        async def shown() -> bool:
            return any(bubble.from_firm and bubble.buttons for bubble in customer.bubbles)

        await self._until(shown)
        customer.look()
        asked = [bubble for bubble in customer.bubbles if bubble.from_firm and bubble.buttons][-1]
        for button, title in asked.buttons:
            if title == ask.answer:
                customer.tap(asked.id, button)

    async def _label(self, key: str, name: str) -> None:
        company_id, at = self.office.company_id, self.services.clock()
        known = [label.id for label in await labels_db.of_company(company_id) if label.name == name]
        thread = await conversations.by_key(company_id, key_of_contact(self.people[key].id))
        if thread is not None:
            await labels.put(self.office, thread, known, at=at)

    def _stranger(self) -> None:
        _, _, channel, words = STRANGER
        if channel in self.accounts and STRANGER_KEY in self.sandbox.world.people:
            self.sandbox.customer(STRANGER_KEY, str(self.accounts[channel].id)).write(words)

    def _customer(self, key: str, channel: str) -> Customer:
        return self.sandbox.customer(str(self.people[key].id), str(self.accounts[channel].id))

    def _asks(self, ask: Ask) -> str:
        return next(work.client for work in JOBS if work.key == ask.job)

    def _shown(self, line: Line) -> Callable[[], Awaitable[bool]]:
        customer = self._customer(line.client, line.channel)

        async def shown() -> bool:
            there = [bubble for bubble in customer.bubbles if bubble.from_firm and line.text in bubble.text]
            return any(bubble.status is not Status.ACCEPTED for bubble in there)

        return shown

    async def _jobs(self) -> dict[str, UUID]:
        """Return the job of each client, by the client's key."""
        found = await jobs.search(self.office.company_id, limit=100)
        by_title = {job.title: job.id for job in found.items}
        return {work.client: by_title[work.title] for work in JOBS if work.title in by_title}

    async def _waiting(self, ask: Ask) -> Question | None:
        company_id = self.office.company_id
        waiting = await questions_db.of_company(company_id, states=[QuestionState.WAITING_RELEASE])
        return next((question for question in waiting.items if question.text == ask.text), None)

    async def _office(self) -> Actor:
        login = next(person.login for person in PEOPLE if person.role == "office")
        found = await users.by_login(login)
        assert found is not None
        return Actor(found.id, found.company_id, found.name, found.role)

    async def _until(self, true: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something has happened; raises TimeoutError after a while."""
        for _ in range(int(PATIENCE_S / LOOK_S)):
            if await true():
                return
            await asyncio.sleep(LOOK_S)
        raise TimeoutError("the demo's story waits in vain")


def believable(now: datetime, hours: float) -> datetime:
    """Return so many hours before the story's now; what falls before seven is written between seven and eight."""
    at = (working_hour(now) - timedelta(hours=hours)).astimezone(HERE)
    if at.hour >= FIRST_HOUR:
        return at
    return at.replace(hour=FIRST_HOUR, minute=max(1, 55 - int(hours * 7)))


def _tomorrow(now: datetime) -> datetime:
    """Return seven o'clock of the next morning here."""
    day = now.astimezone(HERE).date() + timedelta(days=1)
    return datetime.combine(day, time(7), HERE)
