"""Merging and deleting jobs at the desk, and where old addresses lead."""

from server.clock import now
from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House
from tests.sites import put, snap


async def test_merging_at_the_desk_and_the_old_address(house: House) -> None:
    office = house.acting(Role.OFFICE)
    old, new = await factories.job(office, "Bad Müller"), await factories.job(office, "Bad Müller")
    shown = (await house.office.get(f"/jobs/{old.id}")).text
    assert f"Gleicht Auftrag {new.number} (gleicher Name)" in shown
    assert f"/jobs/{old.id}/merger?into={new.id}" in shown
    found = (await house.office.get(f"/jobs/{old.id}/merger")).text
    assert f"into={new.id}" in found and "In welchen Auftrag gehört" in found
    asked = (await house.office.get(f"/jobs/{old.id}/merger?into={new.id}")).text
    assert "Alles aus dem ersten Auftrag" in asked
    itself = await house.office.post(f"/jobs/{old.id}/merger", data={"into": str(old.id)})
    assert itself.status_code == 422 and "nicht mit sich selbst" in itself.text
    went = await house.office.post(f"/jobs/{old.id}/merger", data={"into": str(new.id)})
    assert (went.status_code, went.headers["location"]) == (303, f"/jobs/{new.id}")
    for path in ("/jobs/{}", "/jobs/{}/logbook", "/api/v1/jobs/{}", "/api/v1/jobs/{}/timeline?limit=3"):
        answer = await house.office.get(path.format(old.id))
        assert (answer.status_code, answer.headers["location"]) == (303, path.format(new.id))
    stale = await house.office.post(f"/jobs/{old.id}/steps", data={"step": "finish"})
    assert stale.status_code == 409 and "in einem anderen aufgegangen" in stale.text
    assert old.number not in (await house.office.get("/jobs")).text
    assert "führte einen anderen Auftrag hierher" in (await house.worker.get(f"/jobs/{new.id}")).text
    listed = (await house.office.get("/api/v1/jobs?state=merged")).json()["items"]
    assert [(one["id"], one["merged_into"]) for one in listed] == [(str(old.id), str(new.id))]


async def test_deleting_at_the_desk(house: House) -> None:
    office, worker = house.acting(Role.OFFICE), house.acting(Role.WORKER)
    gone, kept = await factories.job(office, "Irrtum"), await factories.job(office, "Bad")
    photo = await snap(worker, job=str(gone.id), captured_at=now().isoformat())
    await put(worker, "question", job=str(kept.id), text="Weiß?")
    assert "warten danach ohne Auftrag" in (await house.office.get(f"/jobs/{gone.id}/deletion")).text
    went = await house.office.post(f"/jobs/{gone.id}/deletion")
    assert (went.status_code, went.headers["location"]) == (303, "/jobs")
    unsorted = (await house.office.get("/reviews/unsorted")).text
    assert f"photo-{photo}" in unsorted and f"{gone.number} · Irrtum" in unsorted
    assert (await house.office.get(f"/jobs/{gone.id}")).status_code == 404
    refused = await house.office.post(f"/jobs/{kept.id}/deletion")
    assert refused.status_code == 422 and "den Auftrag ins Archiv legen" in refused.text
    assert (await house.worker.post(f"/jobs/{kept.id}/deletion")).status_code == 403
