"""The sandbox's page refuses what Messenger refuses, and its webhooks look like Messenger's."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from server.domain.events import Echo, InboundMessage, Joined, MessageKind, Status, StatusUpdate, Watermark
from server.domain.outcomes import Accepted, NeedsTemplate
from server.ids import new_id
from server.sandbox import HOSTILE, Fault, Whims
from tests.channels.lines import CHOICES, JPEG, NOON, draft, load, no_raw
from tests.channels.messenger_lines import PAGE, SETTINGS, MessengerLine

URL = f"/graph/v25.0/{PAGE}"
BEARER = {"Authorization": f"Bearer {SETTINGS['page_token']}"}
FOREVER = NOON + timedelta(days=99)
REPLY = {"content_type": "text", "title": "Ja", "payload": "q:y"}
BUTTON = {"type": "postback", "title": "Ja", "payload": "q:y"}


@pytest.fixture
async def line() -> AsyncIterator[MessengerLine]:
    fresh = MessengerLine()
    async with fresh.http:
        yield fresh
        await fresh.sandbox.settle()


def text(**values: Any) -> dict[str, Any]:
    return {"messaging_type": "RESPONSE", "message": {"text": "Hallo", **values}}


def buttons(**values: Any) -> dict[str, Any]:
    payload = {"template_type": "button", "text": "?", "buttons": [BUTTON], **values}
    return {"messaging_type": "RESPONSE", "message": {"attachment": {"type": "template", "payload": payload}}}


def image(**payload: Any) -> dict[str, Any]:
    return {"messaging_type": "RESPONSE", "message": {"attachment": {"type": "image", "payload": payload}}}


async def error_of(
    line: MessengerLine, call: Any, headers: dict[str, str] = BEARER
) -> tuple[int, int] | None:
    """Return (code, subcode) of a refusal; every refusal must have Meta's shape."""
    body = {"recipient": {"id": line.psid.value}, **call} if isinstance(call, dict) else call
    answer = await line.http.post(f"{URL}/messages", json=body, headers=headers)
    error = answer.json().get("error")
    assert (answer.status_code == 200) is (error is None)
    if error is None:
        assert set(answer.json()) == {"recipient_id", "message_id"}
        return None
    assert {"message", "type", "code", "fbtrace_id"} <= set(error)
    return error["code"], error.get("error_subcode", 0)


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (text(), None),
        (text(text="x" * 2000), None),
        (text(text="x" * 2001), (100, 0)),
        (text(text=""), (100, 0)),
        (text(text=None), (100, 0)),
        (text(metadata="x" * 1000), (100, 0)),
        (text(extra=1), (100, 0)),
        (text(quick_replies=[REPLY] * 13), None),
        (text(quick_replies=[REPLY] * 14), (100, 0)),
        (text(quick_replies=[]), (100, 0)),
        (text(quick_replies=[{**REPLY, "title": "x" * 21}]), (100, 0)),
        (text(quick_replies=[{**REPLY, "payload": "x" * 1001}]), (100, 0)),
        (text(quick_replies=[{**REPLY, "content_type": "button"}]), (100, 0)),
        (text(attachment={"type": "image"}), (100, 0)),
        ({**text(), "message": {}}, (100, 0)),
        ({**text(), "message": "Hallo"}, (100, 0)),
        ({**text(), "messaging_type": None}, (100, 0)),
        ({**text(), "messaging_type": "UPDATE"}, None),
        ({**text(), "messaging_type": "MESSAGE_TAG"}, (100, 0)),
        ({**text(), "tag": "HUMAN_AGENT"}, (100, 0)),
        ({**text(), "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}, None),
        ({**text(), "messaging_type": "MESSAGE_TAG", "tag": "ACCOUNT_UPDATE"}, (100, 0)),
        ({**text(), "messaging_type": "MESSAGE_TAG", "tag": "POST_PURCHASE_UPDATE"}, (100, 0)),
        ({**text(), "messaging_type": "MESSAGE_TAG", "tag": "CONFIRMED_EVENT_UPDATE"}, (100, 0)),
        ({**text(), "messaging_type": "MESSAGE_TAG", "tag": "NON_PROMOTIONAL"}, (100, 0)),
        ({**text(), "extra": 1}, (100, 0)),
        ({**text(), "recipient": {"id": "1"}}, (100, 2018001)),
        ({**text(), "recipient": {"phone_number": "+49"}}, (100, 0)),
        ({**text(), "recipient": None}, (100, 0)),
        (buttons(), None),
        (buttons(buttons=[BUTTON] * 3), None),
        (buttons(buttons=[BUTTON] * 4), (100, 0)),
        (buttons(buttons=[]), (100, 0)),
        (buttons(buttons=["Ja"]), (100, 0)),
        (buttons(buttons=[{**BUTTON, "title": "x" * 21}]), (100, 0)),
        (buttons(text="x" * 641), (100, 0)),
        (buttons(template_type="generic"), (100, 0)),
        (image(attachment_id="404"), (100, 0)),
        (image(), (100, 0)),
        (image(attachment_id="404", caption="x"), (100, 0)),
        ([], (100, 0)),
    ],
)
async def test_a_message_is_refused_with_metas_code(
    line: MessengerLine, call: Any, error: tuple[int, int] | None
) -> None:
    await line.opened()
    assert await error_of(line, call) == error
    assert len(line.sabine.bubbles) == (2 if error is None else 1)


@pytest.mark.parametrize(("token", "subcode"), [("", 0), ("sandbox-wrong", 460), ("EAAG-a-real-one", 0)])
async def test_a_wrong_token_is_refused_before_anything_else(
    line: MessengerLine, token: str, subcode: int
) -> None:
    assert await error_of(line, {}, {"Authorization": f"Bearer {token}"}) == (190, subcode)


async def test_only_true_pictures_are_taken_and_kept_for_90_days(line: MessengerLine) -> None:
    await line.opened()
    form = {"message": json.dumps({"attachment": {"type": "image", "payload": {"is_reusable": True}}})}

    async def upload(kind: str, data: bytes, message: dict[str, str] = form) -> Any:
        files = {"filedata": ("a.jpg", data, kind)}
        return (
            await line.http.post(f"{URL}/message_attachments", headers=BEARER, data=message, files=files)
        ).json()

    for kind, data in (("image/webp", b"RIFF"), ("image/png", JPEG), ("application/octet-stream", JPEG)):
        assert (await upload(kind, data))["error"]["code"] == 100
    assert (await upload("image/jpeg", JPEG, {"message": "?"}))["error"]["code"] == 100
    kept = await upload("image/jpeg", JPEG)
    assert await error_of(line, image(attachment_id=kept["attachment_id"])) is None
    await line.sandbox.advance(91 * 86400)
    line.sabine.write("Noch da?")
    assert await error_of(line, image(attachment_id=kept["attachment_id"])) == (100, 0)


@pytest.mark.parametrize(
    ("passed_s", "tagged", "is_open"),
    [
        (86_399, False, True),
        (86_401, False, False),
        (86_401, True, True),
        (7 * 86_400 - 1, True, True),
        (7 * 86_400 + 1, True, False),
    ],
)
async def test_the_windows_edges(line: MessengerLine, passed_s: int, tagged: bool, is_open: bool) -> None:
    await line.opened()
    await line.sandbox.advance(passed_s)
    until = NOON - timedelta(hours=1) if tagged else FOREVER
    (outcome,) = await line.say(draft("Noch da?"), until)
    assert isinstance(outcome, Accepted if is_open else NeedsTemplate)
    assert len(line.sabine.bubbles) == (2 if is_open else 1)


async def test_who_has_not_written_gets_nothing(line: MessengerLine) -> None:
    assert isinstance((await line.say(draft("Guten Tag")))[0], NeedsTemplate)
    line.platform.arrive(line.account, line.person, "wort")  # no start button yet: nothing happens
    assert isinstance((await line.say(draft("Guten Tag")))[0], NeedsTemplate)
    assert line.sabine.bubbles == []


async def test_a_permission_that_is_missing_is_no_closed_window(line: MessengerLine) -> None:
    await line.opened()
    line.platform.human_agent.clear()
    call = {**text(), "messaging_type": "MESSAGE_TAG", "tag": "HUMAN_AGENT"}
    assert await error_of(line, call) == (10, 0)


async def test_block_is_told_only_to_who_writes(line: MessengerLine) -> None:
    await line.opened()
    line.sabine.block(blocked=True)
    await line.sandbox.settle()
    assert line.bodies == []
    assert await error_of(line, text()) == (551, 1545041)
    line.sabine.block(blocked=False)
    assert await error_of(line, text()) is None


async def test_taps_name_their_question_in_both_kinds(line: MessengerLine) -> None:
    await line.opened()
    for said in (draft("Welche Fuge?", choices=CHOICES), draft("x" * 700, choices=CHOICES)):
        await line.say(said)
        asked = line.sabine.bubbles[-1]
        assert line.sabine.tap(asked.id, "q:z") is None
        assert line.sabine.tap(asked.id, "q:b")
        assert line.sabine.tap(asked.id, "q:a") is None
    await line.sandbox.settle()
    assert [(tap.kind, tap.button_id, tap.text) for tap in line.inbound()] == [
        (MessageKind.BUTTON, "q:b", "Manhattan")
    ] * 2
    told = b"".join(body for body, _ in line.bodies)
    assert (told.count(b'"postback":'), told.count(b'"quick_reply":')) == (1, 1)


async def test_photos_come_one_by_one_and_at_once(line: MessengerLine) -> None:
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    names = [line.platform.keep(JPEG, "image/jpeg") for _ in range(3)]
    album = line.platform.album(line.account, line.person, names)
    await line.sandbox.settle()
    photo, words, *several = line.inbound()
    assert (photo.kind, photo.text, words.text) == (MessageKind.IMAGE, "", "hier")
    assert [message.foreign_id for message in several] == [bubble.id for bubble in album]
    for message in (photo, *several):
        assert message.media
        assert await line.channel.fetch_media(message.media, no_raw) == JPEG


async def test_a_quote_and_a_link_come_along(line: MessengerLine) -> None:
    await line.opened()
    await line.say(draft("Wann?"))
    asked = line.sabine.bubbles[-1]
    line.sabine.write("Um acht", quoted=asked.id)
    line.platform.arrive(line.account, line.person, "wort")
    await line.sandbox.settle()
    assert line.inbound()[0].context_id == asked.id
    (joined,) = [event for event in line.events() if isinstance(event, Joined)]
    assert (joined.payload, joined.sender) == ("wort", (line.psid,))


async def test_read_is_one_moment_for_everything(line: MessengerLine) -> None:
    await line.opened()
    await line.say(draft("Eins"))
    await line.say(draft("Zwei"))
    line.sabine.look()
    line.sabine.look()
    await line.sandbox.settle()
    assert line.read_upto() == [NOON]
    assert {bubble.status for bubble in line.sabine.bubbles if bubble.from_firm} == {Status.READ}


async def test_words_from_the_inbox_come_without_our_mark(line: MessengerLine) -> None:
    await line.opened()
    bubble = line.platform.by_hand(line.account, line.person, "Bis morgen")
    await line.sandbox.settle()
    (echo,) = line.echoes()
    assert (echo.foreign_id, echo.opaque, echo.text) == (bubble.id, "", "Bis morgen")


async def test_an_echo_may_come_before_the_answer(line: MessengerLine) -> None:
    await line.opened()
    line.sandbox.set_whims(Whims(early=1.0))
    line.sandbox.set_fault("messenger.messages", Fault.SLOW_AFTER)
    said = draft("Hallo")
    (step,) = line.plan(said)
    await line.channel.send(step, new_id(), load)
    assert [echo.opaque for echo in line.echoes()] == [str(said.intent_ids[0])]


async def test_webhooks_are_escaped_as_meta_escapes_them(line: MessengerLine) -> None:
    line.sabine.write("Mängel 🔧 gefunden")
    await line.sandbox.settle()
    ((body, headers),) = line.bodies
    assert body.isascii() and b"M\\u00e4ngel \\ud83d\\udd27" in body
    again = json.dumps(json.loads(body), ensure_ascii=False).encode()
    assert not line.channel.verify(again, headers)
    assert line.inbound()[0].text == "Mängel 🔧 gefunden"


@pytest.mark.parametrize(("minutes", "heard"), [(59, ["Eins", "Zwei"]), (61, [])])
async def test_an_hour_of_failing_webhooks_unsubscribes_the_page(
    line: MessengerLine, minutes: int, heard: list[str]
) -> None:
    line.answer = 500
    line.sabine.write("Eins")
    await line.sandbox.settle()
    await line.sandbox.advance(minutes * 60)
    line.answer = 200
    line.sabine.write("Zwei")
    await line.sandbox.advance(3600)
    assert sorted(message.text for message in line.inbound()) == heard
    listed = (await line.http.get(f"{URL}/subscribed_apps", headers=BEARER)).json()["data"]
    assert len(listed) == (1 if heard else 0)


async def test_what_waited_when_the_page_was_unsubscribed_never_comes(line: MessengerLine) -> None:
    line.answer = 500
    line.sabine.write("Verloren")
    await line.sandbox.settle()
    await line.sandbox.advance(2 * 3600)
    line.answer = 200
    await line.channel.check("")
    line.sabine.write("Gehört")
    await line.sandbox.advance(8 * 86400)
    assert [message.text for message in line.inbound()] == ["Gehört"]


async def test_one_taken_webhook_ends_the_hour(line: MessengerLine) -> None:
    line.answer = 500
    line.sabine.write("Eins")
    await line.sandbox.settle()
    line.answer = 200
    await line.sandbox.advance(50 * 60)
    line.answer = 500
    line.sabine.write("Zwei")
    await line.sandbox.advance(50 * 60)
    line.answer = 200
    await line.sandbox.advance(3600)
    assert [message.text for message in line.inbound()] == ["Eins", "Zwei"]


async def test_only_what_is_subscribed_is_told(line: MessengerLine) -> None:
    async def subscribe(fields: str) -> Any:
        data = {"subscribed_fields": fields}
        return (await line.http.post(f"{URL}/subscribed_apps", data=data, headers=BEARER)).json()

    assert (await subscribe(""))["error"]["code"] == 100
    assert (await subscribe("messages,nichts"))["error"]["code"] == 100
    assert await subscribe("messages") == {"success": True}
    line.sabine.write("Hallo")
    await line.say(draft("Guten Tag"))
    line.sabine.look()
    await line.sandbox.settle()
    assert [type(event) for event in line.events()] == [InboundMessage]
    assert (await line.http.delete(f"{URL}/subscribed_apps", headers=BEARER)).json() == {"success": True}
    line.sabine.write("Hallo?")
    await line.sandbox.settle()
    assert len(line.inbound()) == 1


@pytest.mark.parametrize("seed", range(8))
async def test_hostile_webhooks_still_tell_everything(seed: int) -> None:
    """Doubles, disorder, delay and rubbish: by their keys every event is there, once."""
    line = MessengerLine(seed)
    line.sandbox.set_whims(HOSTILE)
    async with line.http:
        for number in range(6):
            line.sabine.write(f"Nr. {number}")
            await line.say(draft(f"Antwort {number}", choices=CHOICES))
        line.sabine.look()
        for _ in range(4):
            await line.sandbox.advance(30)
        await line.sandbox.settle()
    theirs = [bubble.id for bubble in line.sabine.bubbles if not bubble.from_firm]
    ours = [bubble.id for bubble in line.sabine.bubbles if bubble.from_firm]
    assert {event.key for event in line.inbound()} == set(theirs)
    assert {echo.foreign_id for echo in line.echoes()} == set(ours)
    assert line.delivered() == set(ours)
    assert set(line.read_upto()) == {NOON}
    assert all(isinstance(event, InboundMessage | Echo | StatusUpdate | Watermark) or "unknown" in event.key
               for event in line.events())  # fmt: skip


async def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for _ in range(2):
        line = MessengerLine(5)
        line.sandbox.set_whims(HOSTILE)
        async with line.http:
            line.sabine.write("Guten Tag")
            line.sabine.write("Noch etwas")
            await line.sandbox.advance(60)
            await line.sandbox.settle()
        stories.append([body for body, _ in line.bodies])
    assert stories[0] == stories[1]


async def test_page_and_number_live_behind_the_same_address(line: MessengerLine) -> None:
    """Both products share graph.facebook.com: a call goes to whom its id belongs."""
    line.sandbox.add_account(
        "number", name="Berger", own_id="55", display="+49151", token="sandbox-n", secret="x"
    )
    call = {"messaging_product": "whatsapp", "recipient_type": "individual", "to": "+491712345678", "type": "text",
            "text": {"body": "Hallo"}}  # fmt: skip
    headers = {"Authorization": "Bearer sandbox-n"}
    answer = (await line.http.post("/graph/v25.0/55/messages", json=call, headers=headers)).json()
    assert answer["error"]["code"] == 131047
    assert (await line.http.get(URL, headers=BEARER)).json() == {"id": PAGE, "name": "Malerbetrieb Berger"}
    assert (await line.http.get("/graph/v25.0/app", headers=BEARER)).json() == {"id": f"7{PAGE}"}


async def test_the_phone_writes_taps_sends_a_photo_and_blocks(line: MessengerLine) -> None:
    here = "/phone/sabine"
    await line.http.post(f"{here}/messages", data={"text": "Wann kommen Sie?"})
    await line.say(draft("Welche Fuge?", 1, choices=CHOICES))
    await line.http.post(f"{here}/photos", files={"photo": ("a.jpg", JPEG, "image/jpeg")})
    asked = line.sabine.bubbles[2]
    shown = (await line.http.get(here)).text
    assert ">Manhattan</button>" in shown and "Malerbetrieb Berger" in shown
    assert shown.count("<img src=") == 2
    await line.http.post(f"{here}/taps", data={"message": asked.id, "button": "q:b"})
    await line.http.post(f"{here}/block", data={"blocked": "yes"})
    await line.sandbox.settle()
    assert [(one.kind.value, one.text, one.button_id) for one in line.inbound()] == [
        ("text", "Wann kommen Sie?", ""),
        ("image", "", ""),
        ("button", "Manhattan", "q:b"),
    ]
    assert line.person.blocked
