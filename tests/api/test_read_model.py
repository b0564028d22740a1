"""What a phone keeps offline: nearness, what is unsorted, what still needs its photo from after."""

from uuid import UUID

from server.db.tables import CompanyRow, ContactRow, CustomerRow, JobRow, PhotoRow
from server.db.unit import atomic
from server.ids import new_id
from tests.api.conftest import World
from tests.sites import AT, Site, brought, photo_bytes


@atomic
async def furnish(site: Site) -> None:
    company_id, customer_id, contact_id = site.office.company_id, new_id(), new_id()
    await CompanyRow.filter(id=company_id).update(position_enabled=True)
    await CustomerRow.create(id=customer_id, company_id=company_id, name="Müller", created_at=AT)
    await ContactRow.create(
        id=contact_id, company_id=company_id, customer_id=customer_id, name="Petra", phone="+4915123456789",
        created_at=AT,
    )  # fmt: skip
    job = JobRow.filter(id=site.job, company_id=company_id)
    await job.update(sticker="abc", customer_id=customer_id, contact_id=contact_id)


async def test_place_contact_sticker_and_what_is_to_do(world: World, statements: list[str]) -> None:
    site, job = world.site, str(world.site.job)
    await furnish(site)
    for seed, (lat, lon) in enumerate([(52.5, 13.4), (52.51, 13.41), (48.1, 11.5)]):
        where = {"lat": lat, "lon": lon, "accuracy_m": 8}
        await brought(site, photo_bytes(seed=seed), job=job, position=where)
    before = await brought(site, photo_bytes(seed=5), job=job, phase="before", caption="Bad vorher")
    paired = await brought(site, photo_bytes(seed=6), job=job, phase="before")
    await brought(site, photo_bytes(seed=7), job=job, phase="after", pair_of=str(paired))
    loose = await brought(site, photo_bytes(seed=8))
    await brought(site, photo_bytes(seed=9), site.colleague)
    async with world.client(site.worker) as client:
        await client.get("/sync/read-model")
        del statements[:]
        model = (await client.get("/sync/read-model")).json()
        few = len(statements)
        for seed in range(20, 30):
            await brought(site, photo_bytes(seed=seed), job=job if seed % 2 else None, phase="before")
        del statements[:]
        await client.get("/sync/read-model")
    assert len(statements) == few
    line = next(one for one in model["jobs"] if one["id"] == job)
    assert line["place"] == {"lat": 52.5, "lon": 13.4} and line["sticker"] == "abc"
    assert (line["state"], line["contact"]["name"], line["contact"]["phone"]) == (
        "active",
        "Petra",
        "+4915123456789",
    )
    assert [(one["id"], one["job"], one["caption"]) for one in model["befores"]] == [
        (str(before), job, "Bad vorher")
    ]
    assert [(one["id"], one["medium"]) for one in model["unsorted"]] == [(str(loose), "image")]
    assert model["unsorted"][0]["thumb"] == f"/photos/{loose}/renditions/thumb"


async def test_without_the_switch_no_place(world: World) -> None:
    where = {"lat": 52.5, "lon": 13.4}
    await brought(world.site, photo_bytes(), job=str(world.site.job), position=where)
    async with world.client(world.site.worker) as client:
        assert [one["place"] for one in (await client.get("/sync/read-model")).json()["jobs"]] == [None]


@atomic
async def spoil(site: Site, photo_id: UUID, **columns: str) -> None:
    await PhotoRow.filter(company_id=site.office.company_id, id=photo_id).update(**columns)


async def test_what_has_no_picture_has_no_address_of_one(world: World) -> None:
    """A phone would ask for it again and again, and its browser would note an error each time."""
    site, job = world.site, str(world.site.job)
    broken, voice = (
        await brought(site, photo_bytes(seed=1), job=job),
        await brought(site, photo_bytes(seed=2)),
    )
    await spoil(site, broken, decode="failed")
    await spoil(site, voice, medium="audio")
    async with world.client(site.worker) as client:
        model = (await client.get("/sync/read-model")).json()
    line = next(one for one in model["jobs"] if one["id"] == job)
    assert [one["thumb"] for one in (*line["photos"], *model["unsorted"])] == ["", ""]
