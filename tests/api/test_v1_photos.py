"""Photos for programs: found, described, sorted, with the trace of each change."""

from server.db import logbook
from server.db.tables import PhotoRow
from server.db.unit import atomic
from server.ids import new_id
from tests.api.conftest import World
from tests.sites import body_of, photo_bytes


async def announce(world: World, **changes: object) -> str:
    ident = str(new_id())
    async with world.client(world.site.worker) as client:
        answer = await client.put(f"/sync/items/{ident}", json=body_of(photo_bytes(), **changes))
        assert answer.status_code == 201
    return ident


async def test_lists_are_filtered_and_paged(world: World) -> None:
    in_job = [await announce(world, job=str(world.site.job), caption=f"Fuge {n}") for n in range(3)]
    loose = await announce(world, caption="Müllers Küche", tags=["Fliesen"])
    async with world.client(world.site.office) as client:

        async def ids(query: str) -> list[str]:
            return [one["id"] for one in (await client.get(f"/api/v1/photos?{query}")).json()["items"]]

        assert set(await ids(f"job={world.site.job}")) == set(in_job)
        assert await ids("job=none") == await ids("q=mueller") == await ids("q=FLIESEN kuche") == [loose]
        assert await ids("q=100%") == await ids("review=released") == []
        first = (await client.get("/api/v1/photos?limit=3")).json()
        rest = (await client.get(f"/api/v1/photos?limit=3&cursor={first['next']}")).json()
        assert {one["id"] for one in first["items"] + rest["items"]} == {*in_job, loose}
        assert rest["next"] is None
        for query, field in (("limit=0", "limit"), ("cursor=x", "cursor")):
            wrong = await client.get(f"/api/v1/photos?{query}")
            assert (wrong.status_code, wrong.json()["error"]["field"]) == (422, field)


async def test_a_worker_sees_his_own_and_those_of_his_jobs(world: World) -> None:
    mine = await announce(world)
    shared = await announce(world, job=str(world.site.job))
    async with world.client(world.site.colleague) as client:
        listed = (await client.get("/api/v1/photos")).json()["items"]
        assert [one["id"] for one in listed] == [shared]
        assert (await client.get(f"/api/v1/photos/{mine}")).status_code == 404
    async with world.client(world.site.stranger) as client:
        assert (await client.get("/api/v1/photos")).json()["items"] == []
        assert (await client.get(f"/api/v1/photos/{shared}")).status_code == 404


async def test_describing_and_moving_leave_their_trace_in_both_jobs(world: World) -> None:
    ident = await announce(world, job=str(world.site.job))
    company_id, job, other = world.site.worker.company_id, world.site.job, world.site.closed_job

    @atomic
    async def release() -> None:
        await PhotoRow.filter(id=ident).update(review="released")

    await release()
    change = {"caption": "Riss", "phase": "defect", "tags": ["Putz", "Putz"], "job": str(other)}
    async with world.client(world.site.office) as client:
        answer = await client.patch(f"/api/v1/photos/{ident}", json=change)
        same = await client.patch(f"/api/v1/photos/{ident}", json=change)
    changed = answer.json()
    assert (answer.status_code, changed["caption"], changed["phase"], changed["tags"]) == (
        200, "Riss", "defect", ["Putz"],
    )  # fmt: skip
    assert (changed["job"], changed["review"]) == (str(other), "new")
    assert same.json()["rev"] == changed["rev"]
    for job_id in (job, other):
        lines = (await logbook.of_job(company_id, job_id)).items
        moved = [line.entry.data for line in lines if line.entry.verb == "photo.moved"]
        assert moved == [{"before": str(job), "after": str(other)}]
    described = [one.entry.data for one in lines if one.entry.verb == "photo.described"]
    assert described[0]["before"] == {"caption": "", "phase": None, "tags": []}


async def test_what_may_not_be_changed(world: World) -> None:
    ident = await announce(world, job=str(world.site.job))
    async with world.client(world.site.worker) as client:
        for change, status, field in (
            ({"job": str(world.site.closed_job)}, 422, "job"),
            ({"job": str(world.site.foreign_job)}, 422, "job"),
            ({"phase": "later"}, 422, "phase"),
            ({"tags": ["x" * 41]}, 422, "tags"),
            ({"sha256": "0" * 64}, 422, "sha256"),
        ):
            answer = await client.patch(f"/api/v1/photos/{ident}", json=change)
            assert (answer.status_code, answer.json()["error"]["field"]) == (status, field)
    async with world.client(world.site.colleague) as client:
        answer = await client.patch(f"/api/v1/photos/{ident}", json={"caption": "Meins"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "photo.not_yours")
