"""The real application through its doors, for the model: phones, the office, the worker's queue, customers' screens."""

import hashlib
import io
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from server.actions.sessions import open_session
from server.db import companies, logbook, users
from server.db import tasks as table
from server.db.connect import open_database
from server.domain.logbook import broken_at, torn_at
from server.domain.sessions import SessionKind
from server.domain.users import Role
from server.imaging.box import ImageBox
from server.sandbox.customer import Customer
from server.worker.tasks import CHORES
from tests import factories
from tests.proofs.bringing import TUS, begin_headers
from tests.proofs.model import OFFICE
from tests.talks import Firm, open_firm

CANARY = b"Kanarienvogel"
COLOURS = ((220, 30, 30), (30, 200, 30), (40, 40, 220), (230, 220, 40), (30, 210, 210), (210, 40, 210))
ALI, JAN = "ali", "jan"
PETRA, OTTO = "petra", "otto"


def picture(content: int) -> bytes:
    """Return a small photo of one colour, with something in it that must stay in the house."""
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x010E] = CANARY.decode()
    Image.new("RGB", (24, 24), COLOURS[content]).save(out, "JPEG", exif=exif)
    return out.getvalue()


PICTURES = [picture(content) for content in range(len(COLOURS))]


def shown(data: bytes) -> int:
    """Return which photo a customer sees, by nothing but its pixels."""
    pixel = Image.open(io.BytesIO(data)).convert("RGB").getpixel((12, 12))
    assert isinstance(pixel, tuple)
    far = [sum(abs(one - other) for one, other in zip(pixel, colour, strict=True)) for colour in COLOURS]
    assert min(far) < 30, pixel
    return far.index(min(far))


@dataclass(slots=True)
class Doors:
    """Every door is used as the one named: "office", "ali", "jan"; `contacts` and `customers` are the server's ids."""

    firm: Firm
    people: dict[str, httpx.AsyncClient]
    contacts: dict[str, str]
    customers: dict[str, str]
    ids: dict[str, str]
    seen: dict[str, int | None] = field(default_factory=dict)
    """Which picture a message on a customer's screen shows, looked at once; `last` was `held` of so many (`counted`)."""
    counted: int = 0
    last: dict[str, tuple[str, str, int | None]] = field(default_factory=dict)

    # -- requests -------------------------------------------------------------------------------------------------

    async def status(self, who: str, method: str, path: str, **body: Any) -> int:
        return (await self.people[who].request(method, path, **body)).status_code

    async def got(self, who: str, path: str) -> Any:
        answer = await self.people[who].get(path)
        assert answer.status_code == 200, (path, answer.text)
        return answer.json()

    async def begin(self, who: str, ident: str, content: int) -> int:
        headers = begin_headers(ident, PICTURES[content], "image/jpeg")
        return await self.status(who, "POST", "/sync/blobs/", headers=headers)

    async def append(self, who: str, ident: str, data: bytes) -> httpx.Response:
        """Bring `data` from where the server stands."""
        http, path = self.people[who], f"/sync/blobs/{ident}"
        offset = (await http.head(path, headers=TUS)).headers["Upload-Offset"]
        words = {"Upload-Offset": offset, "Content-Type": "application/offset+octet-stream"}
        return await http.patch(path, content=data[int(offset) :], headers=TUS | words)

    # -- looks ----------------------------------------------------------------------------------------------------

    async def photos(self, who: str) -> dict[str, dict[str, Any]]:
        found = await self.got(who, "/api/v1/photos?limit=200")
        assert found["next"] is None
        return {one["id"]: one for one in found["items"]}

    async def have(self, who: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        answer = await self.people[who].post("/sync/have", json={"ids": list(ids)})
        assert answer.status_code == 200, answer.text
        items: dict[str, dict[str, Any]] = answer.json()["items"]
        return items

    async def questions(self) -> dict[str, dict[str, Any]]:
        found = await self.got(OFFICE, "/api/v1/questions?limit=200")
        assert found["next"] is None
        return {one["id"]: one for one in found["items"]}

    async def jobs(self, who: str) -> dict[str, tuple[str, str | None]]:
        """Return state and customer of each job this person is shown."""
        found: dict[str, tuple[str, str | None]] = {}
        for state in ("active", "done", "archived", "planned", "merged"):
            page = await self.got(who, f"/api/v1/jobs?state={state}&limit=200")
            found |= {one["id"]: (one["state"], one["customer"]) for one in page["items"]}
        return found

    async def book(self) -> Counter[str]:
        """Return how many lines of each verb the logbook has; its chain must hold to its head."""
        company = self.firm.company_id
        head, lines = await logbook.head(company), await logbook.chain(company, limit=100_000)
        assert broken_at(lines) is None
        assert torn_at(lines, head, reached=0, more=False) is None
        assert [line.seq for line in lines] == list(range(1, len(lines) + 1))
        return Counter(line.entry.verb for line in lines)

    # -- customers ------------------------------------------------------------------------------------------------

    def phone(self, person: str) -> Customer:
        return self.firm.sandbox.customer(person, "firm")

    async def held(self) -> dict[str, tuple[str, str, int | None]]:
        """Return what all customers have on their screens, by our name for it: (person, question, which picture)."""
        said = sum(len(self.phone(person).bubbles) for person in (PETRA, OTTO))
        if said != self.counted:
            self.counted, self.last = said, await self._held()
        return self.last

    async def _held(self) -> dict[str, tuple[str, str, int | None]]:
        page = await self.got(OFFICE, "/api/v1/messages?limit=200")
        assert page["next"] is None
        asked = {one["id"]: (one["question"], one["contact"]) for one in page["items"]}
        found = {}
        for person in (PETRA, OTTO):
            for bubble in self.phone(person).bubbles:
                if not bubble.from_firm:
                    continue
                assert bubble.opaque not in found, "the same message twice"
                question, contact = asked[bubble.opaque]
                assert contact == self.contacts[person], "it went to somebody else"
                if bubble.opaque not in self.seen:
                    self.seen[bubble.opaque] = self._picture(bubble.picture)
                found[bubble.opaque] = (person, question, self.seen[bubble.opaque])
        return found

    def _picture(self, name: str) -> int | None:
        if not name:
            return None
        data = self.firm.sandbox.whatsapp.files[name].data
        assert CANARY not in data and data not in PICTURES, "the original left the house"
        return shown(data)

    async def write(self, person: str, text: str) -> None:
        self.phone(person).write(text)
        await self._hear()

    async def tap(self, person: str, bubble_id: str, button_id: str) -> None:
        assert self.phone(person).tap(bubble_id, button_id)
        await self._hear()

    async def _hear(self) -> None:
        """Let the worker read what came, and nothing else."""
        await self.firm.sandbox.settle()
        await self._all_of("inbox.process")

    async def _all_of(self, kind: str) -> None:
        at = self.firm.clock.at
        for task in await table.claim("test", at=at, lease_s=600, limit=0, apart=kind, limit_apart=500):
            await self.firm.run(task)

    # -- the worker -----------------------------------------------------------------------------------------------

    async def work_a_little(self, number: int) -> None:
        """Do the next tasks that are due, one after the other; what only concerns photos is done already."""
        for kind in ("photo.render", "photo.released"):
            await self._all_of(kind)
        for _ in range(number):
            await self.firm.sandbox.settle()
            for task in await table.claim("test", at=self.firm.clock.at, lease_s=600, limit=1):
                await self.firm.run(task)

    async def work(self) -> None:
        """Do all that is due, and what the net below the queue finds four minutes later."""
        await self.firm.work()
        self.firm.clock.go(minutes=4)
        await CHORES["outbox.watch"].action(self.firm.services)
        await self.firm.work()


@asynccontextmanager
async def open_doors(folder: Path, images: ImageBox) -> AsyncIterator[Doors]:
    """Open a firm of an office, two workers and two customers, each with a telephone, on the empty database in a folder."""
    async with AsyncExitStack() as stack:
        database = await open_database(f"sqlite://{folder / 'zollstock.db'}")
        stack.push_async_callback(database.close)
        firm = await stack.enter_async_context(open_firm(database, folder))
        firm.services = replace(firm.services, images=images)
        firm.app.state.services = firm.services
        yield await _people(firm, stack)
        assert firm.failures == []


async def _people(firm: Firm, stack: AsyncExitStack) -> Doors:
    company = await companies.by_id(firm.company_id)
    assert company
    jan = await factories.user(company, Role.WORKER, "Jan Petersen")
    schulz = await factories.customer(firm.office, "Familie Schulz")
    otto = await factories.contact(firm.office, schulz, "Otto Schulz", "0151 98765432")
    firm.sandbox.add_person(OTTO, "Otto Schulz", otto.phone)
    people, ids = {}, {}
    for name, actor in ((OFFICE, firm.office), (ALI, firm.worker), (JAN, factories.acting(jan))):
        assert actor.id
        user = await users.by_id(firm.company_id, actor.id)
        assert user
        token = (await open_session(user, SessionKind.TOKEN, name, at=firm.clock.at)).token
        http = httpx.AsyncClient(
            transport=httpx.ASGITransport(firm.app),
            base_url="http://localhost:8000",
            headers={"Authorization": f"Bearer {token}", "Sec-Fetch-Site": "same-origin"},
        )
        people[name] = await stack.enter_async_context(http)
        ids[name] = str(actor.id)
    contacts = {PETRA: str(firm.contact.id), OTTO: str(otto.id)}
    customers = {"müller": str(firm.contact.customer_id), "schulz": str(schulz.id)}
    return Doors(firm, people, contacts, customers, ids)


def digest(content: int) -> str:
    return hashlib.sha256(PICTURES[content]).hexdigest()
