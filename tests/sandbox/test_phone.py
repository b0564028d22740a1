"""The customer's phone, used like a browser without scripts uses it; and the tests' own levers."""

import re

from server.sandbox import Fault
from tests.channels.lines import CHOICES, JPEG, Line, draft

HERE = "/phone/sabine"


async def page(line: Line) -> str:
    answer = await line.http.get(HERE)
    assert answer.status_code == 200
    return answer.text


async def test_a_word_a_photo_and_a_tap_reach_the_firm(line: Line) -> None:
    sent = await line.http.post(f"{HERE}/messages", data={"text": "  Wann kommen Sie? "})
    assert (sent.status_code, sent.headers["location"]) == (303, f"{HERE}#newest")
    await line.say(draft("Welche Fuge?", 1, choices=CHOICES))
    await line.http.post(
        f"{HERE}/photos", data={"caption": "so"}, files={"photo": ("a.jpg", JPEG, "image/jpeg")}
    )
    shown = await page(line)
    message = re.search(r'name="message" value="([^"]+)"', shown)
    assert message
    assert ">Manhattan</button>" in shown
    await line.http.post(f"{HERE}/taps", data={"message": message[1], "button": "q:b"})
    await line.sandbox.settle()
    told = [(event.kind.value, event.text, event.button_id) for event in line.inbound()]
    assert told == [("text", "Wann kommen Sie?", ""), ("image", "so", ""), ("button", "Manhattan", "q:b")]
    assert 'disabled class="tapped">Manhattan' in await page(line)


async def test_the_firms_photo_is_on_the_screen_and_only_there(line: Line) -> None:
    await line.opened()
    await line.say(draft("So", 1))
    source = re.search(r'<img src="([^"]+)"', await page(line))
    assert source
    shown = await line.http.get(source[1])
    assert (shown.content, shown.headers["x-content-type-options"]) == (JPEG, "nosniff")
    foreign = line.sandbox.whatsapp.keep(JPEG, "image/jpeg")
    assert (await line.http.get(f"{HERE}/pictures/{foreign}")).status_code == 404


async def test_looking_at_the_chat_reads_it(line: Line) -> None:
    await line.opened()
    await line.say(draft("Hallo"))
    await page(line)
    await page(line)
    await line.sandbox.settle()
    assert line.statuses() == ["sent", "delivered", "read"]


async def test_the_screen_is_sent_only_when_it_has_changed(line: Line) -> None:
    first = await line.http.get(f"{HERE}/_screen")
    tag = {"If-None-Match": first.headers["etag"]}
    assert (await line.http.get(f"{HERE}/_screen", headers=tag)).status_code == 304
    line.sabine.write("Neu")
    changed = await line.http.get(f"{HERE}/_screen", headers=tag)
    assert (changed.status_code, "<p>Neu</p>" in changed.text) == (200, True)


async def test_stop_and_block(line: Line) -> None:
    await line.http.post(f"{HERE}/messages", data={"text": "STOP"})
    await line.http.post(f"{HERE}/block", data={"blocked": "yes"})
    assert "Dieser Kontakt ist blockiert." in await page(line)
    await line.http.post(f"{HERE}/messages", data={"text": "trotzdem"})
    await line.say(draft("Hallo?"))
    await line.sandbox.settle()
    assert [message.text for message in line.inbound()] == ["STOP"]
    assert line.statuses() == ["failed"]
    await line.http.post(f"{HERE}/block", data={"blocked": "no"})
    assert "Dieser Kontakt ist blockiert." not in await page(line)


async def test_what_is_no_photo_is_refused_in_words(line: Line) -> None:
    refused = await line.http.post(f"{HERE}/photos", files={"photo": ("a.jpg", b"<svg>", "image/jpeg")})
    shown = await line.http.get(refused.headers["location"])
    assert "Nur Fotos als JPEG oder PNG" in shown.text
    assert line.sabine.bubbles == []


async def test_words_of_others_are_words_not_markup(line: Line) -> None:
    line.sandbox.add_person("sabine", "<b>Sabine</b>", "+491712345678")
    line.sabine.write("<script>alert(1)</script> https://betrieb.example/a/1")
    shown = await page(line)
    assert "<script>alert" not in shown
    assert "<b>Sabine" not in shown
    assert 'href="https://betrieb.example/a/1"' in shown


async def test_the_page_obeys_the_content_security_policy(line: Line) -> None:
    await line.opened()
    shown = await page(line)
    assert not re.search(r"\sstyle=|<style|\son\w+=|data:|<script(?![^>]*\ssrc=)", shown)


async def test_a_phone_is_found_by_its_number_or_not_at_all(line: Line) -> None:
    assert (await line.http.get("/phone/491712345678")).status_code == 200
    assert (await line.http.get("/phone/niemand")).status_code == 404
    assert "Sabine Müller" in (await line.http.get("/phone")).text


async def test_levers_for_tests(line: Line) -> None:
    answer = await line.http.post("/control/people/sabine/messages", json={"text": "Guten Tag"})
    assert answer.status_code == 201
    assert [message.text for message in line.inbound()] == ["Guten Tag"]
    await line.say(draft("Welche Fuge?", choices=CHOICES))
    seen = (await line.http.get("/control/people/sabine")).json()["messages"][-1]
    tap = {"message": seen["id"], "button": seen["buttons"][0]["id"]}
    assert (await line.http.post("/control/people/sabine/messages", json=tap)).status_code == 201
    assert (await line.http.post("/control/people/sabine/messages", json=tap)).status_code == 404
    ordered = await line.http.post(
        "/control/faults", json={"call": "messages", "fault": "reset_after", "count": 2}
    )
    assert ordered.status_code == 200
    assert list(line.sandbox.world.faults["messages"]) == [Fault.RESET_AFTER] * 2
    turned = (await line.http.post("/control/clock", json={"advance_s": 90})).json()
    assert turned["now"] == "2026-11-20T12:01:30+00:00"
    for path, body in (("clock", {"advance_s": "1"}), ("faults", {"fault": "x"}), ("whims", {"x": 1})):
        assert (await line.http.post(f"/control/{path}", json=body)).status_code == 400


async def test_a_tab_for_each_messenger_the_person_uses_the_liked_one_first(line: Line) -> None:
    for kind in ("telegram", "email", "signal"):
        line.sandbox.add_account(
            kind,
            kind=kind,
            name="Malerbetrieb Berger",
            own_id=kind,
            display=kind,
            token="sandbox-x",
            secret="",
        )
    line.sandbox.add_person("sabine", "Sabine Müller", "+491712345678", apps=("telegram", "whatsapp"))
    await line.opened()
    await line.say(draft("Hallo"))
    shown = await page(line)
    tabs = re.findall(r'href="[^"]+\?account=(\w+)"( aria-current="page")?>(\w+)\s*(?:<strong>(\d+))?', shown)
    assert tabs == [("telegram", ' aria-current="page"', "Telegram", ""), ("firm", "", "WhatsApp", "1")]
    assert "Telegram · Unternehmenskonto" in shown
    assert "WhatsApp (1)" in (await line.http.get("/phone")).text
    await line.http.get(f"{HERE}?account=firm")
    assert "<strong>1" not in await page(line)
    refused = await line.http.post(
        f"{HERE}/photos", params={"account": "firm"}, files={"photo": ("a.jpg", b"<svg>", "image/jpeg")}
    )
    assert refused.headers["location"] == f"{HERE}?account=firm&refused=photo#newest"
