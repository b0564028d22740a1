"""The desk, a photo's page, chronology, logbook, search and the live stream, through the whole application."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from starlette.requests import Request

from server.actions import drafts, notes, reviews
from server.actions import photos as arriving
from server.clock import now
from server.db import logbook, photos
from server.db.sql import dialect, execute
from server.db.unit import atomic
from server.domain.logbook import canonical, link_hash
from server.domain.media import JPEG
from server.domain.photos import Photo
from server.domain.questions import QuestionDraft
from server.domain.reviews import Verdict
from server.domain.users import Role
from server.ids import new_id
from server.pages import live
from tests import factories
from tests.pages.conftest import House
from tests.sites import photo_bytes, photo_item


async def arrived(house: House, job_id: UUID | None, **words: Any) -> Photo:
    worker, item = (
        house.acting(Role.WORKER),
        photo_item(photo_bytes(), captured_at=now().isoformat(), **words),
    )
    await arriving.announce(worker, item, job_id=job_id, at=now())
    photo = await photos.by_id(worker.company_id, item.id)
    assert photo
    await arriving.add_original(worker, photo, key=f"k/{item.id}", sha256=item.sha256, kind=JPEG, at=now())
    stored = await photos.by_id(worker.company_id, item.id)
    assert stored
    return stored


async def test_without_javascript(house: House) -> None:
    job = await factories.job(house.acting(Role.OFFICE))
    first, second, loose = [await arrived(house, place) for place in (job.id, job.id, None)]
    desk = await house.office.get("/reviews")
    assert desk.status_code == 200 and f"photo-{first.id}" in desk.text and "Unsortiert" in desk.text
    went = await house.office.post(f"/photos/{first.id}/review", data={"verdict": "retake", "note": "näher"})
    assert (went.status_code, went.headers["location"]) == (303, f"/photos/{second.id}")
    page = await house.worker.get(f"/photos/{first.id}")
    assert "Das Büro bittet um eine neue Aufnahme" in page.text and "näher" in page.text
    for place in ("/", f"/jobs/{job.id}"):
        assert "„näher“" in (await house.worker.get(place)).text
    await arrived(house, job.id)
    assert "„näher“" not in (await house.worker.get("/")).text
    went = await house.office.post(
        "/reviews", data={"verdict": "released", "photo": [str(second.id)], "job": str(job.id)}
    )
    assert went.headers["location"] == f"/reviews?job={job.id}"
    refused = await house.office.post("/reviews", data={"verdict": "released", "photo": [str(loose.id)]})
    assert refused.status_code == 200 and "Erst einen Auftrag wählen" in refused.text
    went = await house.office.post("/reviews/moves", data={"to": str(job.id), "photo": [str(loose.id)]})
    assert went.headers["location"] == f"/reviews?job={job.id}"
    moved = await photos.by_id(loose.company_id, loose.id)
    assert moved and moved.job_id == job.id


async def test_a_photo_that_went_to_another_job_since_is_not_released_there(house: House) -> None:
    """What the page showed was the first job's; released is always for one customer. One or many."""
    office = house.acting(Role.OFFICE)
    first, second = await factories.job(office), await factories.job(office, "Dach Schulz")
    one, other = await arrived(house, first.id), await arrived(house, first.id)
    page = (await house.office.get(f"/photos/{one.id}")).text
    assert f'<input type="hidden" name="job" value="{first.id}">' in page
    await reviews.sort_many(office, [one.id], job_id=second.id, at=now())
    drawn = {"verdict": "released", "job": str(first.id)}
    refused = await house.office.post(f"/photos/{one.id}/review", data=drawn)
    assert refused.status_code == 409
    many = await house.office.post("/reviews", data=drawn | {"photo": [str(one.id), str(other.id)]})
    assert many.status_code == 200
    for photo, review in ((one, "new"), (other, "released")):
        now_ = await photos.by_id(photo.company_id, photo.id)
        assert now_ and now_.review == review
    assert (
        await house.office.post(f"/photos/{one.id}/review", data=drawn | {"job": str(second.id)})
    ).status_code == 303


async def test_a_worker_has_no_desk_and_no_verdict(house: House) -> None:
    photo = await arrived(house, (await factories.job(house.acting(Role.OFFICE))).id)
    assert (await house.worker.get("/reviews")).status_code == 403
    assert (await house.worker.get("/logbook")).status_code == 403
    sent = await house.worker.post(f"/photos/{photo.id}/review", data={"verdict": "released"})
    assert sent.status_code == 403
    sent = await house.worker.post(f"/photos/{photo.id}", data={"caption": "Fuge", "tags": "Bad, Wand"})
    assert sent.status_code == 303
    told = await photos.by_id(photo.company_id, photo.id)
    assert told and (told.caption, list(told.tags)) == ("Fuge", ["Bad", "Wand"])
    long = await house.worker.post(f"/photos/{photo.id}", data={"caption": "Fuge neu", "tags": "x" * 41})
    assert long.status_code == 422 and "Fuge neu" in long.text and "höchstens 40 Zeichen" in long.text


async def test_the_chronology_tells_everything_once(house: House) -> None:
    office, worker, at = house.acting(Role.OFFICE), house.acting(Role.WORKER), now()
    job = await factories.job(office)
    shots = [await arrived(house, job.id, phase="during") for _ in range(3)]
    await reviews.decide_many(office, [shot.id for shot in shots], verdict=Verdict.RELEASED, note="", at=at)
    await notes.write(office, job_id=job.id, text="Silikon erst Donnerstag", at=at)
    await drafts.ask(
        worker,
        job.id,
        QuestionDraft("Welche Fuge?", ["Hellgrau"], [shots[0].id]),
        question_id=new_id(),
        at=at,
    )
    page = await house.office.get(f"/jobs/{job.id}")
    for words in (
        "3 Fotos · während",
        "gab 3 Fotos frei",
        "Silikon erst Donnerstag",
        "Welche Fuge?",
        "wartet auf Freigabe",
    ):
        assert page.text.count(words) == 1, words
    only = await house.office.get(f"/jobs/{job.id}/timeline?kind=notes")
    assert "Silikon" in only.text and "Welche Fuge?" not in only.text
    listed = (await house.office.get(f"/api/v1/jobs/{job.id}/timeline?limit=2")).json()
    seen, cursor = len(listed["items"]), listed["next"]
    while cursor:
        part = await house.office.get(
            f"/api/v1/jobs/{job.id}/timeline", params={"limit": 2, "cursor": cursor}
        )
        seen, cursor = seen + len(part.json()["items"]), part.json()["next"]
    assert seen >= len((await house.office.get(f"/api/v1/jobs/{job.id}/timeline")).json()["items"]) == 5
    lines = (await house.office.get(f"/api/v1/jobs/{job.id}/logbook")).json()["items"]
    assert lines[0]["verb"] == "question.asked" and lines[0]["prev_hash"] == lines[1]["hash"]
    found = await house.office.get("/search?q=fuge")
    assert "Welche Fuge?" in found.text
    nothing = await house.office.get("/search?q=zzz")
    assert "Nichts gefunden" in nothing.text


async def test_the_logbook_says_how_far_it_was_checked(house: House) -> None:
    job = await factories.job(house.acting(Role.OFFICE))
    page = await house.office.get("/logbook?noun=job")
    assert "Kette geprüft bis Nr." in page.text and "legte den Auftrag an" in page.text
    assert "legte den Auftrag an" in (await house.office.get(f"/jobs/{job.id}/logbook")).text
    wrong = await house.office.get("/logbook?checked=1&hash=" + "f" * 64)
    assert "unterbrochen" in wrong.text


@atomic
async def forged(statement: str) -> None:
    """Do what whoever owns the database can: switch its guards off and write."""
    if dialect() == "postgres":
        await execute("SET LOCAL session_replication_role = replica")
    else:
        for name in ("update", "delete"):
            await execute(f"DROP TRIGGER IF EXISTS logbook_{name}")
    await execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM logbook WHERE seq = (SELECT MAX(seq) FROM logbook)",
        "DELETE FROM logbook WHERE seq = 2",
        "DELETE FROM logbook",
        "UPDATE logbook SET actor_name = 'Niemand' WHERE seq = 2",
        "UPDATE logbook SET seq = seq + 9 WHERE seq = (SELECT MAX(seq) FROM logbook)",
    ],
)
async def test_what_was_cut_off_or_changed_is_told(house: House, statement: str) -> None:
    await factories.job(house.acting(Role.OFFICE))
    await forged(statement)
    assert "unterbrochen" in (await house.office.get("/logbook")).text


async def test_a_last_line_written_anew_is_told(house: House) -> None:
    """Its own hash fits again: only the head of the chain knows the other one."""
    await factories.job(house.acting(Role.OFFICE))
    *_, before, last = await logbook.chain(house.company.id)
    entry = replace(last.entry, actor_name="Niemand")
    link = link_hash(before.hash, last.seq, entry, canonical(entry.data))
    await forged(f"UPDATE logbook SET actor_name = 'Niemand', hash = '{link}' WHERE seq = {last.seq}")
    assert "unterbrochen" in (await house.office.get("/logbook")).text


async def test_a_verdict_by_program(house: House) -> None:
    photo = await arrived(house, (await factories.job(house.acting(Role.OFFICE))).id)
    place = f"/api/v1/photos/{photo.id}/review"
    done = await house.office.post(place, json={"verdict": "released", "note": "gut"})
    assert (done.status_code, done.json()["review"], done.json()["review_note"]) == (200, "released", "gut")
    wrong = await house.office.post(place, json={"verdict": "vielleicht"})
    assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "verdict")
    assert (await house.worker.post(place, json={"verdict": "released"})).status_code == 403


async def test_twice_as_much_costs_the_same(house: House, statements: Callable[[], list[str]]) -> None:
    house.app.state.stopping.set()  # the worker's own statements are not the page's
    job = await factories.job(house.acting(Role.OFFICE))
    costs = []
    for _ in range(2):
        for number in range(10):
            photo = await arrived(house, job.id, caption=f"Dusche {number}")
            other = await factories.job(house.acting(Role.OFFICE), f"Auftrag {number}")
            await arrived(house, other.id)
            await reviews.decide(
                house.acting(Role.OFFICE), photo, verdict=Verdict.RETAKE, note=str(number), at=now()
            )
        spent = []
        for path in (
            f"/reviews?job={job.id}", "/reviews/_list", f"/jobs/{job.id}/_timeline", "/logbook", "/search?q=dusche",
        ):  # fmt: skip
            before = len(statements())
            assert (await house.office.get(path)).status_code == 200
            spent.append(len(statements()) - before)
        costs.append(spent)
    assert costs[0] == costs[1]


async def test_live_tells_the_own_company_and_ends_with_the_server(house: House) -> None:
    stopping = asyncio.Event()
    services = house.app.state.services
    app = SimpleNamespace(state=SimpleNamespace(services=services, stopping=stopping))

    def reader(role: Role) -> Any:
        request = SimpleNamespace(app=app, state=SimpleNamespace(actor=house.acting(role)))
        return live.events(cast(Request, request))

    office, worker = reader(Role.OFFICE), reader(Role.WORKER)
    assert (await anext(office)).startswith(":") and (await anext(worker)).startswith(":")
    foreign = await factories.company("Maler Kunz")
    await factories.job(await factories.actor(foreign))
    job = await factories.job(house.acting(Role.OFFICE))
    assert await anext(office) == f'event: jobs\ndata: {{"job":"{job.id}"}}\n\n'
    assert await anext(worker) == "event: jobs\ndata: {}\n\n"
    stopping.set()
    assert [text async for text in office] == [] == [text async for text in worker]
    assert (await house.guest.get("/live")).status_code == 303
