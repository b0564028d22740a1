"""Templates: synced page by page, filled as they were approved, refused before anything is queued."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.base import ChannelError, HasTemplates
from server.channels.whatsapp.channel import Whatsapp
from server.channels.whatsapp.plan import with_media
from server.channels.whatsapp.templates import read_template
from server.domain.channels import Blocked, Draft, Step, Template
from server.domain.choices import Choice
from server.domain.outcomes import Accepted
from server.domain.templates import filled, variables_of
from tests.channels.lines import CHOICES, NOON, SABINE, SETTINGS, TEMPLATE, Line, draft, load, spec

LINK = "https://betrieb.example/a/abc"
YES_NO = (Choice("q:y", "ja"), Choice("q:n", "Nein"))
PLAIN = replace(TEMPLATE, name="frage", header_image=False, button_titles=())
NAMED = replace(
    PLAIN, name="termin", body="Hallo {{name}}, wir kommen am {{tag}}. Bis dann, {{name}}!", variables=2
)


def row(**values: Any) -> dict[str, Any]:
    """Return a template as `GET /message_templates` lists it."""
    parts = [{"type": "BODY", "text": "Frage: {{1}} Danke!"}, {"type": "FOOTER", "text": "Berger"}]
    given = {"id": "1", "name": "frage", "language": "de", "status": "APPROVED", "category": "UTILITY"}
    return {**given, "components": parts, **values}


def part(line: Line, said: Draft) -> list[dict[str, Any]]:
    (step,) = line.plan(said, None)
    components: list[dict[str, Any]] = step.call["template"]["components"]
    return components


def refused(line: Line, said: Draft) -> Blocked:
    blocked = line.channel.plan(said, SABINE, NOON, None)
    assert isinstance(blocked, Blocked), blocked
    return blocked


async def test_outside_the_window_one_template_asks(line: Line) -> None:
    header, body, yes, no = part(line, draft("Weiße\nFuge?", 1, choices=YES_NO))
    assert header["type"] == "header"
    assert body["parameters"] == [{"type": "text", "text": "Weiße · Fuge?"}]
    assert [(one["index"], one["parameters"][0]["payload"]) for one in (yes, no)] == [
        ("0", "q:y"),
        ("1", "q:n"),
    ]


async def test_the_chronology_shows_what_the_customer_reads(line: Line) -> None:
    (step,) = line.plan(draft("Weiße Fuge?", 1), None)
    assert step.text == "Guten Tag, eine Frage: Weiße Fuge? Danke!"
    outcome = await line.channel.send(step, step.intent_id, load)
    assert isinstance(outcome, Accepted)
    assert line.sabine.bubbles[0].text == step.text


async def test_a_templates_buttons_answer_only_when_they_read_alike(line: Line) -> None:
    (step,) = line.plan(draft("Welche Fuge?", 1, choices=CHOICES, answer_link=LINK), None)
    assert [one["type"] for one in step.call["template"]["components"]] == ["header", "body"]
    words = step.call["template"]["components"][1]["parameters"][0]["text"]
    assert words == f"Welche Fuge? · 1) Weiß · 2) Manhattan · {LINK}"


async def test_a_button_keeps_its_place_among_others(line: Line) -> None:
    mixed = replace(TEMPLATE, button_titles=("", "Ja", "Nein"))
    *_, yes, no = part(line, draft("?", 1, choices=YES_NO, template=mixed))
    assert (yes["index"], no["index"]) == ("1", "2")


async def test_named_variables_are_filled_by_name(line: Line) -> None:
    said = draft(template=NAMED, values=("Sabine", "3. Mai"))
    (body,) = part(line, said)
    assert body["parameters"] == [
        {"type": "text", "parameter_name": "name", "text": "Sabine"},
        {"type": "text", "parameter_name": "tag", "text": "3. Mai"},
    ]
    (step,) = line.plan(said, None)
    assert step.text == "Hallo Sabine, wir kommen am 3. Mai. Bis dann, Sabine!"


async def test_a_template_may_go_inside_the_window_too(line: Line) -> None:
    opened = NOON + timedelta(hours=9)
    (step,) = line.plan(draft(template=NAMED, values=("Sabine", "3. Mai")), opened)
    assert step.kind == "template"
    (step,) = line.plan(draft("Frei gesagt", template=NAMED), opened)
    assert step.kind == "text"


@pytest.mark.parametrize(
    ("said", "code", "values"),
    [
        (draft("Ohne Vorlage"), "window.closed", {}),
        (draft("Ohne Bild", template=TEMPLATE), "template.picture_missing", {}),
        (draft("Zwei Bilder, kein Link", 2, template=TEMPLATE), "template.pictures", {}),
        (
            draft("x", 1, template=replace(TEMPLATE, approved=False, state="PAUSED")),
            "template.unapproved",
            {"state": "PAUSED"},
        ),
        (
            draft("x", template=replace(PLAIN, needs=("button.url",))),
            "template.needs",
            {"needs": "button.url"},
        ),
        (draft("x", template=NAMED), "template.values", {"needed": "2", "given": "1"}),
        (draft(template=NAMED, values=("a",)), "template.values", {"needed": "2", "given": "1"}),
        (draft(template=NAMED, values=("a", "b", "c")), "template.values", {"needed": "2", "given": "3"}),
        (draft(template=NAMED, values=("a", " \n ")), "template.value_empty", {}),
        (draft(template=PLAIN), "template.values", {"needed": "1", "given": "0"}),
        (draft("x", template=replace(PLAIN, body="Wir melden uns.")), "template.values", {"needed": "0"}),
        (draft("x", template=NAMED, values=("a", "b"), choices=CHOICES), "template.choices", {}),
        (draft("x" * 1000, template=PLAIN), "text.too_long", {"limit": "994"}),
        (draft("x" * 901, template=replace(PLAIN, body="")), "text.too_long", {"limit": "900"}),
    ],
)
async def test_what_does_not_fit_is_refused_before_it_is_queued(
    line: Line, said: Draft, code: str, values: dict[str, str]
) -> None:
    blocked = refused(line, said)
    assert blocked.code == code
    assert values.items() <= blocked.values.items()
    if code.startswith("template."):
        assert said.template
        assert blocked.values["template"] == said.template.name


async def test_the_longest_text_that_fits_is_taken(line: Line) -> None:
    line.sandbox.add_template(PLAIN.name, PLAIN.body)
    for text, fits in (("x" * 994, True), ("x" * 995, False)):
        planned = line.channel.plan(draft(text, template=PLAIN), SABINE, NOON, None)
        assert isinstance(planned, list) is fits
        if isinstance(planned, list):
            assert isinstance(await line.channel.send(planned[0], planned[0].intent_id, load), Accepted)


@pytest.mark.parametrize(
    "said",
    [
        draft("Weiße Fuge?", 1, template=TEMPLATE),
        draft("Weiße Fuge?", 1, choices=YES_NO, template=TEMPLATE),
        draft("Welche?", choices=CHOICES, answer_link=LINK, template=PLAIN),
        draft(template=NAMED, values=("Sabine", "3. Mai")),
        draft(template=replace(PLAIN, body="Wir melden uns.")),
    ],
)
async def test_every_template_is_valid_by_the_published_schema(line: Line, said: Draft) -> None:
    schema = spec("whatsapp-v23-repaired.schema.json")
    check = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Message", **schema})
    (step,) = line.plan(said, None)
    check.validate(with_media(step.call, "1234") if step.picture else step.call)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([{"type": "HEADER", "format": "IMAGE"}], {"header_image": True, "needs": ()}),
        ([{"type": "HEADER", "format": "TEXT", "text": "Berger"}], {"header_image": False, "needs": ()}),
        ([{"type": "HEADER", "format": "TEXT", "text": "Auftrag {{1}}"}], {"needs": ("header.text",)}),
        ([{"type": "HEADER", "format": "VIDEO"}], {"needs": ("header.video",)}),
        ([{"type": "HEADER", "format": "DOCUMENT"}], {"needs": ("header.document",)}),
        ([{"type": "HEADER", "format": "LOCATION"}], {"needs": ("header.location",)}),
        ([{"type": "CAROUSEL", "cards": []}], {"needs": ("part.carousel",)}),
        ([{"type": "BODY", "text": "{{name}} und {{ name }}, {{tag}}"}], {"variables": 2}),
        (
            [
                {
                    "type": "BUTTONS",
                    "buttons": [
                        {"type": "QUICK_REPLY", "text": "Ja"},
                        {"type": "PHONE_NUMBER", "text": "Anrufen", "phone_number": "+49"},
                        {"type": "URL", "text": "Seite", "url": "https://x.example"},
                    ],
                }
            ],
            {"button_titles": ("Ja", "", ""), "needs": ()},
        ),
        (
            [
                {
                    "type": "BUTTONS",
                    "buttons": [{"type": "URL", "text": "Seite", "url": "https://x.example/{{1}}"}],
                }
            ],
            {"button_titles": ("",), "needs": ("button.url",)},
        ),
        ([{"type": "BUTTONS", "buttons": [{"type": "OTP", "text": "Code"}]}], {"needs": ("button.otp",)}),
    ],
)
def test_a_definition_is_read(parts: list[dict[str, Any]], expected: dict[str, Any]) -> None:
    found = read_template(row(components=parts))
    assert {name: getattr(found, name) for name in expected} == expected


def test_state_category_and_quality_are_kept() -> None:
    found = read_template(row(status="PAUSED", quality_score={"score": "RED", "date": 1}))
    assert (found.state, found.approved, found.quality, found.category) == ("PAUSED", False, "RED", "UTILITY")
    assert read_template(row(quality_score=None)).quality == ""


@pytest.mark.parametrize(
    "broken",
    [{}, [], None, "x", {"name": "x"}, row(components=[7]), row(name=""), row(status=None) | {"status": {}}],
)
def test_a_broken_row_raises_one_thing_only(broken: Any) -> None:
    try:
        assert read_template(broken).approved is False
    except ValueError:
        return
    assert broken["status"] == {}


def test_positional_variables_go_by_number_not_by_place() -> None:
    swapped = replace(PLAIN, body="{{2}} und {{1}}, {{10}}", variables=3)
    assert variables_of(swapped) == ["1", "2", "10"]
    assert filled(swapped, ("eins", "zwei", "zehn")) == "zwei und eins, zehn"


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_values_are_never_read_as_variables(values: list[str]) -> None:
    template = replace(PLAIN, body="A {{1}} B {{2}} C", variables=2)
    assert filled(template, values) == f"A {values[0]} B {values[1]} C"


async def test_templates_come_page_by_page(line: Line) -> None:
    for number in range(250):
        line.sandbox.add_template(f"vorlage_{number}", "Frage: {{1}} Danke!")
    assert isinstance(line.channel, HasTemplates)
    found = await line.channel.templates()
    assert len(found) == 251
    assert found[0] == replace(TEMPLATE, category="UTILITY", quality="GREEN")


async def test_the_next_pages_address_is_never_followed() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.url.host} {request.url.params.get('after', '')}".strip())
        paging = {"cursors": {"after": "B"}, "next": "https://evil.example/steal"}
        last = request.url.params.get("after") == "B"
        return httpx.Response(200, json={"data": [row()], **({} if last else {"paging": paging})})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        found = await Whatsapp(SETTINGS, http, {"graph_base": "https://graph.example"}).templates()
    assert (len(found), asked) == (2, ["graph.example", "graph.example B"])


@pytest.mark.parametrize(
    ("waba", "answer", "code"),
    [
        ("", httpx.Response(200, json={}), "templates.no_account"),
        (
            "1",
            httpx.Response(400, json={"error": {"code": 190, "message": "m"}}),
            "templates.unreachable: 190: m",
        ),
        ("1", httpx.Response(200, text="<html>"), "templates.unreachable"),
        (
            "1",
            httpx.Response(200, json={"paging": {"next": "x", "cursors": {"after": "A"}}}),
            "templates.unreachable",
        ),
    ],
)
async def test_a_sync_that_fails_says_so(waba: str, answer: httpx.Response, code: str) -> None:
    async with httpx.AsyncClient(transport=httpx.MockTransport(lambda request: answer)) as http:
        channel = Whatsapp({**SETTINGS, "waba_id": waba}, http, {"graph_base": "https://graph.example"})
        with pytest.raises(ChannelError, match=code.replace(".", r"\.")):
            await channel.templates()


async def test_what_is_synced_can_be_sent(line: Line) -> None:
    """Each definition the sandbox lists is filled so that its own strict check takes it."""
    line.sandbox.add_template("termin", NAMED.body)
    line.sandbox.add_template("gruss", "Wir melden uns.")
    line.sandbox.add_template("weg", "Frage: {{1}} Danke!", state="PAUSED")
    sent: list[Step] = []
    for template in await line.channel.templates():
        values = tuple(f"Wert {name}" for name in variables_of(template))
        said = draft("", int(template.header_image), template=template, values=values)
        planned = line.channel.plan(said, SABINE, NOON, None)
        assert isinstance(planned, Blocked) is (template.state == "PAUSED")
        sent += planned if isinstance(planned, list) else []
    for step in sent:
        assert isinstance(await line.channel.send(step, step.intent_id, load), Accepted), json.dumps(
            dict(step.call)
        )
    assert [bubble.text for bubble in line.sabine.bubbles] == [step.text for step in sent]


def test_a_template_without_a_definition_has_its_number_of_variables() -> None:
    assert variables_of(Template("x", variables=2)) == ["1", "2"]
