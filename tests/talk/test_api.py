"""The same story for programs, through /api/v1 alone."""

from typing import Any

import httpx

from server.ids import new_id
from tests.talks import Firm


async def ok(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_asked_sent_and_answered(firm: Firm) -> None:
    await firm.hello()
    photo = await firm.photo()
    body = {"job": str(firm.job), "photos": [str(photo.id)], "text": "Hell?", "choices": ["Ja", "Nein"]}
    async with firm.client(firm.office) as office:
        asked = await ok(await office.post("/api/v1/questions", json=body | {"channel": None}), 201)
        assert (asked["state"], asked["channel"]) == ("queued", "whatsapp")
        await firm.work()
        here = f"/api/v1/questions/{asked['id']}"
        assert (await ok(await office.get(here)))["state"] == "delivered"
        bubble = next(one for one in firm.petra.bubbles if one.buttons)
        firm.clock.go(minutes=1)
        firm.petra.tap(bubble.id, bubble.buttons[0][0])
        await firm.work()
        answered = await ok(await office.get(here))
        assert (answered["state"], answered["answer"]["words"]) == ("answered", "Ja")
        listed = await ok(await office.get("/api/v1/messages", params={"job": str(firm.job)}))
        assert [one["direction"] for one in listed["items"]] == ["in", "out"]
        assert listed["items"][0]["question"] == asked["id"]


async def test_blocked_with_reason_and_remedy_until_the_consent_is_there(firm: Firm) -> None:
    body: dict[str, Any] = {"job": str(firm.job), "photos": [], "text": "Hell?", "choices": []}
    async with firm.client(firm.office) as office:
        asked = await ok(await office.post("/api/v1/questions", json=body), 201)
        assert (asked["state"], asked["reason"]) == ("blocked", "consent.none")
        assert asked["remedy"].endswith(".")
        consent = {"contact": str(firm.contact.id), "proof": "signature", "proof_ref": "Auftrag, Seite 2"}
        line = await ok(await office.post("/api/v1/consents", json=consent), 201)
        assert (line["verb"], line["channel"], len(line["wording_hash"])) == ("granted", "whatsapp", 64)
        released = await ok(await office.post(f"/api/v1/questions/{asked['id']}/release", json={}))
        assert released["state"] == "queued"
        await office.post("/api/v1/consents", json=consent | {"verb": "withdrawn"})
        stopped = await ok(await office.get(f"/api/v1/questions/{asked['id']}"))
        assert (stopped["state"], stopped["reason"]) == ("blocked", "consent.withdrawn")
        listed = await ok(await office.get("/api/v1/consents", params={"contact": str(firm.contact.id)}))
        assert [one["verb"] for one in listed["items"]] == ["withdrawn", "granted"]
        by_hand = await ok(await office.post("/api/v1/consents", json=consent | {"channel": "sms"}), 201)
        assert (by_hand["channel"], "SMS" in by_hand["wording"]) == ("sms", True)
    await firm.work()
    assert firm.on_phone() == []


async def test_asked_again_after_a_lost_answer_it_is_asked_once(firm: Firm) -> None:
    """A program that never heard the answer sends the same again; the customer reads one question."""
    await firm.hello()
    body: dict[str, Any] = {"id": str(new_id()), "job": str(firm.job), "text": "Hell?", "choices": ["Ja"]}
    async with firm.client(firm.office) as office, firm.client(firm.worker) as worker:
        first = await ok(await office.post("/api/v1/questions", json=body), 201)
        again = await ok(await office.post("/api/v1/questions", json=body))
        assert first["id"] == again["id"] == body["id"] and again["state"] == "queued"
        other = await office.post("/api/v1/questions", json=body | {"text": "Dunkel?"})
        assert (other.status_code, other.json()["error"]["code"]) == (409, "item.differs")
        stranger = await worker.post("/api/v1/questions", json=body)
        assert stranger.status_code == 409
        await firm.work()
        assert (await ok(await office.post("/api/v1/questions", json=body)))["state"] == "delivered"
        await firm.work()
        assert len((await ok(await office.get("/api/v1/questions")))["items"]) == 1
    assert (
        len(firm.on_phone())
        == len({*firm.on_phone()})
        == len([one for one in firm.petra.bubbles if one.from_firm and "Hell?" in one.text])
    )


async def test_what_failed_is_not_sent_again_by_a_late_retry(firm: Firm) -> None:
    await firm.hello()
    body: dict[str, Any] = {"id": str(new_id()), "job": str(firm.job), "text": "Hell?", "choices": []}
    async with firm.client(firm.office) as office, firm.client(firm.worker) as worker:
        asked = await ok(await worker.post("/api/v1/questions", json=body), 201)
        here = f"/api/v1/questions/{asked['id']}/release"
        released = await ok(await office.post(here, json={"rev": asked["rev"]}))
        firm.petra.block(blocked=True)
        await firm.work()
        ended = await ok(await office.get(f"/api/v1/questions/{asked['id']}"))
        assert ended["state"] in ("failed", "blocked"), ended
        late = await office.post(here, json={"rev": asked["rev"]})
        assert (late.status_code, late.json()["error"]["code"]) == (409, "question.moved_on")
        assert released["rev"] > asked["rev"]


async def test_a_wrong_field_is_named_and_nothing_is_stored(firm: Firm) -> None:
    good: dict[str, Any] = {"job": str(firm.job), "photos": [], "text": "Hell?", "choices": []}
    stranger = "019a0000-0000-7000-8000-000000000000"
    wrong = {"job": stranger, "photos": [stranger], "text": "", "channel": "brieftaube", "contact": stranger}
    async with firm.client(firm.office) as office:
        for field, value in wrong.items():
            answer = await office.post("/api/v1/questions", json=good | {field: value})
            assert (answer.status_code, answer.json()["error"]["field"]) == (422, field)
        assert (await ok(await office.get("/api/v1/questions")))["items"] == []
        answer = await office.post("/api/v1/consents", json={"contact": stranger, "proof": "link"})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "contact")


async def test_a_worker_reads_a_job_not_the_house(firm: Firm) -> None:
    async with firm.client(firm.worker) as worker:
        assert (await worker.get("/api/v1/messages")).status_code == 403
        assert (await worker.get("/api/v1/messages", params={"job": str(firm.job)})).status_code == 200
        assert (await worker.get("/api/v1/consents")).status_code == 403
        call = await ok(
            await worker.post("/api/v1/calls", json={"job": str(firm.job), "text": "bis 14 Uhr"}), 201
        )
        listed = await ok(await worker.get("/api/v1/calls", params={"job": str(firm.job)}))
        assert [one["id"] for one in listed["items"]] == [call["id"]]
        asked = await worker.post("/api/v1/questions", json={"job": str(firm.job), "text": "Hell?"})
        assert (asked.status_code, asked.json()["state"]) == (201, "waiting_release")
        here = f"/api/v1/questions/{asked.json()['id']}"
        assert (await worker.post(f"{here}/release", json={})).status_code == 403
        assert (await ok(await worker.post(f"{here}/withdrawal")))["state"] == "withdrawn"
