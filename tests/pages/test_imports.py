"""The office brings an exported chat in: upload, preview, decision, result, and back; nobody else sees any of it."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO
from uuid import UUID
from zoneinfo import ZoneInfo

import httpx
import pytest

from server.actions import import_runs
from server.db import imports
from server.domain.customers import Contact
from server.domain.imports.chat_import import ImportState
from server.domain.jobs import Job
from server.domain.users import Role
from tests import factories, looks
from tests.domain.chats import Form, Wrote, packed, written
from tests.pages.conftest import House
from tests.sites import photo_bytes

FIRST = datetime(2026, 9, 1, 10, 0, tzinfo=ZoneInfo("Europe/Berlin"))
SAID = [
    Wrote(FIRST, "Petra Müller", "Wann kommt ihr? <b>bald</b>"),
    Wrote(FIRST + timedelta(hours=1), "Ali", "Morgen"),
    Wrote(FIRST + timedelta(days=30), "Petra Müller", file="IMG-1.jpg"),
    Wrote(FIRST + timedelta(days=30, hours=1), "Petra Müller", kind="omitted"),
]


def archive(said: list[Wrote] = SAID, form: Form | None = None) -> bytes:
    return packed(written(form or Form(), said), {"IMG-1.jpg": photo_bytes()})


async def scene(house: House) -> tuple[Job, Contact]:
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office)
    contact = await factories.contact(office, customer)
    return await factories.job(office, "Bad OG", customer_id=customer.id), contact


async def upload(house: House, data: bytes, job: Job | None = None) -> httpx.Response:
    form = {"job": str(job.id)} if job else {}
    return await house.office.post("/imports", data=form, files={"file": ("Chat mit Petra.zip", data)})


def place(answer: httpx.Response) -> str:
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].partition("?")[0]


async def brought(house: House, path: str) -> None:
    """Let the worker's part be done: the one that runs beside the application may be quicker."""
    services = house.app.state.services
    await import_runs.run(services, house.company.id, {"import": path.rpartition("/")[2]})


async def test_from_the_file_to_the_job_and_back(house: House) -> None:
    job, contact = await scene(house)
    start = (await house.office.get(f"/jobs/{job.id}")).text
    assert f"/imports?job={job.id}" in start
    assert "Bad OG" in (await house.office.get(f"/imports?job={job.id}")).text
    sent = await upload(house, archive(), job)
    assert sent.headers["location"].endswith(f"?job={job.id}")
    path = place(sent)
    shown = (await house.office.get(sent.headers["location"])).text
    for words in (
        "Petra Müller", "3 Nachrichten", "Zu 1 Nachricht fehlt die Datei", "Wann kommt ihr?",
        "&lt;b&gt;bald", "steht nichts", "[Medien ausgeschlossen]",
    ):  # fmt: skip
        assert words in shown, words
    # Who has the contact's name is guessed, as is the worker by his first name; the whole time, the job one came from.
    assert f'<option value="contact:{contact.id}" selected>' in shown
    assert f'<option value="user:{house.users[Role.WORKER].id}" selected>' in shown
    assert f'<option value="{job.id}" selected>' in shown
    assert 'value="2026-09-01"' in shown and 'value="2026-10-01"' in shown
    people = re.findall(r'<option value="((?:user|contact):[^"]+)" selected>', shown)
    typed = {"person": people, "job1": str(job.id), "from1": "2026-09-01", "until1": "2026-10-01"}
    assert place(await house.office.post(f"{path}/decision", data=typed)) == path
    await brought(house, path)
    done = (await house.office.get(path)).text
    assert "4 Nachrichten übernommen" in done and "1 Foto oder Aufnahme" in done and contact.name in done
    timeline = (await house.office.get(f"/jobs/{job.id}/timeline?kind=messages")).text
    assert timeline.count("aus Chat-Export, nicht geprüft") == 4 and "Wann kommt ihr?" in timeline
    assert "aus Chat-Export, nicht geprüft" in (await house.worker.get(f"/jobs/{job.id}")).text
    assert "Wann kommt ihr?" not in (await house.office.get("/messages")).text
    file = await house.office.get(f"{path}/file")
    assert file.content == archive() and file.headers["content-disposition"].startswith("attachment;")
    assert "Chat mit Petra.zip" in (await house.office.get("/imports")).text
    assert place(await house.office.post(f"{path}/removal", data={"photos": "1"})) == path
    assert "Zurückgenommen" in (await house.office.get(path)).text
    assert (await looks.of_job(house.company.id, job.id)) == []
    logbook = (await house.office.get("/logbook")).text
    assert "nahm die Nachrichten aus einem exportierten Chat zurück" in logbook


async def test_a_wrong_decision_keeps_what_was_typed(house: House) -> None:
    job, contact = await scene(house)
    path = place(await upload(house, archive(), job))
    typed = {
        "person": [f"contact:{contact.id}", "skip"],
        "job1": str(job.id), "from1": "2026-09-05", "until1": "2026-09-10",
        "job2": str(job.id), "from2": "2026-09-09", "until2": "2026-09-20",
    }  # fmt: skip
    answer = await house.office.post(f"{path}/decision", data=typed)
    assert answer.status_code == 422 and "überschneidet sich" in answer.text
    assert f'<option value="contact:{contact.id}" selected>' in answer.text
    assert 'value="2026-09-20"' in answer.text
    nobody = typed | {"person": ["skip", "skip"], "job2": ""}
    answer = await house.office.post(f"{path}/decision", data=nobody)
    assert answer.status_code == 422 and "wer das ist" in answer.text
    without = {"person": typed["person"]}
    assert "mindestens einen Auftrag" in (await house.office.post(f"{path}/decision", data=without)).text
    assert (await house.office.post(f"{path}/decision", data=nobody | {"job1": "x"})).status_code == 422


async def test_the_dates_are_turned_round_where_the_file_does_not_tell(house: House) -> None:
    said = [Wrote(datetime(2026, 2, 1, 9, tzinfo=FIRST.tzinfo), "Petra", "Hallo")]
    form = Form(lang="en", sep="/", long_year=True)
    path = place(await upload(house, archive(said, form)))
    assert "Tag oder Monat zuerst?" in (await house.office.get(path)).text
    assert place(await house.office.post(f"{path}/order", data={"order": "month"})) == path
    turned = (await house.office.get(path)).text
    assert 'value="2026-01-02"' in turned and 'name="order" value="month"' in turned
    assert (await house.office.post(f"{path}/order", data={"order": "week"})).status_code == 422


async def test_a_decision_about_dates_that_were_turned_meanwhile_is_asked_again(house: House) -> None:
    """A second tab read them the other way round: the days typed here are others by now."""
    said = [Wrote(datetime(2026, 2, 1, 9, tzinfo=FIRST.tzinfo), "Petra", "Hallo")]
    path = place(await upload(house, archive(said, Form(lang="en", sep="/", long_year=True))))
    job, contact = await scene(house)
    shown = (await house.office.get(path)).text
    assert 'name="order" value="day"' in shown
    typed = {
        "order": "day", "person": [f"contact:{contact.id}"], "job1": str(job.id),
        "from1": "2026-02-01", "until1": "2026-02-01",
    }  # fmt: skip
    await house.office.post(f"{path}/order", data={"order": "month"})
    stale = await house.office.post(f"{path}/decision", data=typed)
    assert stale.status_code == 422 and "andersherum gelesen" in stale.text
    assert 'value="2026-01-02"' in stale.text and 'value="2026-02-01"' not in stale.text
    assert f'<option value="contact:{contact.id}" selected>' in stale.text
    fresh = typed | {"order": "month", "from1": "2026-01-02", "until1": "2026-01-02"}
    assert place(await house.office.post(f"{path}/decision", data=fresh)) == path


@pytest.mark.parametrize(
    ("data", "status", "words"),
    [
        (b"Hallo", 422, "kein exportierter WhatsApp-Chat"),
        (b"PK\x03\x04xxx", 422, "beschädigt"),
        (b"\xff\xd8\xff\xe0JFIF", 422, "kein exportierter WhatsApp-Chat"),
    ],
)
async def test_what_is_no_chat_ends_in_a_sentence(house: House, data: bytes, status: int, words: str) -> None:
    answer = await upload(house, data)
    assert answer.status_code == status and words in answer.text
    empty = await house.office.post("/imports", files={"file": ("", b"")})
    assert empty.status_code == 422 and "Bitte eine Datei wählen" in empty.text


async def test_a_full_disk_is_said_and_nothing_is_kept(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The device that is always full takes the form's overflow, as a full /tmp would."""

    def full(*_: object, **__: object) -> IO[bytes]:
        return Path("/dev/full").open("r+b", buffering=0)

    monkeypatch.setattr("tempfile.TemporaryFile", full)
    answer = await upload(house, b"PK\x03\x04" + b"x" * 3_000_000)
    assert answer.status_code == 507
    assert (await imports.of_company(house.company.id)).items == []


async def test_an_unwanted_chat_is_gone_for_good(house: House) -> None:
    path = place(await upload(house, archive()))
    assert "/imports/" in place(await upload(house, archive()))
    assert place(await house.office.post(f"{path}/removal")) == "/imports"
    assert (await house.office.get(path)).status_code == 404
    assert (await house.office.get(f"{path}/file")).status_code == 404


async def test_nobody_else_sees_it(house: House) -> None:
    path = place(await upload(house, archive()))
    for way in ("/imports", path, f"{path}/file"):
        assert (await house.worker.get(way)).status_code == 403
        assert (await house.guest.get(way)).status_code == 303
    other = await factories.company("Maler Kunz")
    chat = await imports.by_id(house.company.id, UUID(path.rpartition("/")[2]))
    assert chat and chat.state is ImportState.READ
    assert await imports.by_id(other.id, chat.id) is None
