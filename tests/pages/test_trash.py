"""Throwing away, the trash and the way back, as people see them."""

from server.domain.users import Role
from tests import factories
from tests.pages.conftest import House
from tests.pages.test_reviews import arrived


async def test_into_the_trash_and_back(house: House) -> None:
    job = await factories.job(house.acting(Role.OFFICE))
    photo, double = await arrived(house, job.id, caption="Fuge"), await arrived(house, job.id, caption="Fuge")
    twin = (await house.office.get(f"/photos/{double.id}")).text
    assert "Sieht aus wie dieses Foto" in twin and f"/photos/{photo.id}" in twin
    assert "vermutlich doppelt" in (await house.office.get(f"/reviews?job={job.id}")).text
    went = await house.office.post(f"/photos/{double.id}/deletion")
    assert (went.status_code, went.headers["location"]) == (303, f"/reviews?job={job.id}")
    assert (await house.office.get(f"/photos/{double.id}")).status_code == 404
    shown = (await house.office.get("/trash")).text
    assert "noch 30 Tage" in shown and job.title in shown and "Sabine Koch" in shown
    assert (await house.worker.get("/trash")).status_code == 403
    thumb = f"/photos/{double.id}/renditions/thumb?trash"
    assert (await house.worker.get(thumb)).status_code == 404
    back = await house.office.post(f"/photos/{double.id}/restoration")
    assert back.headers["location"] == f"/photos/{double.id}"
    assert "Der Papierkorb ist leer" in (await house.office.get("/trash")).text
    own = await house.worker.post(f"/photos/{photo.id}/deletion")
    assert (own.status_code, own.headers["location"]) == (303, f"/jobs/{job.id}")
    assert f"photo-{photo.id}" not in (await house.worker.get(f"/jobs/{job.id}")).text


async def test_a_pane_that_shows_a_photo_says_when_it_is_gone(house: House) -> None:
    """A refusal to a part of a page was a template that did not exist, so the pane got a 500."""
    job = await factories.job(house.acting(Role.OFFICE))
    photo = await arrived(house, job.id)
    await house.office.post(f"/photos/{photo.id}/deletion")
    pane = await house.office.get(f"/photos/_open/{photo.id}", headers={"HX-Request": "true"})
    assert pane.status_code == 404 and "Dieses Foto gibt es hier nicht" in pane.text
    assert "<html" not in pane.text
