"""What phones ask and bring: idempotent, apart by person and company, every wrong field named."""

import hashlib
from typing import Any

import pytest

from server.actions.users import disable
from server.db import logbook, notes, photos, questions, users
from server.db.tables import CompanyRow, JobMemberRow, PhotoRow
from server.db.unit import atomic
from server.domain.users import Actor
from server.ids import new_id
from tests.api.conftest import World
from tests.sites import AT, THUMB, Site, body_of, photo_bytes

TUS = {"Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream"}


async def test_have_says_who_when_and_what(world: World) -> None:
    known, unknown, foreign = (str(new_id()) for _ in range(3))
    async with world.client(world.site.stranger) as client:
        await client.put(f"/sync/items/{foreign}", json=body_of(photo_bytes()))
    async with world.client(world.site.worker) as client:
        await client.put(f"/sync/items/{known}", json=body_of(photo_bytes()))
        answer = (await client.post("/sync/have", json={"ids": [known, unknown, foreign]})).json()
    assert answer["user"] == {"id": str(world.site.worker.id), "name": "Jan Petersen", "role": "worker"}
    assert answer["now"].endswith("Z") and answer["min_client"] == 1
    states = {ident: entry["state"] for ident, entry in answer["items"].items()}
    assert states == {known: "announced", unknown: "unknown", foreign: "unknown"}


async def test_the_same_item_again_is_200_and_another_409_with_the_copy(world: World) -> None:
    path, body = f"/sync/items/{new_id()}", body_of(photo_bytes(), job=str(world.site.job), caption="Keller")
    async with world.client(world.site.worker) as client:
        first = await client.put(path, json=body | {"thumb": THUMB})
        again = await client.put(path, json=body)
        other = await client.put(path, json=body | {"caption": "Dach"})
        shown = await client.get(path)
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 409)
    assert first.json() == again.json() == other.json()["item"] == shown.json()
    assert other.json()["error"]["code"] == "item.differs"
    assert (first.json()["caption"], first.json()["job"]) == ("Keller", str(world.site.job))
    assert first.json()["captured_at"] == "2026-11-24T10:42:00+01:00"


async def test_an_id_of_another_is_taken_without_a_copy(world: World) -> None:
    path, body = f"/sync/items/{new_id()}", body_of(photo_bytes())
    async with world.client(world.site.worker) as client:
        await client.put(path, json=body)
    for other in (world.site.stranger, world.site.colleague):
        async with world.client(other) as client:
            answer = await client.put(path, json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "item.taken")
            assert "item" not in answer.json()
            assert (await client.get(path)).status_code == 404
            job = await client.put(
                f"/sync/items/{world.site.job}",
                json={"kind": "job", "title": "Meiner", "captured_at": "2026-11-24T10:42:00Z"},
            )
            assert job.json()["error"]["code"] == "item.taken"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"kind": "film"}, "kind"),
        ({"kind": None}, "kind"),
        ({"job": "7"}, "job"),
        ({"captured_at": "2026-11-24T10:42:00"}, "captured_at"),
        ({"captured_at": "gestern"}, "captured_at"),
        ({"captured_at": "0001-01-01T00:00:00+14:00"}, "captured_at"),
        ({"caption": 7}, "caption"),
        ({"caption": "x" * 2001}, "caption"),
        ({"caption": "a\x00"}, "caption"),
        ({"phase": "nachher"}, "phase"),
        ({"tags": "a"}, "tags"),
        ({"tags": ["x" * 41]}, "tags"),
        ({"tags": [str(n) for n in range(21)]}, "tags"),
        ({"position": {"lat": 91, "lon": 0}}, "position"),
        ({"position": [1, 2]}, "position"),
        ({"sha256": "abc"}, "sha256"),
        ({"size": 0}, "size"),
        ({"size": True}, "size"),
        ({"size": 100_000_001}, "size"),
        ({"mime": "image/svg+xml"}, "mime"),
        ({"thumb": "###"}, "thumb"),
        ({"thumb": "AAAA"}, "thumb"),
        ({"thumb": "/9j/" + "A" * 40_000}, "thumb"),
        ({"refs": ["x"]}, "refs"),
        ({"colour": "red"}, "colour"),
        ({"kind": "note", "text": " "}, "text"),
    ],
)
async def test_a_wrong_field_is_named_and_nothing_is_stored(
    world: World, change: dict[str, Any], field: str
) -> None:
    ident = new_id()
    async with world.client(world.site.worker) as client:
        answer = await client.put(f"/sync/items/{ident}", json=body_of(photo_bytes()) | change)
        missing = await client.get(f"/sync/items/{ident}")
    error = answer.json()["error"]
    assert answer.status_code in (413, 422) and error["field"] == field and error["message"] != error["code"]
    assert missing.status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":' * 100_000, b"NaN"])
async def test_what_is_no_item_at_all(world: World, body: bytes) -> None:
    async with world.client(world.site.worker) as client:
        answer = await client.put(f"/sync/items/{new_id()}", content=body)
    assert answer.status_code == 422


async def test_a_job_that_is_unknown_or_not_his_leads_to_the_inbox(world: World) -> None:
    for job in (new_id(), world.site.closed_job, world.site.foreign_job):
        ident = new_id()
        async with world.client(world.site.worker) as client:
            answer = await client.put(
                f"/sync/items/{ident}", json=body_of(photo_bytes(), job=str(job), job_hint="Bad Müller")
            )
        assert answer.status_code == 201
        photo = await photos.by_id(world.site.worker.company_id, ident)
        assert photo and (photo.job_id, photo.job_hint) == (None, "Bad Müller")


async def test_what_came_before_its_job_finds_it(world: World) -> None:
    job, photo, note, question = (new_id() for _ in range(4))
    common = {"captured_at": "2026-11-24T10:42:00Z", "job": str(job), "job_hint": "Neuer Auftrag"}
    async with world.client(world.site.worker) as client:
        for ident, body in (
            (photo, body_of(photo_bytes(), **common)),
            (note, {"kind": "note", "text": "Schlüssel beim Nachbarn", **common}),
            (
                question,
                {"kind": "question", "text": "Weiß oder grau?", "choices": ["Weiß", "Grau"], **common},
            ),
            (job, {"kind": "job", "title": "Garage Meier", "captured_at": "2026-11-24T10:42:00Z"}),
        ):
            assert (await client.put(f"/sync/items/{ident}", json=body)).status_code == 201
    company_id = world.site.worker.company_id
    found = [
        await photos.by_id(company_id, photo),
        await notes.by_id(company_id, note),
        await questions.by_id(company_id, question),
    ]
    assert [each and each.job_id for each in found] == [job] * 3


async def test_a_note_and_a_call_are_stored_at_once(world: World) -> None:
    async with world.client(world.site.worker) as client:
        for kind, verb in (("note", "note.written"), ("call", "call.noted")):
            ident = new_id()
            body = {"kind": kind, "text": "Zähler 4711", "captured_at": "2026-11-24T10:42:00+01:00"}
            answer = await client.put(f"/sync/items/{ident}", json=body)
            assert (answer.json()["state"], answer.json()["text"]) == ("stored", "Zähler 4711")
            lines = (await logbook.of_subject(world.site.worker.company_id, ident)).items
            assert [line.entry.verb for line in lines] == [verb]


async def test_a_position_is_kept_only_where_the_firm_wants_it(world: World) -> None:
    company_id = world.site.worker.company_id

    @atomic
    async def switch_on() -> None:
        await CompanyRow.filter(id=company_id).update(position_enabled=True)

    for kept in (None, {"lat": 52.5, "lon": 13.4, "accuracy_m": 8.0}):
        ident = new_id()
        body = body_of(photo_bytes(), position={"lat": 52.5, "lon": 13.4, "accuracy_m": 8})
        async with world.client(world.site.worker) as client:
            answer = (await client.put(f"/sync/items/{ident}", json=body)).json()
            assert (await client.put(f"/sync/items/{ident}", json=body)).status_code == 200
        photo = await photos.by_id(company_id, ident)
        assert photo and photo.position == kept == answer["position"]
        await switch_on()


async def test_an_old_app_and_another_owner_are_told_so(world: World) -> None:
    async with world.client(world.site.worker) as client:
        old = await client.post("/sync/have", json={"ids": []}, headers={"X-Client": "0"})
        other = await client.post(
            "/sync/have", json={"ids": []}, headers={"X-Owner": str(world.site.colleague.id)}
        )
    assert (old.status_code, old.json()["error"]["code"]) == (426, "client.too_old")
    assert (other.status_code, other.json()["error"]["code"]) == (401, "session.other_user")


async def test_the_office_sees_what_phones_still_hold(world: World) -> None:
    device = str(new_id())
    body = {"device": device, "unsent": 12, "oldest": "2026-11-23T08:00:00Z"}
    async with world.client(world.site.worker) as client:
        assert (await client.post("/sync/state", json=body)).json() == {"order": None}
        assert (await client.get("/api/v1/devices")).status_code == 403
        wrong = await client.post("/sync/state", json=body | {"unsent": -1})
        assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, "unsent")
    async with world.client(world.site.stranger) as client:
        taken = await client.post("/sync/state", json=body)
        assert (taken.status_code, taken.json()["error"]["code"]) == (409, "device.taken")
    async with world.client(world.site.office) as client:
        listed = (await client.get("/api/v1/devices")).json()["items"]
    assert [(one["id"], one["unsent"], one["user_name"]) for one in listed] == [(device, 12, "Jan Petersen")]
    assert listed[0]["oldest_at"] == "2026-11-23T08:00:00.000Z"


@atomic
async def fill(site: Site, job: object, count: int) -> None:
    for _ in range(count):
        data = photo_bytes()
        await PhotoRow.create(
            id=new_id(),
            company_id=site.worker.company_id,
            job_id=job,
            author_id=site.worker.id,
            state="stored",
            captured_at=AT,
            received_at=AT,
            sha256=hashlib.sha256(data).hexdigest(),
            size_bytes=len(data),
            mime="image/jpeg",
            review="retake",
            review_note="Unscharf",
        )


@atomic
async def join(site: Site) -> None:
    await JobMemberRow.create(
        id=new_id(), company_id=site.worker.company_id, job_id=site.job, user_id=site.worker.id
    )


async def test_the_read_model_holds_what_may_be_seen(world: World) -> None:
    site = world.site
    await fill(site, site.job, 15)
    await join(site)
    async with world.client(site.worker) as client:
        model = (await client.get("/sync/read-model")).json()
        await client.put(
            f"/sync/items/{new_id()}",
            json={
                "kind": "question",
                "text": "Weiß?",
                "choices": ["Ja", "Nein"],
                "job": str(site.job),
                "captured_at": "2026-11-24T10:42:00Z",
            },
        )
        asked = (await client.get("/sync/read-model")).json()["jobs"][0]["questions"]
    assert model["company"] == {"name": "Elektro Brandt", "position_enabled": False}
    assert [(job["id"], job["mine"], len(job["photos"])) for job in model["jobs"]] == [
        (str(site.job), True, 12)
    ]
    photo = model["jobs"][0]["photos"][0]
    assert photo["thumb"] == f"/photos/{photo['id']}/renditions/thumb" and photo["phase"] is None
    assert len(model["retakes"]) == 15 and model["retakes"][0]["note"] == "Unscharf"
    assert [(one["text"], one["choices"], one["answer"]) for one in asked] == [
        ("Weiß?", ["Ja", "Nein"], None)
    ]
    async with world.client(site.office) as client:
        jobs = (await client.get("/sync/read-model")).json()["jobs"]
    assert {job["id"] for job in jobs} == {str(site.job), str(site.closed_job)}


async def test_lists_cost_the_same_for_ten_and_for_twenty(world: World, statements: list[str]) -> None:
    counts: list[int] = []
    for _ in range(2):
        await fill(world.site, world.site.job, 10)
        async with world.client(world.site.office) as client:
            await client.get("/sync/read-model")
            del statements[:]
            await client.get("/sync/read-model")
            await client.get("/api/v1/photos?limit=200")
            ids = [str(new_id()) for _ in range(10 * (len(counts) + 1))]
            await client.post("/sync/have", json={"ids": ids})
        counts.append(len(statements))
    assert counts[0] == counts[1] > 0


async def test_a_disabled_persons_phone_is_told_so_and_only_there(world: World) -> None:
    site = world.site
    admin = Actor(None, site.worker.company_id, "Zollstock", None)
    assert site.worker.id
    user = await users.by_id(site.worker.company_id, site.worker.id)
    assert user
    await disable(admin, user, at=AT)
    async with world.client(site.worker) as client:
        have = await client.post("/sync/have", json={"ids": []})
        put = await client.put(f"/sync/items/{new_id()}", json=body_of(photo_bytes()))
        page = await client.get("/api/v1/photos")
    assert (have.status_code, put.status_code, page.status_code) == (403, 403, 401)
    assert have.json()["error"]["code"] == put.json()["error"]["code"] == "user.disabled"
    async with world.client(None, Authorization="Bearer made-up") as client:
        assert (await client.post("/sync/have", json={"ids": []})).status_code == 401
