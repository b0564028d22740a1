"""The sandbox refuses what Meta refuses, and its webhooks look like Meta's."""

import json
from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from server.domain.events import StatusUpdate
from server.domain.outcomes import Accepted, NeedsTemplate, Throttled
from server.ids import new_id
from server.sandbox import HOSTILE, Fault, Whims, create_sandbox
from tests.channels.lines import CHOICES, JPEG, NOON, SETTINGS, Line, draft, load, spec

URL = f"/graph/v25.0/{SETTINGS['phone_number_id']}"
BEARER = {"Authorization": f"Bearer {SETTINGS['access_token']}"}
TEXT: dict[str, Any] = {
    "messaging_product": "whatsapp",
    "recipient_type": "individual",
    "to": "+491712345678",
    "type": "text",
    "text": {"body": "Hallo"},
}
FOREVER = NOON + timedelta(days=99)


def interactive(titles: list[str], **values: Any) -> dict[str, Any]:
    buttons = [{"type": "reply", "reply": {"id": f"i{n}", "title": title}} for n, title in enumerate(titles)]
    block = {"type": "button", "body": {"text": "?"}, "action": {"buttons": buttons}, **values}
    return {**{key: TEXT[key] for key in TEXT if key != "text"}, "type": "interactive", "interactive": block}


def template(**values: Any) -> dict[str, Any]:
    block = {"name": "rueckfrage_foto", "language": {"policy": "deterministic", "code": "de"}, **values}
    return {**{key: TEXT[key] for key in TEXT if key != "text"}, "type": "template", "template": block}


async def code_of(line: Line, call: dict[str, Any], headers: dict[str, str] = BEARER) -> int | None:
    answer = await line.http.post(f"{URL}/messages", json=call, headers=headers)
    body = answer.json()
    assert (answer.status_code == 200) is ("error" not in body)
    return body["error"]["code"] if "error" in body else None


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (TEXT, None),
        ({**TEXT, "messaging_product": "x"}, 100),
        ({**TEXT, "recipient_type": None}, 131009),
        ({**TEXT, "to": "491712345678"}, 131009),
        ({**TEXT, "to": "DE.13491208655302741918"}, 131009),
        ({**TEXT, "to": None}, 131008),
        ({**TEXT, "type": None}, 131008),
        ({**TEXT, "type": "image"}, 100),
        ({**TEXT, "extra": 1}, 100),
        ({**TEXT, "text": {"body": ""}}, 131009),
        ({**TEXT, "text": {"body": "x" * 4097}}, 131009),
        ({**TEXT, "text": "Hallo"}, 100),
        ({**TEXT, "context": {"message_id": "wamid.fremd"}}, 131009),
        (interactive(["Ja", "Nein"]), None),
        (interactive([]), 131009),
        (interactive(["1", "2", "3", "4"]), 131009),
        (interactive(["x" * 21]), 131009),
        (interactive(["Ja", "Ja"]), 131009),
        (interactive(["Ja"], header={"type": "image", "image": {"id": "99"}}), 131009),
        (interactive(["Ja"], body={"text": "x" * 1025}), 131009),
        (template(name="fremd"), 132001),
        (template(), 132000),
        (template(components=[{"type": "body", "parameters": [{"type": "text", "text": "a\nb"}]}]), 132012),
        (template(components=[{"type": "body", "parameters": [{"type": "text", "text": "a"}]}]), 132012),
        (template(language={"code": "de"}), 131009),
    ],
)
async def test_a_message_is_refused_with_metas_code(
    line: Line, call: dict[str, Any], code: int | None
) -> None:
    await line.opened()
    assert await code_of(line, call) == code
    assert len(line.sabine.bubbles) == (2 if code is None else 1)


@pytest.mark.parametrize("token", ["", "sandbox-wrong", "EAAG-a-real-one"])
async def test_a_wrong_token_is_refused_before_anything_else(line: Line, token: str) -> None:
    assert await code_of(line, {}, {"Authorization": f"Bearer {token}"}) == 190


async def test_a_real_token_opens_no_account(line: Line) -> None:
    with pytest.raises(ValueError, match="sandbox-"):
        line.sandbox.add_account("real", name="x", own_id="1", display="+49", token="EAAG", secret="x")


@pytest.mark.parametrize(
    ("kind", "data"),
    [("image/webp", b"RIFF"), ("image/png", JPEG), ("image/jpeg", b"\xff\xd8\xff" + bytes(5_000_000))],
)
async def test_only_small_true_photos_are_taken(line: Line, kind: str, data: bytes) -> None:
    form = {"messaging_product": "whatsapp", "type": kind}
    answer = await line.http.post(
        f"{URL}/media", headers=BEARER, data=form, files={"file": ("a", data, kind)}
    )
    assert answer.json()["error"]["code"] == 131053


@pytest.mark.parametrize(("passed", "is_open"), [("23:59:59", True), ("24:00:01", False)])
async def test_the_windows_edge(line: Line, passed: str, is_open: bool) -> None:
    await line.opened()
    hours, minutes, seconds = map(int, passed.split(":"))
    await line.sandbox.advance(hours * 3600 + minutes * 60 + seconds)
    (outcome,) = await line.say(draft("Noch da?"), FOREVER)
    assert isinstance(outcome, Accepted if is_open else NeedsTemplate)


async def test_who_has_not_written_gets_templates_only(line: Line) -> None:
    (outcome,) = await line.say(draft("Guten Tag"))
    assert isinstance(outcome, NeedsTemplate)
    (outcome,) = await line.say(draft("Weiße Fuge?", 1), None)
    assert isinstance(outcome, Accepted)
    assert line.sabine.bubbles[0].text == "Guten Tag, eine Frage: Weiße Fuge? Danke!"


async def test_the_pair_limit_lets_45_through_then_one_every_six_seconds(line: Line) -> None:
    await line.opened()
    outcomes = [(await line.say(draft(f"Nr. {number}")))[0] for number in range(46)]
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 45 + [Throttled]
    await line.sandbox.advance(6)
    assert isinstance((await line.say(draft("Jetzt")))[0], Accepted)


async def test_a_file_address_lives_five_minutes(line: Line) -> None:
    bubble = line.sabine.send_photo(JPEG, "image/jpeg")
    query = {"phone_number_id": SETTINGS["phone_number_id"]}
    found = (await line.http.get(f"/graph/v25.0/{bubble.picture}", params=query, headers=BEARER)).json()
    assert (await line.http.get(found["url"], headers=BEARER)).content == JPEG
    assert (await line.http.get(found["url"])).status_code == 401
    await line.sandbox.advance(301)
    assert (await line.http.get(found["url"], headers=BEARER)).status_code == 404


@pytest.mark.parametrize("blocked", [True, False])
async def test_who_cannot_be_reached_is_told_by_a_status(line: Line, blocked: bool) -> None:
    await line.opened()
    line.sabine.block(blocked=blocked)
    await line.say(draft("Hallo"))
    await line.sandbox.settle()
    assert line.statuses() == (["failed"] if blocked else ["sent", "delivered"])
    failures = [
        event.error_code for event in line.events() if isinstance(event, StatusUpdate) and event.failure
    ]
    assert failures == (["131026"] if blocked else [])


async def test_every_webhook_is_valid_by_the_published_schema(line: Line) -> None:
    check = jsonschema.Draft202012Validator(
        {"$ref": "#/components/schemas/WebhookPayload", **spec("whatsapp-v23-repaired.schema.json")}
    )
    line.sabine.write("Guten Tag")
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    await line.say(draft("Welche Fuge?", 1, choices=CHOICES))
    await line.say(draft("Weiße Fuge?", 1), None)
    for bubble in line.sabine.bubbles[2:4]:
        assert line.sabine.tap(bubble.id, bubble.buttons[0][0])
    line.sabine.look()
    line.sabine.block(blocked=True)
    await line.say(draft("Hallo?"))
    await line.sandbox.settle()
    kinds = [message.kind.value for message in line.inbound()]
    assert kinds == ["text", "image", "button", "button"]
    assert line.statuses() == ["sent", "delivered"] * 2 + ["read"] * 2 + ["failed"]
    for body, _ in line.bodies:
        check.validate(json.loads(body))


async def test_a_tap_names_its_question(line: Line) -> None:
    await line.opened()
    await line.say(draft("Welche Fuge?", choices=CHOICES))
    question = line.sabine.bubbles[-1]
    assert line.sabine.tap(question.id, "q:z") is None
    assert line.sabine.tap(question.id, "q:b")
    assert line.sabine.tap(question.id, "q:a") is None
    await line.sandbox.settle()
    (answer,) = line.inbound()
    assert (answer.button_id, answer.text, answer.context_id) == ("q:b", "Manhattan", question.id)


async def test_a_hidden_number_never_shows(line: Line) -> None:
    line.sandbox.add_person("sabine", "Sabine Müller", "+491712345678", hides_number=True)
    line.sandbox.customer("sabine", "firm").write("Guten Tag")
    await line.sandbox.settle()
    (message,) = line.inbound()
    assert [identity.kind.value for identity in message.sender] == ["bsuid"]
    assert not any(b"491712345678" in body for body, _ in line.bodies)


async def test_what_the_firm_does_not_take_comes_again(line: Line) -> None:
    line.answer = 503
    bubble = line.sabine.write("Guten Tag")
    await line.sandbox.settle()
    line.answer = 200
    assert (line.bodies, bubble.status.value) == ([], "sent")
    await line.sandbox.advance(5)
    assert [message.text for message in line.inbound()] == ["Guten Tag"]
    assert bubble.status.value == "delivered"


@pytest.mark.parametrize("seed", range(8))
async def test_hostile_webhooks_still_tell_everything(seed: int) -> None:
    """Doubles, disorder, delay and rubbish: by their keys every event is there, once."""
    line = Line(seed)
    line.sandbox.set_whims(HOSTILE)
    async with line.http:
        for number in range(6):
            line.sabine.write(f"Nr. {number}")
            await line.say(draft(f"Antwort {number}", choices=CHOICES))
        for _ in range(4):
            await line.sandbox.advance(30)
        await line.sandbox.settle()
    keys = {event.key for event in line.inbound()}
    assert keys == {bubble.id for bubble in line.sabine.bubbles if not bubble.from_firm}
    updates = {event.key for event in line.events() if isinstance(event, StatusUpdate)}
    ours = [bubble.id for bubble in line.sabine.bubbles if bubble.from_firm]
    assert updates == {f"{bubble}:{status}" for bubble in ours for status in ("sent", "delivered")}


async def test_a_status_may_come_before_the_answer(line: Line) -> None:
    await line.opened()
    line.sandbox.set_whims(Whims(early=1.0))
    line.sandbox.set_fault("messages", Fault.SLOW_AFTER)
    said = draft("Hallo")
    (step,) = line.plan(said)
    await line.channel.send(step, new_id(), load)
    assert line.statuses(said.intent_ids[0]) == ["sent", "delivered"]


async def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for _ in range(2):
        line = Line(5)
        line.sandbox.set_whims(HOSTILE)
        async with line.http:
            line.sabine.write("Guten Tag")
            line.sabine.write("Noch etwas")
            await line.sandbox.advance(60)
            await line.sandbox.settle()
        stories.append([body for body, _ in line.bodies])
    assert stories[0] == stories[1]


async def test_it_works_below_a_prefix() -> None:
    async def deliver(*_: object) -> int:
        return 200

    sandbox = create_sandbox(deliver=deliver, clock=lambda: NOON)
    sandbox.add_account("firm", name="Berger", own_id="1", display="+49151", token="sandbox-x", secret="x")
    sandbox.add_person("ida", "Ida", "+491712345678")
    bubble = sandbox.customer("ida", "firm").send_photo(JPEG, "image/jpeg")
    app = Starlette(routes=[Mount("/sandbox", sandbox.app)])
    headers = {"Authorization": "Bearer sandbox-x"}
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://host") as http:
        found = (
            await http.get(f"/sandbox/graph/v25.0/{bubble.picture}?phone_number_id=1", headers=headers)
        ).json()
        assert (await http.get(found["url"], headers=headers)).content == JPEG
        page = await http.get("/sandbox/phone/ida")
        assert f'src="/sandbox/phone/ida/pictures/{bubble.picture}"' in page.text
        sent = await http.post("/sandbox/phone/ida/messages", data={"text": "Hallo"})
        assert sent.headers["location"] == "/sandbox/phone/ida#newest"
    await sandbox.settle()
