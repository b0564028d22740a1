"""A job's sticker: printed, renewed, the camera for the crew, and a page for everybody that shows and takes little."""

import re
from typing import Any

import httpx
import pytest

from server.actions import mergers
from server.clock import now
from server.db import logbook, photos, stickers
from server.domain.jobs import Job
from server.domain.users import Role
from tests import factories, looks
from tests.factories import START
from tests.pages.conftest import House
from tests.running import browser
from tests.sites import JPEG


async def made(house: House, *members: Any) -> tuple[Job, str]:
    """Return a job and the path behind its sticker's code."""
    office = house.acting(Role.OFFICE)
    customer = await factories.customer(office, "Familie Geheim")
    job = await factories.job(office, "Bad OG", *members, customer_id=customer.id, street="Geheimweg 1")
    return job, await printed(house, job)


async def printed(house: House, job: Job, **typed: str) -> str:
    answer = await house.office.post(f"/jobs/{job.id}/sticker", data=typed)
    assert answer.headers["location"] == f"/jobs/{job.id}/sticker"
    sticker = await _token(house, job)
    return f"/q/{sticker}"


async def _token(house: House, job: Job) -> str:
    token = await stickers.of_job(house.company.id, job.id)
    assert token
    return token


def stranger(house: House) -> httpx.AsyncClient:
    """Return somebody's own phone: no account, and it came from anywhere."""
    made = browser(house.app)
    made.headers["Sec-Fetch-Site"] = "none"
    return made


def files(*data: bytes) -> list[tuple[str, tuple[str, bytes, str]]]:
    return [("photo", (f"IMG_{number}.jpg", one, "image/jpeg")) for number, one in enumerate(data)]


async def test_the_first_print_makes_the_code_and_the_next_keeps_it(house: House) -> None:
    job = await factories.job(house.acting(Role.OFFICE), "Bad OG")
    empty = (await house.office.get(f"/jobs/{job.id}/sticker")).text
    assert "Aufkleber machen" in empty and "sticker-sheet" not in empty
    path = await printed(house, job)
    assert re.fullmatch(r"/q/[A-Za-z0-9_-]{32}", path) and path == await printed(house, job)
    for size, number in (("a6", 4), ("label", 8)):
        sheet = (await house.office.get(f"/jobs/{job.id}/sticker?size={size}")).text
        assert sheet.count('class="sticker"') == number == sheet.count('<div class="sticker-code"><svg')
        assert job.number in sheet and "Bad OG" in sheet and "Fliesen Berger" in sheet
    assert (await house.worker.get(f"/jobs/{job.id}/sticker")).status_code == 403
    assert f"/jobs/{job.id}/sticker" in (await house.office.get(f"/jobs/{job.id}")).text
    verbs = [line.entry.verb for line in (await logbook.of_job(house.company.id, job.id)).items]
    assert verbs.count("job.sticker_made") == 1


async def test_a_new_code_kills_the_old_one(house: House) -> None:
    job, old = await made(house)
    new = await printed(house, job, renew="1")
    async with stranger(house) as guest:
        dead = await guest.get(old)
        assert dead.status_code == 410 and "gilt nicht mehr" in dead.text
        assert (await guest.post(old, data={"text": "Hallo"})).status_code == 410
        assert (await guest.get(new)).status_code == 200
        for odd in ("/q/x", "/q/%00", "/q/" + "a" * 32, "/q/" + "ä" * 32, "/q/" + "a" * 5000):
            assert (await guest.get(odd)).status_code in (404, 410)


async def test_the_crew_has_the_camera(house: House) -> None:
    job, path = await made(house)
    for client in (house.worker, house.office):
        answer = await client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (303, f"/capture?job={job.id}")
    other = await factories.user(house.company, Role.WORKER, "Jan")
    mine, closed = await made(house, other.id)
    assert mine.id != job.id
    assert (await house.worker.get(closed)).headers["location"] == "/capture"


async def test_another_companys_people_see_the_customers_face(house: House) -> None:
    _, path = await made(house)
    other = await factories.user(await factories.company("Fremd"), Role.ADMIN, "Fremde")
    async with browser(house.app, await factories.token(other, now())) as client:
        answer = await client.get(path)
    assert answer.status_code == 200 and "Fremd" not in answer.text


async def test_the_customers_face_shows_what_stands_on_the_sticker_and_sets_nothing(house: House) -> None:
    job, path = await made(house)
    async with stranger(house) as guest:
        answer = await guest.get(path)
        again = await guest.get(path)
    assert answer.status_code == 200 and answer.text == again.text
    assert "set-cookie" not in answer.headers and answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer" and "noindex" in answer.headers["x-robots-tag"]
    assert "Bad OG" in answer.text and job.number in answer.text and "Fliesen Berger" in answer.text
    for secret in ("Geheim", str(job.id), "<script", "Ali", "Sabine"):
        assert secret not in answer.text


async def test_photos_and_words_land_in_the_job_unverified(house: House) -> None:
    job, path = await made(house)
    async with stranger(house) as guest:
        typed = {"text": "Der Rohranschluss tropft.", "name": "Meier, 0171 3920009"}
        answer = await guest.post(path, data=typed, files=files(JPEG + b"1", JPEG + b"2"))
    assert answer.status_code == 200 and "2 Fotos und die Nachricht." in answer.text
    assert "Fliesen Berger sieht es sich an" in answer.text and "set-cookie" not in answer.headers
    found = (await photos.of_job(house.company.id, job.id)).items
    assert {one.source for one in found} == {"sticker"} and {one.review for one in found} == {"new"}
    assert {one.author_id for one in found} == {None} == {one.contact_id for one in found}
    inbox = (await house.office.get("/messages")).text
    assert "Der Rohranschluss tropft." in inbox and "Meier, 0171 3920009" in inbox
    assert "Aufkleber, ungeprüft" in inbox and "unbekannt" in inbox and "wartet" in inbox
    chronology = (await house.office.get(f"/jobs/{job.id}")).text
    assert chronology.count("Aufkleber, ungeprüft") == 2 and "2 Fotos" in chronology
    assert "Aufkleber, ungeprüft" in (await house.office.get(f"/reviews?job={job.id}")).text
    assert "Aufkleber, ungeprüft" in (await house.office.get(f"/photos/{found[0].id}")).text


@pytest.mark.parametrize(
    ("typed", "sent", "words"),
    [
        ({}, [], "ein Foto wählen oder ein paar Worte"),
        ({"name": "Meier"}, [], "ein Foto wählen oder ein paar Worte"),
        ({"text": "x" * 2001}, [], "Zu lang: höchstens 2000"),
        ({"text": "gut"}, [JPEG] * 11, "Höchstens 10 Fotos"),
        ({"text": "gut"}, [JPEG, b"%PDF-1.7 x"], "PDF-Datei"),
        ({"text": "gut"}, [JPEG, b""], "leer"),
        ({"text": "gut"}, [JPEG, JPEG + b"x" * 15_000_001], "größer als 15 MB"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_is_kept(
    house: House, typed: dict[str, str], sent: list[bytes], words: str
) -> None:
    job, path = await made(house)
    async with stranger(house) as guest:
        answer = await guest.post(path, data=typed | {"filler": ""}, files=files(*sent) or None)
    assert answer.status_code == 422 and words in answer.text, answer.text[-3000:]
    assert typed.get("text", "") in answer.text
    assert (await photos.of_job(house.company.id, job.id)).items == []
    assert (await looks.from_customers(house.company.id)) == []


async def test_nobody_fills_the_disk_through_a_sticker(house: House) -> None:
    _, path = await made(house)
    _, other = await made(house)
    async with stranger(house) as guest:
        for _ in range(30):
            assert (await guest.post(path, data={"text": "Hallo"})).status_code == 200
        for _ in range(15):
            assert (await guest.post(other, data={"text": "Hallo"}, files=files(JPEG))).status_code == 200
        full = await guest.post(other, data={"text": "noch eins"})
        assert full.status_code == 429 and "Heute kam hier schon sehr viel an" in full.text
        assert "noch eins" in full.text, "nothing typed is lost"
    assert len(await looks.from_customers(house.company.id)) == 45


async def test_the_sticker_of_a_merged_job_leads_to_the_one_it_became(house: House) -> None:
    office = house.acting(Role.OFFICE)
    job, path = await made(house)
    target = await factories.job(office, "Bad gesamt")
    await mergers.merge(office, job, target.id, at=START)
    assert (await house.worker.get(path)).headers["location"] == f"/capture?job={target.id}"
