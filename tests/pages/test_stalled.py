"""What the server gave up on is shown with its meaning, and a human lets it be tried again."""

from server.db import logbook, tasks
from server.db.unit import atomic
from server.domain.tasks import TaskState
from server.domain.users import Role
from tests.factories import START
from tests.pages.conftest import House


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
