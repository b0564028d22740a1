"""What was shared with whom, when, by whom released, by which channel and in which true state (J9)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from server.actions import handoffs
from server.channels.handoff import HandoffState
from server.db import shares
from server.db.tables import MessageRow
from server.db.unit import atomic
from server.domain.messages import MessageState
from server.domain.shares import LEFT, photos_of
from server.ids import new_id
from tests import factories
from tests.sites import photo_bytes
from tests.talks import Firm

PHOTO = "01a20ae3-6bce-716f-8967-edd424ddc228"


@atomic
async def said(company_id: UUID, **fields: Any) -> UUID:
    at = factories.START
    row: dict[str, Any] = {
        "id": new_id(), "company_id": company_id, "channel": "whatsapp", "direction": "out", "kind": "text",
        "state": "sent", "at": at, "created_at": at, "changed_at": at,
    }  # fmt: skip
    return UUID(str((await MessageRow.create(**(row | fields))).id))


@pytest.mark.parametrize(
    ("step", "found"),
    [
        (None, 0),
        ({}, 0),
        ({"picture": None, "call": {}}, 0),
        ({"picture": {"ref": f"c/2026/11/{PHOTO}.outgoing-1a2b3c4d.jpg"}, "call": {}}, 1),
        (
            {
                "picture": None,
                "call": {"pictures": [f"c/2026/11/{PHOTO}.outgoing-1.jpg", "c/2026/11/x.jpg", 7]},
            },
            1,
        ),
        ({"picture": {"ref": ""}, "call": [1]}, 0),
        ({"picture": "odd", "call": {"pictures": "odd"}}, 0),
    ],
)
def test_the_call_names_its_photos(step: dict[str, Any] | None, found: int) -> None:
    assert photos_of(step) == [UUID(PHOTO)] * found


async def test_a_question_by_messenger_and_one_by_hand(firm: Firm) -> None:
    await firm.hello()
    one, two = await firm.photo(1), await firm.photo(2)
    await firm.release(await firm.ask(one, text="Welche Fuge?"))
    await firm.work()
    firm.clock.go(hours=1)
    by_hand = await firm.ask(two, text="Passt das so?")
    await firm.release(by_hand, "whatsapp_handoff")
    await firm.work()
    path, customer = f"/jobs/{firm.job}/shared", f"/customers/{firm.contact.customer_id}/shared"
    async with firm.browser(firm.office) as office, firm.browser(firm.worker) as worker:
        before = (await office.get(path)).text
        assert "Welche Fuge?" in before and "Passt das so?" not in before, "made ready is not shared"
        assert "zugestellt" in before and "Sabine Koch" in before and "Petra Müller" in before
        assert "+4915123456789" in before and "Antwort-Link: offen bis" in before
        assert f'href="/photos/{one.id}"' in before
        for state in (HandoffState.OPENED, HandoffState.CONFIRMED):
            await handoffs.move(firm.office, await firm.now(by_hand), state, at=firm.clock.at)
        for page in ((await office.get(path)).text, (await office.get(customer)).text):
            row = (
                page.split("Passt das so?")[0].rpartition("<tr>")[2]
                + page.split("Passt das so?")[1].split("</tr>")[0]
            )
            assert "WhatsApp von Hand" in row and "laut Mitarbeiter gesendet" in row
            assert "zugestellt" not in row and "gelesen" not in row, "by hand nobody knows"
            assert f'href="/photos/{two.id}"' in row
        assert path in (await office.get(f"/jobs/{firm.job}")).text
        assert customer in (await office.get(f"/customers/{firm.contact.customer_id}")).text
        await office.post(f"/photos/{two.id}/deletion")
        assert "Foto, hier gelöscht" in (await office.get(path)).text
        assert (await worker.get(path)).status_code == (await worker.get(customer)).status_code == 403
        assert path not in (await worker.get(f"/jobs/{firm.job}")).text


async def test_a_used_link_is_told(firm: Firm) -> None:
    from tests.pages.test_answers import link_of

    await firm.hello()
    question = await firm.ask(await firm.photo(1))
    await firm.release(question)
    await firm.work()
    async with firm.client() as customer, firm.browser(firm.office) as office:
        await customer.post(
            await link_of(firm, question),
            data={"text": "hell"},
            files=[("photo", ("a.jpg", photo_bytes(seed=5)))],
        )
        await office.post(f"/questions/{question.id}/link/revocation")
        page = (await office.get(f"/jobs/{firm.job}/shared")).text
    assert "Antwort-Link: gesperrt heute" in page and "benutzt heute" in page


async def test_only_what_left_is_listed(firm: Firm) -> None:
    made = {state: await said(firm.company_id, job_id=firm.job, state=state) for state in MessageState}
    await said(firm.company_id, job_id=firm.job, state="received", direction="in")
    other = await factories.company("Fremd")
    await said(other.id, job_id=None)
    found = await shares.of_job(firm.company_id, firm.job)
    assert {share.id for share in found.items} == {made[state] for state in LEFT}
    assert (await shares.of_job(other.id, firm.job)).items == []
    assert (await shares.of_customer(other.id, firm.contact.customer_id)).items == []
    not_gone = {"failed", "stopped", "queued", "leased", "prepared", "discarded", "received"}
    assert not_gone == {state.value for state in MessageState} - {state.value for state in LEFT}


async def test_pages_and_a_number_of_statements_that_does_not_grow(
    firm: Firm, statements: Callable[[], list[str]]
) -> None:
    async def count() -> int:
        before = len(statements())
        await shares.of_customer(firm.company_id, firm.contact.customer_id)
        return len(set(statements()[before:]))

    few = await count()
    ids = []
    for number in range(120):
        at = factories.START + timedelta(minutes=number // 3)
        ids.append(
            await said(firm.company_id, contact_id=firm.contact.id, job_id=firm.job, created_at=at, at=at)
        )
    assert await count() == few <= 4
    seen: list[UUID] = []
    before: str | None = None
    while True:
        found = await shares.of_job(firm.company_id, firm.job, before=before)
        seen += [share.id for share in found.items]
        before = found.next
        if before is None:
            break
    assert len(seen) == len(set(seen)) == 120 and set(seen) == set(ids)
    async with firm.browser(firm.office) as office:
        page = (await office.get(f"/jobs/{firm.job}/shared")).text
        assert "?before=" in page and "Ältere" in page
        assert (await office.get(f"/jobs/{firm.job}/shared?before=quatsch")).status_code == 200
