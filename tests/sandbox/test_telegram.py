"""The sandbox refuses what the Bot API refuses, in its words, and tells what Telegram tells, as the published table says."""

import asyncio
import json
import struct
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from server.channels.telegram.plan import button_data
from server.domain.choices import Choice
from server.domain.events import Change, InboundMessage, Joined, OptOut, UnknownEvent
from server.domain.outcomes import Accepted, MediaFix, OptedOut, Permanent, Throttled
from server.ids import new_id
from server.sandbox import HOSTILE, Fault
from server.sandbox.postman import Answer
from server.sandbox.telegram.spec import METHODS, TYPES
from tests.channels.lines import JPEG, draft, load
from tests.channels.telegram_lines import HOOK, TOKEN, Published, TelegramLine

CHOICES = (Choice("q:a", "Weiß"), Choice("q:b", "Manhattan"))
URL = f"/telegram/bot{TOKEN}"


@pytest.fixture
def line() -> TelegramLine:
    return TelegramLine()


async def ask(line: TelegramLine, method: str, **args: Any) -> dict[str, Any]:
    answer = await line.http.post(f"{URL}/{method}", json=args)
    body: dict[str, Any] = answer.json()
    assert answer.status_code == (200 if body["ok"] else body["error_code"])
    assert body.keys() <= {"ok", "result"} if body["ok"] else body.keys() >= {"error_code", "description"}
    return body


def test_the_embedded_table_is_the_published_one() -> None:
    published = Published()
    for group, ours in (("methods", METHODS), ("types", TYPES)):
        for name, fields in ours.items():
            theirs = published.fields(group, name)
            assert fields == {key: (tuple(one["types"]), one["required"]) for key, one in theirs.items()}


def keyboard(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"inline_keyboard": [list(buttons)]}


@pytest.mark.parametrize(
    ("args", "description"),
    [
        ({"text": "Hallo"}, ""),
        ({"text": "Hallo", "chat_id": "4711"}, "Bad Request: chat not found"),
        ({"text": "Hallo", "chat_id": None}, "Bad Request: chat_id is empty"),
        ({"text": "Hallo", "chat_id": 1.5}, "Bad Request: chat_id must be Integer or String"),
        ({}, "Bad Request: text is empty"),
        ({"text": " \n "}, "Bad Request: message text is empty"),
        ({"text": 7}, "Bad Request: text must be String"),
        ({"text": "x" * 4096}, ""),
        ({"text": "x" * 4097}, "Bad Request: message is too long"),
        ({"text": "😀" * 2049}, "Bad Request: message is too long"),
        ({"text": "x", "recipient": "y"}, "Bad Request: recipient is unknown"),
        ({"text": "x", "disable_notification": "vielleicht"}, "Bad Request: can't parse disable_notification"),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "Bad Request: message to be replied not found"),
        ({"text": "x", "reply_parameters": {"message_id": 99, "allow_sending_without_reply": True}}, ""),
        ({"text": "x", "reply_parameters": {}}, 'Bad Request: field "message_id" must be given'),
        ({"text": "x", "reply_parameters": {"message_id": "1"}}, 'Bad Request: field "message_id" is unknown or of a wrong type'),
        ({"text": "x", "link_preview_options": {"disabled": True}}, 'Bad Request: field "disabled" is unknown or of a wrong type'),
        ({"text": "x", "reply_markup": keyboard({"text": "Ja", "callback_data": "ä" * 32})}, ""),
        ({"text": "x", "reply_markup": keyboard({"text": "Ja", "callback_data": "ä" * 33})}, "Bad Request: BUTTON_DATA_INVALID"),
        ({"text": "x", "reply_markup": keyboard({"text": "Ja"})}, "Bad Request: can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"),
        ({"text": "x", "reply_markup": keyboard({"text": " ", "callback_data": "1"})}, "Bad Request: can't parse inline keyboard button: Text is empty"),
    ],
)  # fmt: skip
async def test_a_message_is_refused_in_telegrams_words(
    line: TelegramLine, args: dict[str, Any], description: str
) -> None:
    await line.started()
    body = await ask(line, "sendMessage", **{"chat_id": int(line.identity.value), **args})
    assert body.get("description", "") == description
    assert len(line.from_firm()) == (0 if description else 1)


@pytest.mark.parametrize("token", ["1:sandbox-wrong-token", "123456789:AAH7-a-real-one", "x"])
async def test_a_wrong_token_is_refused_before_anything_else(line: TelegramLine, token: str) -> None:
    answer = await line.http.post(f"/telegram/bot{token}/sendMessage", json={})
    assert (answer.status_code, answer.json()["description"]) == (401, "Unauthorized")
    with pytest.raises(ValueError, match="sandbox-"):
        line.sandbox.add_account(
            "real", kind="telegram", name="x", own_id="1", display="@x", token="1:AAH7", secret="x"
        )


async def test_an_unknown_method_is_not_found(line: TelegramLine) -> None:
    assert (await ask(line, "sendEverything"))["error_code"] == 404


def png(width: int, height: int) -> bytes:
    return b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height)


def jpeg(width: int, height: int) -> bytes:
    start = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x11\x08"
    return start + struct.pack(">HH", height, width) + bytes(20)


@pytest.mark.parametrize(
    ("data", "description"),
    [
        (JPEG, ""),
        (png(6000, 4000), ""),
        (jpeg(2000, 100), ""),
        (png(6001, 4000), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (jpeg(2001, 100), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (jpeg(100, 2001), "Bad Request: PHOTO_INVALID_DIMENSIONS"),
        (b"RIFF....WEBP", "Bad Request: IMAGE_PROCESS_FAILED"),
        (b"", "Bad Request: file must be non-empty"),
    ],
)
async def test_only_true_photos_are_taken(line: TelegramLine, data: bytes, description: str) -> None:
    await line.started()
    answer = await line.http.post(
        f"{URL}/sendPhoto", data={"chat_id": line.identity.value}, files={"photo": ("a.jpg", data, "image/jpeg")}
    )  # fmt: skip
    assert answer.json().get("description", "") == description


async def test_a_photo_over_ten_megabytes_is_refused(line: TelegramLine) -> None:
    await line.started()
    answer = await line.http.post(
        f"{URL}/sendPhoto",
        data={"chat_id": line.identity.value},
        files={"photo": ("a.jpg", b"\xff\xd8\xff" + bytes(10 * 1024 * 1024), "image/jpeg")},
    )
    assert "is too big for a photo" in answer.json()["description"]


async def test_a_photo_by_address_is_none_of_ours(line: TelegramLine) -> None:
    await line.started()
    body = await ask(line, "sendPhoto", chat_id=int(line.identity.value), photo="https://x.example/a.jpg")
    assert body["description"] == "Bad Request: wrong file identifier/HTTP URL specified"


async def test_the_customer_must_press_start_before_the_bot_may_write(line: TelegramLine) -> None:
    (outcome,) = await line.say(draft("Guten Tag"))
    assert isinstance(outcome, Permanent)
    line.start("Wort-1_a")
    await line.sandbox.settle()
    (joined,) = line.events()
    assert isinstance(joined, Joined)
    assert (joined.payload, joined.sender, joined.profile_name) == (
        "Wort-1_a",
        (line.identity,),
        "Sabine Müller",
    )
    (outcome,) = await line.say(draft("Guten Tag"))
    assert isinstance(outcome, Accepted)


async def test_who_writes_first_has_pressed_start_first(line: TelegramLine) -> None:
    line.sabine.write("Guten Tag")
    await line.sandbox.settle()
    assert [type(event) for event in line.events()] == [Joined, InboundMessage]
    line.sabine.write("Noch etwas")
    await line.sandbox.settle()
    assert [type(event) for event in line.events()] == [Joined, InboundMessage, InboundMessage]


async def test_all_that_is_told_is_by_the_published_table(line: TelegramLine) -> None:
    published = Published()
    line.start("wort")
    line.sabine.write("Guten Tag")
    line.sabine.send_photo(JPEG, "image/jpeg", "hier")
    results = []
    for number, step in enumerate(line.plan(draft("Welche Fuge?", 2, choices=CHOICES))):
        args = {"photo": ("a.jpg", JPEG, "image/jpeg")}
        form = {
            name: value if isinstance(value, str) else json.dumps(value)
            for name, value in step.call["args"].items()
        }
        answer = await line.http.post(f"{URL}/{step.call['method']}", data=form, files=args)
        results.append(answer.json()["result"])
        assert number < 2
    asked = line.from_firm()[-1]
    assert line.sabine.tap(asked.id, asked.buttons[0][0])
    mine = line.sabine.write("Doch anders", quoted=asked.id)
    line.platform.edit(line.account, line.person, mine, "Doch weiß")
    line.sabine.block(blocked=True)
    line.sabine.block(blocked=False)
    await line.sandbox.settle()
    told = [type(event) for event in line.events()]
    assert told == [Joined, *[InboundMessage] * 4, Change, OptOut, OptOut]
    assert [wrong for body, _ in line.bodies for wrong in published.value(json.loads(body), "Update")] == []
    assert [wrong for result in results for wrong in published.value(result, "Message")] == []
    for method, kind in (("getMe", "User"), ("getWebhookInfo", "WebhookInfo")):
        assert published.value((await ask(line, method))["result"], kind) == []
    file = (await ask(line, "getFile", file_id=asked.picture))["result"]
    assert published.value(file, "File") == []
    numbers = [json.loads(body)["update_id"] for body, _ in line.bodies]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


async def test_a_tap_an_edit_and_a_block_are_told(line: TelegramLine) -> None:
    await line.started()
    choices = (Choice("0193a7c4-5e6f-7a80-9b1c-2d3e4f506172:c1", "Ja"), Choice("x", "Nein"))
    await line.say(draft("Geht das?", choices=choices))
    (asked,) = line.from_firm()
    assert asked.buttons[0] == (button_data(choices[0].id), "Ja")
    assert line.sabine.tap(asked.id, asked.buttons[0][0])
    assert line.sabine.tap(asked.id, asked.buttons[1][0]) is None
    line.platform.edit(line.account, line.person, line.sabine.write("Neun"), "Nein")
    line.sabine.block(blocked=True)
    line.sabine.block(blocked=True)
    await line.sandbox.settle()
    tap, _, change, stop = line.events()
    assert isinstance(tap, InboundMessage)
    assert (tap.button_id, tap.text) == (choices[0].id, "Ja")
    assert isinstance(change, Change)
    assert change.text == "Nein"
    assert isinstance(stop, OptOut)
    assert stop.stopped
    assert isinstance((await line.say(draft("Hallo?")))[0], OptedOut)


async def test_looking_tells_the_bot_nothing(line: TelegramLine) -> None:
    await line.started()
    await line.say(draft("Hallo"))
    line.sabine.look()
    await line.sandbox.settle()
    assert (line.from_firm()[0].status.value, line.bodies) == ("read", [])


async def test_too_many_in_one_chat_wait_a_second(line: TelegramLine) -> None:
    await line.started()
    outcomes = [(await line.say(draft(f"Nr. {number}")))[0] for number in range(21)]
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 20 + [Throttled]
    assert outcomes[-1] == Throttled(1.0, "429: Too Many Requests: retry after 1")
    await line.sandbox.advance(1)
    assert isinstance((await line.say(draft("Jetzt")))[0], Accepted)


async def test_a_bot_says_thirty_a_second_in_all(line: TelegramLine) -> None:
    line.sandbox.add_person("ida", "Ida", "+491712345679")
    ida = line.sandbox.customer("ida", "firm")
    line.sabine.write("Hallo")
    ida.write("Hallo")
    outcomes = []
    for person in ["sabine"] * 18 + ["ida"] * 13:
        number = line.platform.number(line.sandbox.world.people[person])
        outcomes.append((await ask(line, "sendMessage", chat_id=number, text="x"))["ok"])
    assert outcomes == [True] * 30 + [False]


@pytest.mark.parametrize(
    ("url", "secret", "words"),
    [
        ("http://firm.example/x", "a", "An HTTPS URL must be provided"),
        ("https://firm.example:8000/x", "a", "only on ports 80, 88, 443 or 8443"),
        ("https://firm.example/x", "a" * 257, "secret token is too long"),
        ("https://firm.example/x", "mit Leerzeichen", "unallowed characters"),
    ],
)
async def test_a_webhook_is_set_by_telegrams_rules(
    line: TelegramLine, url: str, secret: str, words: str
) -> None:
    assert words in (await ask(line, "setWebhook", url=url, secret_token=secret))["description"]


async def test_only_what_was_asked_for_is_told(line: TelegramLine) -> None:
    await ask(line, "setWebhook", url=HOOK, secret_token="Geheim_am-Bau", allowed_updates=["message"])
    await line.started()
    line.sabine.block(blocked=True)
    await line.sandbox.settle()
    assert line.bodies == []


async def carried_at(line: TelegramLine, answers: Mapping[int, int], seconds: int) -> list[int]:
    """Return the seconds at which an update was posted; answers[n] is what the firm says to the nth post."""
    posts: list[int] = []
    began = line.at

    async def take(path: str, body: bytes, headers: Mapping[str, str]) -> int:
        posts.append(round((line.at - began).total_seconds()))
        return answers.get(len(posts), 503)

    line.sandbox.postman._deliver = take
    line.start()
    await line.sandbox.settle()
    for _ in range(seconds):
        line.at += timedelta(seconds=1)
        await line.sandbox.postman.carry()
    return posts


async def test_what_is_not_taken_comes_again_later_and_later(line: TelegramLine) -> None:
    posts = await carried_at(line, {9: 204}, 400)
    assert posts == [0, 1, 3, 7, 15, 31, 63, 123, 183]
    assert line.platform.queue(line.account).waiting == []


async def test_a_retry_after_is_honoured_up_to_an_hour(line: TelegramLine) -> None:
    patience, hours = Answer(429), Answer(503)
    patience.retry_after_s, hours.retry_after_s = 100.0, 86_400.0
    posts = await carried_at(line, {1: patience, 2: hours, 3: 200}, 4000)
    assert posts == [0, 100, 3700]


async def test_an_update_is_dropped_after_a_day(line: TelegramLine) -> None:
    line.answer = 503
    line.start()
    await line.sandbox.settle()
    for _ in range(24):
        await line.sandbox.advance(3600)
    info = (await ask(line, "getWebhookInfo"))["result"]
    assert (info["pending_update_count"], info["last_error_message"]) == (
        0,
        "Wrong response from the webhook: 503",
    )
    assert line.sandbox.postman.waiting == []


async def test_a_webhook_that_is_gone_for_a_day_is_closed(line: TelegramLine) -> None:
    line.answer = 410
    for _ in range(25):
        line.sabine.write("Hallo")
        await line.sandbox.settle()
        await line.sandbox.advance(3600)
    assert (await ask(line, "getWebhookInfo"))["result"]["url"] == ""
    line.answer = 200
    line.sabine.write("Noch da?")
    await line.sandbox.advance(3600)
    assert line.bodies == []
    assert (await ask(line, "getUpdates"))["result"][-1]["message"]["text"] == "Noch da?"


async def test_polls_and_webhook_exclude_each_other(line: TelegramLine) -> None:
    conflict = await ask(line, "getUpdates")
    assert (conflict["error_code"], "webhook is active" in conflict["description"]) == (409, True)
    await ask(line, "deleteWebhook")
    line.start()
    await line.sandbox.settle()
    assert line.bodies == []
    (first,) = (await ask(line, "getUpdates"))["result"]
    assert (await ask(line, "getUpdates"))["result"] == [first]
    assert (await ask(line, "getUpdates", offset=first["update_id"] + 1))["result"] == []
    line.sabine.write("Hallo")
    await ask(line, "setWebhook", url=HOOK, secret_token="Geheim_am-Bau")
    await line.sandbox.settle()
    assert [message.text for message in line.inbound()] == ["Hallo"]


async def test_the_newer_of_two_polls_wins(line: TelegramLine) -> None:
    await ask(line, "deleteWebhook")
    older = asyncio.create_task(ask(line, "getUpdates", timeout=20))
    await asyncio.sleep(0.02)
    newer = asyncio.create_task(ask(line, "getUpdates", timeout=20))
    assert "terminated by other getUpdates" in (await asyncio.wait_for(older, 60))["description"]
    line.start()
    (update,) = (await asyncio.wait_for(newer, 60))["result"]
    assert update["message"]["text"] == "/start"


async def test_what_waits_longer_than_a_day_is_gone(line: TelegramLine) -> None:
    await ask(line, "deleteWebhook")
    line.start()
    await line.sandbox.advance(86_401)
    line.sabine.write("Hallo")
    (update,) = (await ask(line, "getUpdates"))["result"]
    assert update["message"]["text"] == "Hallo"


async def test_a_files_path_lives_an_hour_and_for_its_bot_only(line: TelegramLine) -> None:
    bubble = line.sabine.send_photo(JPEG, "image/jpeg")
    path = (await ask(line, "getFile", file_id=bubble.picture))["result"]["file_path"]
    address = f"/telegram/file/bot{TOKEN}/{path}"
    assert (await line.http.get(address)).content == JPEG
    line.sandbox.add_account("other", kind="telegram", name="x", own_id="x", display="@x", token="2:sandbox-other-token", secret="")  # fmt: skip
    assert (await line.http.get(f"/telegram/file/bot2:sandbox-other-token/{path}")).status_code == 404
    await line.sandbox.advance(3601)
    assert (await line.http.get(address)).status_code == 404
    refused = await ask(line, "getFile", file_id="AgACfremd")
    assert refused["description"] == "Bad Request: wrong file_id or the file is temporarily unavailable"


@pytest.mark.parametrize("seed", range(8))
async def test_hostile_webhooks_still_tell_everything(seed: int) -> None:
    """Doubles, disorder, delay and rubbish: by their keys every event is there, once."""
    line = TelegramLine(seed)
    line.sandbox.set_whims(HOSTILE)
    for number in range(6):
        line.sabine.write(f"Nr. {number}")
        await line.say(draft(f"Antwort {number}", choices=CHOICES))
        asked = line.from_firm()[-1]
        assert line.sabine.tap(asked.id, asked.buttons[number % 2][0])
    for _ in range(4):
        await line.sandbox.advance(30)
    await line.sandbox.settle()
    wanted = [bubble for bubble in line.sabine.bubbles if not bubble.from_firm and bubble.text != "/start"]
    told = {event.key: event.text for event in line.inbound()}
    assert sorted(told.values()) == sorted(bubble.text for bubble in wanted)
    strange = {event.key for event in line.events() if isinstance(event, UnknownEvent)}
    assert strange.isdisjoint(told)
    assert line.platform.queue(line.account).waiting == []


async def test_the_same_seed_tells_the_same_story() -> None:
    stories = []
    for _ in range(2):
        line = TelegramLine(5)
        line.sandbox.set_whims(HOSTILE)
        line.sabine.write("Guten Tag")
        line.sabine.write("Noch etwas")
        await line.sandbox.advance(60)
        await line.sandbox.settle()
        stories.append([body for body, _ in line.bodies])
    assert stories[0] == stories[1]


async def test_the_phone_shows_the_bots_chat(line: TelegramLine) -> None:
    here = "/phone/sabine"
    await line.http.post(f"{here}/messages", data={"text": "/start wort"})
    await line.say(draft("Welche Fuge?", 1, choices=CHOICES))
    page = (await line.http.get(here)).text
    assert ">Manhattan</button>" in page
    asked = line.from_firm()[0]
    await line.http.post(f"{here}/taps", data={"message": asked.id, "button": asked.buttons[1][0]})
    await line.http.post(f"{here}/block", data={"blocked": "yes"})
    await line.sandbox.settle()
    joined, tap, stop = line.events()
    assert isinstance(joined, Joined)
    assert joined.payload == "wort"
    assert isinstance(tap, InboundMessage)
    assert tap.button_id == "q:b"
    assert isinstance(stop, OptOut)


async def test_an_ordered_refusal_is_telegrams_own(line: TelegramLine) -> None:
    await line.started()
    line.sandbox.set_fault("telegram.messages", Fault.REFUSED)
    (step,) = line.plan(draft("Hallo", 1))
    assert await line.channel.send(step, new_id(), load) == Throttled(
        3.0, "429: Too Many Requests: retry after 3"
    )
    assert not isinstance(await line.channel.send(step, new_id(), load), MediaFix)


async def test_the_phones_menu_opens_the_start_link_and_edits(line: TelegramLine) -> None:
    page = (await line.http.get("/phone/sabine")).text
    assert "Start-Link öffnen" in page
    for act, word in (
        ("edit", "zu früh"),
        ("start", ""),
        ("start", "wort"),
        ("edit", "Doch weiß"),
        ("x", "y"),
    ):
        await line.http.post("/phone/sabine/acts", data={"act": act, "word": word})
    await line.sandbox.settle()
    joined, change = line.events()
    assert isinstance(joined, Joined)
    assert joined.payload == "wort"
    assert isinstance(change, Change)
    assert change.text == "Doch weiß"
