"""Drafts become Meta's words: valid by the published schema, in the right order, inside all limits."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import jsonschema
import pytest

from server.channels.whatsapp.plan import with_media
from server.domain.channels import Blocked, Draft
from server.domain.choices import Choice
from server.domain.identities import Identity, IdentityKind
from tests.channels.lines import CHOICES, NOON, SABINE, Line, draft, picture, spec

OPEN = NOON + timedelta(hours=20)
LINK = "https://betrieb.example/a/abc"
EVERY_KIND = {
    "text": draft("Wir sind um acht da."),
    "quote": draft("Ja, gern.", quote="wamid.X"),
    "image": draft("So sieht es aus", 1),
    "bare image": draft("", 1),
    "images": draft("Alle drei", 3),
    "buttons": draft("Welche Fuge?", choices=CHOICES),
    "image and buttons": draft("Welche Fuge?", 1, choices=CHOICES),
    "images and buttons": draft("Welche Fuge?", 3, choices=CHOICES),
    "long text": draft("x" * 2000, 2),
    "long choice": draft(
        "Welche?", 1, choices=(Choice("a", "Ein Titel, viel zu lang für Knöpfe"),), answer_link=LINK
    ),
}


def kinds(steps: list[Any]) -> list[str]:
    return [step.kind for step in steps]


@pytest.mark.parametrize("name", EVERY_KIND)
async def test_every_payload_is_valid_by_the_published_schema(line: Line, name: str) -> None:
    schema = spec("whatsapp-v23-repaired.schema.json")
    steps = line.plan(EVERY_KIND[name]) + line.plan(draft("Ja?", 1), None)
    check = jsonschema.Draft202012Validator({"$ref": "#/components/schemas/Message", **schema})
    for step in steps:
        check.validate(with_media(step.call, "1234") if step.picture else step.call)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("text", ["text"]),
        ("images", ["image", "image", "image"]),
        ("image and buttons", ["interactive"]),
        ("images and buttons", ["image", "image", "interactive"]),
        ("long text", ["image", "image", "text"]),
        ("long choice", ["image"]),
    ],
)
async def test_the_question_stands_last(line: Line, name: str, expected: list[str]) -> None:
    steps = line.plan(EVERY_KIND[name])
    assert kinds(steps) == expected
    assert EVERY_KIND[name].text in steps[-1].text
    assert [step.intent_id for step in steps] == list(EVERY_KIND[name].intent_ids[: len(steps)])
    assert all(step.call["biz_opaque_callback_data"] == str(step.intent_id) for step in steps)


async def test_long_choices_become_a_list_with_the_link(line: Line) -> None:
    (step,) = line.plan(EVERY_KIND["long choice"])
    assert step.call["image"]["caption"] == f"Welche?\n\n1) Ein Titel, viel zu lang für Knöpfe\n\n{LINK}"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (draft(), "draft.empty"),
        (draft("", 1, choices=CHOICES), "text.missing"),
        (draft("x" * 4097), "text.too_long"),
        (replace(draft("", 1), pictures=(picture(mime="image/webp"),)), "picture.kind"),
        (replace(draft("", 1), pictures=(picture(size_bytes=5_000_001),)), "picture.too_large"),
    ],
)
async def test_what_cannot_be_said_is_blocked(line: Line, said: Draft, code: str) -> None:
    blocked = line.channel.plan(said, SABINE, NOON, OPEN)
    assert isinstance(blocked, Blocked)
    assert blocked.code == code


async def test_a_business_scoped_id_goes_to_recipient_never_to_to(line: Line) -> None:
    bsuid = Identity(IdentityKind.BSUID, "DE.13491208655302741918")
    steps = line.channel.plan(draft("Hallo"), bsuid, NOON, OPEN)
    assert not isinstance(steps, Blocked)
    assert steps[0].call["recipient"] == bsuid.value
    assert "to" not in steps[0].call
    assert line.channel.plan(draft("Hallo"), Identity(IdentityKind.PSID, "1"), NOON, OPEN) == Blocked(
        "identity.unusable"
    )
