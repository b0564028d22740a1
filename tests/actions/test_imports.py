"""An exported chat becomes messages and photos once, whatever is repeated or killed, and proves nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from server.actions import import_runs, imports, mergers, sweep, trash
from server.actions.conversations import keep as kept
from server.actions.gate import acquaint
from server.db import consents, conversations, logbook, photos
from server.db import imports as imports_db
from server.db import jobs as jobs_db
from server.db import tasks as table
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.customers import Contact
from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.imports.chat_import import ChatImport, ImportState
from server.domain.imports.export import Order
from server.domain.imports.plan import Person, Plan, Span
from server.domain.media import Medium
from server.domain.messages import Direction, Message, MessageState
from server.domain.photos import Source
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services
from tests import factories, looks
from tests.domain.chats import Form, Wrote, packed, written
from tests.sites import AT, Site, build, photo_bytes

BERLIN = ZoneInfo("Europe/Berlin")
FIRST = datetime(2026, 9, 1, 10, 0, tzinfo=BERLIN)
ALL = (date(2026, 9, 1), date(2026, 9, 30))
VOICE = b"OggS" + b"\0" * 60


@dataclass(frozen=True, slots=True)
class House:
    site: Site
    petra: Contact

    @property
    def services(self) -> Services:
        return self.site.services

    @property
    def office(self) -> Actor:
        return self.site.office

    @property
    def company_id(self) -> UUID:
        return self.site.office.company_id

    def plan(self, *spans: Span, **people: Person) -> Plan:
        known = people or {
            "a": Person("Petra", contact_id=self.petra.id),
            "b": Person("Ali", user_id=self.site.worker.id),
        }
        return Plan(tuple(known.values()), spans or (Span(*ALL, self.site.job),))

    async def receive(self, data: bytes, name: str = "WhatsApp Chat mit Petra.zip") -> ChatImport:
        return await imports.receive(self.services, self.office, name, pieces(data), at=AT)

    async def bring(self, data: bytes, plan: Plan | None = None) -> ChatImport:
        chat = await self.receive(data)
        await imports.begin(self.office, chat, plan or self.plan(), at=AT)
        await self.run(chat)
        return await self.now(chat)

    async def run(self, chat: ChatImport) -> None:
        await import_runs.run(self.services, self.company_id, {"import": str(chat.id)})

    async def now(self, chat: ChatImport) -> ChatImport:
        found = await imports_db.by_id(self.company_id, chat.id)
        assert found
        return found

    async def said(self) -> list[Message]:
        page = await looks.of_job(self.company_id, self.site.job)
        return sorted(page, key=lambda one: (one.at, one.text))


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    site = await build(database, tmp_path)
    customer = await factories.customer(site.office)
    yield House(site, await factories.contact(site.office, customer))
    await site.services.images.close()
    await site.services.http.aclose()


async def pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1000):
        yield data[start : start + 1000]


def conversation(number: int = 6) -> list[Wrote]:
    """Return a chat of Petra and Ali with a photo, a voice note, a plan, a missing file and one left out."""
    said = [
        Wrote(FIRST, "Petra", "Wann kommt ihr?"),
        Wrote(FIRST + timedelta(hours=1), "Ali", "Morgen um 8", edited=True),
        Wrote(FIRST + timedelta(hours=2), "Petra", "Der Riss", file="IMG-20260901-WA0001.jpg"),
        Wrote(FIRST + timedelta(hours=3), "Ali", file="PTT-20260901-WA0002.opus"),
        Wrote(FIRST + timedelta(hours=4), "Petra", file="Grundriss.pdf"),
        Wrote(FIRST + timedelta(hours=5), "Petra", file="IMG-20260901-WA0009.jpg"),
        Wrote(FIRST + timedelta(hours=6), "Petra", kind="omitted"),
    ]
    more = (Wrote(FIRST + timedelta(days=1, minutes=one), "Petra", f"Frage {one}") for one in range(number))
    return [*said, *more]


def archive(said: list[Wrote], files: dict[str, bytes] | None = None, form: Form | None = None) -> bytes:
    return packed(written(form or Form(), said), files or {})


def whole(number: int = 6) -> bytes:
    files = {
        "IMG-20260901-WA0001.jpg": photo_bytes(seed=7),
        "PTT-20260901-WA0002.opus": VOICE,
        "Grundriss.pdf": b"%PDF-1.7",
        "STK-1.webp": b"RIFF0000WEBP",
    }
    return archive(conversation(number), files)


async def test_what_is_shown_before_anything_comes_in(house: House) -> None:
    chat = await house.receive(whole())
    shown = chat.preview
    assert chat.state is ImportState.READ and await house.said() == []
    assert [tuple(one) for one in shown.people] == [("Petra", 11), ("Ali", 2)]
    assert (shown.messages, shown.system, shown.files, shown.lacking) == (13, 1, 3, 1)
    assert (shown.omitted, shown.idle, shown.unsure, shown.cut) == (1, 1, False, False)
    assert (shown.first, shown.last) == ("2026-09-01T10:00:00+02:00", "2026-09-02T10:05:00+02:00")
    kept = [part async for part in house.services.storage.get(chat.storage_key)]
    assert b"".join(kept) == whole()
    assert (await house.receive(whole())).id == chat.id
    assert len([key async for key in house.services.storage.list(str(house.company_id))]) == 1


async def test_messages_photos_and_voices_come_into_the_job(house: House) -> None:
    chat = await house.bring(whole())
    said = await house.said()
    assert chat.state is ImportState.DONE and len(said) == 13
    first, second, riss, voice, plan, lacking, omitted = said[:7]
    assert (first.direction, first.contact_id, first.state) == (
        Direction.IN,
        house.petra.id,
        MessageState.RECEIVED,
    )
    assert (second.direction, second.contact_id, second.text) == (
        Direction.OUT,
        house.petra.id,
        "Morgen um 8",
    )
    assert first.at == FIRST and first.seen_by_office_at == AT and first.account_id is None
    assert (riss.kind, riss.text, voice.kind, plan.kind) == ("image", "Der Riss", "audio", "text")
    assert plan.text == "[Grundriss.pdf]" and lacking.text == "[IMG-20260901-WA0009.jpg]"
    assert omitted.text == "[Medien ausgeschlossen]"
    assert riss.photo_id and voice.photo_id
    photo, clip = await photos.by_ids(house.company_id, [riss.photo_id, voice.photo_id])
    assert (photo.source, photo.contact_id, photo.author_id) == (Source.CHAT, house.petra.id, None)
    assert (photo.captured_at, photo.offset_min) == (FIRST + timedelta(hours=2), 120)
    assert (photo.caption, clip.medium) == ("Der Riss", Medium.AUDIO)
    kept = [part async for part in house.services.storage.get(photo.storage_key or "")]
    assert b"".join(kept) == photo_bytes(seed=7)
    assert chat.result == {
        "messages": 13, "known": 0, "photos": 2, "known_photos": 0, "damaged": 0, "left": 1,
    }  # fmt: skip
    drawn = [one for one in await table.claim("t", at=AT, lease_s=9, limit=50) if one.kind == "photo.render"]
    assert [one.payload["photo"] for one in drawn] == [str(photo.id)]
    verbs = [line.entry.verb for line in (await logbook.of_job(house.company_id, house.site.job)).items]
    assert verbs.count("import.done") == 1 and verbs.count("photo.received") == 2


async def test_it_proves_nothing_and_nobody_waits(house: House) -> None:
    await house.bring(whole())
    assert (await acquaint(house.company_id, house.petra.id)).wrote_at("whatsapp") is None
    assert await consents.of_contact(house.company_id, house.petra.id) == []
    assert await looks.unseen(house.company_id) == []
    assert (await looks.from_customers(house.company_id)) == []
    thread = await looks.thread_of(house.company_id, house.petra.id)
    said = await house.said()
    assert {one.conversation_id for one in said} == {thread.id} and {one.verified for one in said} == {False}
    assert thread.waiting_since is None and thread.last_at == said[-1].at
    await atomic(conversations.set_waiting_anew)(house.company_id, thread.id)
    assert await looks.number_waiting(house.company_id) == 0


async def test_who_waits_is_not_answered_by_a_text_file(house: House) -> None:
    """A real message waits; a chat that claims an answer was given later does not change that."""
    heard = Message(
        id=new_id(), company_id=house.company_id, contact_id=house.petra.id, job_id=None, question_id=None,
        account_id=None, photo_id=None, channel="link", direction=Direction.IN, kind="text", text="Hallo?",
        state=MessageState.RECEIVED, at=FIRST, created_at=FIRST, changed_at=FIRST,
    )  # fmt: skip
    await atomic(kept)(heard)
    await house.bring(whole())
    thread = await looks.thread_of(house.company_id, house.petra.id)
    await atomic(conversations.set_waiting_anew)(house.company_id, thread.id)
    assert await looks.number_waiting(house.company_id) == 1


async def test_once_more_brings_nothing_twice(house: House) -> None:
    chat = await house.bring(whole())
    await house.run(chat)
    again = await house.bring(whole())
    assert again.id != chat.id and again.result["messages"] == 0 and again.result["known"] == 13
    assert (again.result["photos"], again.result["known_photos"]) == (0, 2)
    # A month later the chat is longer, its file another one: only what is new comes in.
    longer = await house.bring(whole(number=9))
    assert (longer.result["messages"], longer.result["known"]) == (3, 13)
    assert len(await house.said()) == 16


async def test_the_same_words_in_another_chat_are_other_messages(house: House) -> None:
    ok = [Wrote(FIRST, "Petra", "Passt die Farbe?"), Wrote(FIRST, "Ali", "OK"), Wrote(FIRST, "Ali", "OK")]
    other = [Wrote(FIRST, "Petra", "Passt die Fuge?"), Wrote(FIRST, "Ali", "OK")]
    await house.bring(archive(ok))
    assert (await house.bring(archive(other))).result["messages"] == 2
    assert [one.text for one in await house.said()].count("OK") == 3


async def test_killed_anywhere_it_ends_the_same(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_runs, "PORTION", 3)
    chat = await house.receive(whole())
    await imports.begin(house.office, chat, house.plan(), at=AT)
    put, calls = house.services.storage.put, 0

    class Dying:
        """The storage whose process dies at the second file, then at the next portion."""

        def __getattr__(self, name: str) -> object:
            return getattr(house.services.storage, name)

        async def put(self, *args: object, **named: object) -> object:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise ConnectionError("killed")
            return await put(*args, **named)  # type: ignore[arg-type]

    broken = replace(house.services, storage=Dying())  # type: ignore[arg-type]
    with pytest.raises(ConnectionError):
        await import_runs.run(broken, house.company_id, {"import": str(chat.id)})
    assert (await house.now(chat)).state is ImportState.RUNNING and 0 < len(await house.said()) < 13
    await house.run(chat)
    done = await house.now(chat)
    assert (done.state, done.result["messages"], done.result["photos"]) == (ImportState.DONE, 13, 2)
    assert len(await house.said()) == 13


async def test_days_belong_to_jobs_and_the_rest_stays_out(house: House) -> None:
    other = await factories.job(house.office, "Küche")
    spans = (
        Span(date(2026, 9, 1), date(2026, 9, 1), house.site.job),
        Span(date(2026, 9, 2), date(2026, 9, 2), other.id),
    )
    said = [*conversation(2), Wrote(FIRST + timedelta(days=3), "Petra", "später")]
    chat = await house.bring(archive(said), house.plan(*spans))
    assert chat.result["messages"] == 9 and len(await house.said()) == 7
    there = await looks.of_job(house.company_id, other.id)
    assert {one.text for one in there} == {"Frage 0", "Frage 1"}


async def test_whose_name_is_not_taken_over_says_nothing(house: House) -> None:
    only = house.plan(a=Person("Ali", user_id=house.site.worker.id), b=Person("Petra"))
    chat = await house.bring(whole(), only)
    assert chat.result["messages"] == 2
    assert {one.contact_id for one in await house.said()} == {None}


async def test_a_photo_that_is_here_is_not_kept_twice(house: House) -> None:
    await house.bring(whole())
    said = [Wrote(FIRST + timedelta(days=5), "Petra", "Noch mal", file="IMG-1.jpg")]
    chat = await house.bring(archive(said, {"IMG-1.jpg": photo_bytes(seed=7)}))
    assert (chat.result["photos"], chat.result["known_photos"]) == (0, 1)
    again, first = (await house.said())[-1], (await house.said())[2]
    assert again.photo_id == first.photo_id and again.text == "Noch mal"


async def test_damaged_and_false_files_are_counted_and_the_rest_comes_in(house: House) -> None:
    said = [
        Wrote(FIRST, "Petra", file="IMG-1.jpg"),
        Wrote(FIRST, "Petra", file="IMG-2.jpg"),
        Wrote(FIRST, "Petra", "Hallo"),
    ]
    files = {"IMG-1.jpg": photo_bytes(), "IMG-2.jpg": b"<svg onload=alert(1)>"}
    data = archive(said, files)
    head = data.index(b"IMG-1.jpg") + len("IMG-1.jpg")
    chat = await house.bring(data[: head + 40] + bytes([data[head + 40] ^ 255]) + data[head + 41 :])
    assert (chat.result["messages"], chat.result["photos"]) == (3, 0)
    assert (chat.result["damaged"], chat.result["left"]) == (1, 1)


async def test_taken_back_with_photos_are_only_its_own_that_nobody_else_shows(house: House) -> None:
    """Two chats show one picture, forwarded: it belongs to the one that brought it, and stays while the other shows it."""
    picture = {"IMG-1.jpg": photo_bytes(seed=5)}
    later = FIRST + timedelta(days=3)
    first = await house.bring(archive([Wrote(FIRST, "Petra", file="IMG-1.jpg")], picture))
    second = await house.bring(archive([Wrote(later, "Petra", file="IMG-1.jpg")], picture))
    assert second.result["known_photos"] == 1
    [shown] = {one.photo_id for one in await house.said()}
    assert shown
    gone = await imports.take_back(house.office, second, with_photos=True, at=AT)
    assert (gone.messages, gone.photos) == (1, 0)
    assert await photos.by_id(house.company_id, shown)
    second = await house.bring(archive([Wrote(later, "Petra", file="IMG-1.jpg")], picture))
    gone = await imports.take_back(house.office, first, with_photos=True, at=AT)
    assert (gone.messages, gone.photos) == (1, 0)
    assert await photos.by_id(house.company_id, shown)


async def test_taken_back_are_its_messages_and_only_those(house: House) -> None:
    chat = await house.bring(whole())
    await house.bring(archive([Wrote(FIRST + timedelta(days=6), "Petra", "bleibt")]))
    gone = await imports.take_back(house.office, chat, with_photos=False, at=AT)
    assert (gone.messages, gone.photos) == (13, 0)
    assert [one.text for one in await house.said()] == ["bleibt"]
    after = await house.now(chat)
    assert after.state is ImportState.TAKEN_BACK and after.storage_key
    with pytest.raises(Conflict):
        await imports.take_back(house.office, chat, with_photos=False, at=AT)
    await house.run(chat)
    assert len(await house.said()) == 1
    lines = [line.entry for line in (await logbook.of_job(house.company_id, house.site.job)).items]
    assert [one.data["messages"] for one in lines if one.verb == "import.taken_back"] == [13]
    # What was taken back may come again.
    assert (await house.bring(whole())).result["messages"] == 13


async def test_photos_go_along_only_when_told_and_unjudged(house: House) -> None:
    chat = await house.bring(whole())
    gone = await imports.take_back(house.office, chat, with_photos=True, at=AT)
    assert gone.photos == 2
    again = await house.bring(whole())
    assert (again.result["messages"], again.result["photos"]) == (13, 2)


async def test_a_photo_in_the_trash_stays_there(house: House) -> None:
    chat = await house.receive(whole())
    await imports.begin(house.office, chat, house.plan(), at=AT)
    await house.run(chat)
    riss = (await house.said())[2]
    photo = await photos.by_id(house.company_id, riss.photo_id or house.company_id)
    assert photo
    await trash.delete(house.office, photo, at=AT)
    await imports_db_running(chat)
    await house.run(chat)
    assert await photos.by_id(house.company_id, photo.id) is None


async def imports_db_running(chat: ChatImport) -> None:
    """Put an import back to running, as after a crash right before its end."""
    await atomic(imports_db.set_state)(
        chat.company_id, chat, ImportState.RUNNING, only_from=[ImportState.DONE], plan=chat.plan
    )


async def test_an_unwanted_chat_leaves_nothing(house: House) -> None:
    chat = await house.receive(whole())
    await imports.discard(house.services, house.office, chat, at=AT)
    assert [key async for key in house.services.storage.list(str(house.company_id))] == []
    assert (await imports_db.of_company(house.company_id)).items == []
    with pytest.raises(Conflict):
        await imports.begin(house.office, chat, house.plan(), at=AT)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"Hallo Welt", "import.not_a_chat"),
        (b"PK\x03\x04" + b"x" * 99, "import.broken"),
        (b"", "import.not_a_chat"),
    ],
)
async def test_what_is_no_chat_is_not_kept(house: House, data: bytes, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        await house.receive(data)
    assert refused.value.code == code
    assert [key async for key in house.services.storage.list(str(house.company_id))] == []


async def test_a_file_beyond_the_limit_is_cut_off_while_it_comes(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "FILE_MAX", 5000)
    with pytest.raises(Invalid) as refused:
        await house.receive(b"x" * 6000)
    assert refused.value.code == "import.too_large"
    assert [key async for key in house.services.storage.list(str(house.company_id))] == []


async def test_the_order_of_dates_is_a_persons_choice(house: House) -> None:
    form = Form(lang="en", sep="/", long_year=True)
    said = [Wrote(datetime(2026, 2, 1, 9, tzinfo=BERLIN), "Petra", "eins")]
    chat = await house.receive(archive(said, form=form))
    assert (chat.preview.order, chat.preview.unsure) == (Order.DAY, True)
    await imports.turn(house.services, house.office, chat, Order.MONTH)
    turned = await house.now(chat)
    assert (turned.preview.order, turned.preview.unsure) == (Order.MONTH, False)
    days = date(2026, 1, 2), date(2026, 1, 2)
    await imports.begin(house.office, turned, house.plan(Span(*days, house.site.job)), at=AT)
    await house.run(turned)
    assert [one.at for one in await house.said()] == [datetime(2026, 1, 2, 8, tzinfo=UTC)]


async def test_only_the_office_and_only_its_own(house: House) -> None:
    chat = await house.receive(whole())
    with pytest.raises(Forbidden):
        await imports.receive(house.services, house.site.worker, "a.txt", pieces(b"x"), at=AT)
    foreign = house.plan(Span(*ALL, house.site.foreign_job))
    with pytest.raises(Invalid) as refused:
        await imports.begin(house.office, chat, foreign, at=AT)
    assert (refused.value.code, refused.value.field) == ("import.job_unknown", "job1")
    stranger = house.plan(a=Person("Petra", user_id=house.site.stranger.id))
    with pytest.raises(Invalid):
        await imports.begin(house.office, chat, stranger, at=AT)
    assert await imports_db.by_id(house.site.stranger.company_id, chat.id) is None


async def test_another_firms_import_of_the_same_file_is_its_own(house: House) -> None:
    await house.bring(whole())
    office = replace(house.site.stranger, role=house.office.role)
    theirs = await imports.receive(house.services, office, "a.zip", pieces(whole()), at=AT)
    plan = Plan((Person("Ali", user_id=house.site.stranger.id),), (Span(*ALL, house.site.foreign_job),))
    await imports.begin(office, theirs, plan, at=AT)
    await import_runs.run(house.services, office.company_id, {"import": str(theirs.id)})
    done = await imports_db.by_id(office.company_id, theirs.id)
    assert done and done.result["messages"] == 2


async def test_a_job_that_was_merged_meanwhile_gets_them_in_its_new_place(house: House) -> None:
    old = await factories.job(house.office, "Doppelt")
    chat = await house.receive(whole())
    await imports.begin(house.office, chat, house.plan(Span(*ALL, old.id)), at=AT)
    await mergers.merge(house.office, old, house.site.job, at=AT)
    await house.run(chat)
    assert len(await house.said()) == 13
    assert await jobs_db.current(house.company_id, old.id)


async def test_the_sweep_knows_the_file(house: House) -> None:
    chat = await house.bring(whole())
    late = replace(house.services, clock=lambda: AT + timedelta(days=90))
    found = await sweep.sweep(late)
    assert found.strays == () and await house.services.storage.head(chat.storage_key)
