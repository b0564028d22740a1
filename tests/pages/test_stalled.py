"""What the server gave up on is shown with its meaning, and a human lets it be tried again."""

from server.actions.received_photos import Received, keep_picture
from server.actions.sweep import sweep
from server.db import logbook, tasks
from server.db.unit import atomic
from server.domain.tasks import TaskState
from server.domain.users import Role
from server.ids import new_id
from tests.factories import START
from tests.pages.conftest import House
from tests.sites import photo_bytes


@atomic
async def _give_up(house: House, kind: str) -> None:
    company_id = house.acting(Role.OFFICE).company_id
    await tasks.insert_task(company_id, kind, {"raw": "1"}, at=START)
    (task,) = [one for one in await tasks.claim("w", at=START, lease_s=60, limit=50) if one.kind == kind]
    await tasks.settle(task, TaskState.DEAD, at=START, error="OSError: disk <b>")


async def test_shown_and_tried_again(house: House) -> None:
    assert "Nichts ist liegengeblieben" in (await house.office.get("/stalled")).text
    await _give_up(house, "inbox.process")
    await _give_up(house, "made.up")
    assert "Vorgänge liegengeblieben" in (await house.office.get("/")).text
    shown = (await house.office.get("/stalled")).text
    assert "steht aber noch in keiner Unterhaltung" in shown and "made.up: OSError: disk &lt;b&gt;" in shown
    company_id = house.acting(Role.OFFICE).company_id
    first, second = await tasks.of_company_dead(company_id)
    answer = await house.office.post(f"/stalled/{second.id}")
    assert answer.status_code == 303
    assert await tasks.of_company_dead(company_id) == [first]
    assert (await house.office.post(f"/stalled/{second.id}")).status_code == 404
    entries = (await logbook.of_subject(company_id, second.id)).items
    assert [line.entry.verb for line in entries] == ["task.tried_again"]
    assert (await house.worker.get("/stalled")).status_code == 403


async def test_a_lost_original_is_told_on_every_page_of_the_office(house: House) -> None:
    worker, services = house.acting(Role.WORKER), house.app.state.services
    ids = [new_id() for _ in range(3)]
    for seed, ident in enumerate(ids):
        came = Received(ident, worker.company_id, photo_bytes(seed=seed), None, None)
        photo = await keep_picture(services, came, at=START)
    path = services.storage.local_path(photo.storage_key)
    aside = path.rename(path.with_suffix(".away"))
    await sweep(services)
    assert "Original fehlt auf dem Server" in (await house.office.get("/")).text
    shown = (await house.office.get("/stalled")).text
    assert "1 Original fehlt auf dem Server" in shown and f"/photos/{ids[-1]}" in shown
    assert "Das Original fehlt auf dem Server." in (await house.office.get(f"/photos/{ids[-1]}")).text
    aside.rename(path)
    await sweep(services)
    assert "Nichts ist liegengeblieben" in (await house.office.get("/stalled")).text
    folder = path.parents[2]
    folder.rename(folder.with_name("elsewhere"))
    await sweep(services)
    for page in ("/", "/stalled"):
        shown = (await house.office.get(page)).text
        assert "findet seinen Speicher für Originale nicht" in shown and "fehlt auf" not in shown
