"""A note corrected, disputed, settled and filed, as people see it."""

from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House
from tests.sites import put


async def test_corrected_on_two_sides_and_settled(house: House) -> None:
    office, worker = house.acting(Role.OFFICE), house.acting(Role.WORKER)
    job = await factories.job(office)
    note = await put(worker, "note", job=str(job.id), text="Rohr undicht")
    assert f"/notes/{note}" in (await house.worker.get(f"/jobs/{job.id}")).text
    typed = {"text": "Rohr undicht, Keller", "base_rev": "1"}
    went = await house.office.post(f"/notes/{note}", data=typed)
    desk = went.headers["location"].removeprefix(f"/jobs/{job.id}#note-")
    assert "Rohr undicht</p>" in (await house.office.get(f"/notes/{desk}")).text
    assert "geändert" in (await house.office.get(f"/jobs/{job.id}")).text
    phone = await put(worker, "note", job=str(job.id), text="Rohr ist dicht", replaces=str(note), base_rev=1)
    shown = (await house.office.get(f"/jobs/{job.id}")).text
    assert shown.count("zwei Fassungen") == 2 and "Klären" in shown
    page = (await house.office.get(f"/notes/{phone}")).text
    assert "an zwei Stellen zugleich geändert" in page and "Rohr undicht, Keller" in page
    assert "Diese Fassung behalten" not in (await house.worker.get(f"/notes/{phone}")).text
    nothing = await house.office.post(f"/notes/{phone}/settlement", data={})
    assert nothing.status_code == 422 and "Mindestens eine Fassung bleibt" in nothing.text
    went = await house.office.post(f"/notes/{phone}/settlement", data={"keep": str(phone)})
    assert went.headers["location"] == f"/jobs/{job.id}#note-{phone}"
    shown = (await house.office.get(f"/jobs/{job.id}")).text
    assert "Rohr ist dicht" in shown and "Rohr undicht, Keller" not in shown
    assert "Rohr undicht, Keller" in (await house.office.get(f"/notes/{phone}")).text


async def test_a_note_without_a_job_waits_at_the_desk(house: House) -> None:
    office, worker = house.acting(Role.OFFICE), house.acting(Role.WORKER)
    job = await factories.job(office)
    note = await put(
        worker, "note", job="01a20ae3-6bce-716f-8967-edd424ddc228", job_hint="Garage", text="Fuge"
    )
    desk = (await house.office.get("/reviews/unsorted")).text
    assert f"/notes/{note}" in desk and "Hinweis: Garage" in desk and "1 Notiz" in desk
    went = await house.office.post(f"/notes/{note}/filing", data={"job": str(job.id)})
    assert went.headers["location"] == f"/jobs/{job.id}#note-{note}"
    assert (await house.worker.post(f"/notes/{note}/filing", data={"job": str(job.id)})).status_code == 403
