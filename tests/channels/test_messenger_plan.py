"""Drafts become Messenger's words: by the sheet's table, pictures before words, inside all limits and windows."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.messenger.channel import Messenger
from server.channels.messenger.plan import CAPS, TAGS, tag_lives, with_media
from server.domain.channels import Blocked, Draft, steps_at_most
from server.domain.choices import Choice
from server.domain.identities import Identity, IdentityKind
from server.ids import new_id
from tests.channels.lines import CHOICES, NOON, draft, picture
from tests.channels.messenger_lines import LINK, OPEN, SETTINGS, MessengerLine, broken_rules, leaves

PSID = Identity(IdentityKind.PSID, "5123456789012345")
LAST = NOON - timedelta(hours=4)
FOUR = tuple(Choice(f"q:{place}", f"Muster {place}") for place in range(4))
LONG_TITLE = (Choice("a", "Ein Titel, viel zu lang für Knöpfe"),)
EVERY_KIND = {
    "text": draft("Wir sind um acht da."),
    "image": draft("So sieht es aus", 1),
    "bare image": draft("", 1),
    "images": draft("Alle drei", 3),
    "buttons": draft("Welche Fuge?", choices=CHOICES),
    "image and buttons": draft("Welche Fuge?", 1, choices=CHOICES),
    "four choices": draft("Welches Muster?", choices=FOUR),
    "buttons below a long text": draft("x" * 641, choices=CHOICES),
    "long choice": draft("Welche?", 1, choices=LONG_TITLE, answer_link=LINK),
    "long id": draft("Welche?", choices=(Choice("i" * 1001, "Ja"),), answer_link=LINK),
    "longest text": draft("x" * 2000),
}


@pytest.fixture
async def line() -> AsyncIterator[MessengerLine]:
    fresh = MessengerLine()
    async with fresh.http:
        yield fresh
        await fresh.sandbox.settle()


def channel(**settings: str) -> Messenger:
    return Messenger({**SETTINGS, **settings}, None, {"graph_base": "http://sandbox/graph"})  # type: ignore[arg-type]  # plan is pure


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("text", ["text"]),
        ("image", ["image", "text"]),
        ("bare image", ["image"]),
        ("images", ["image", "image", "image", "text"]),
        ("buttons", ["buttons"]),
        ("image and buttons", ["image", "buttons"]),
        ("four choices", ["quick_replies"]),
        ("buttons below a long text", ["quick_replies"]),
        ("long choice", ["image", "text"]),
        ("long id", ["text"]),
        ("longest text", ["text"]),
    ],
)
async def test_every_call_keeps_the_sheets_rules(line: MessengerLine, name: str, kinds: list[str]) -> None:
    said = EVERY_KIND[name]
    for until in (OPEN, NOON - timedelta(days=3)):
        steps = line.plan(said, until)
        assert [step.kind for step in steps] == kinds
        for step in steps:
            call = with_media(step.call, "1234") if step.picture else step.call
            assert broken_rules(call) == []
        assert [step.intent_id for step in steps] == list(said.intent_ids[: len(steps)])
        assert all(step.call["message"]["metadata"] == str(step.intent_id) for step in steps)
        assert [step.picture for step in steps if step.picture] == list(said.pictures)


async def test_the_sheets_table_finds_what_is_wrong(line: MessengerLine) -> None:
    (step,) = line.plan(draft("Welches?", choices=FOUR))
    call: Any = step.call
    replies = call["message"]["quick_replies"]
    for wrong in (
        {**call, "tag": "ACCOUNT_UPDATE"},
        {**call, "messaging_type": "UPDATE"},
        {**call, "extra": 1},
        {**call, "message": {**call["message"], "text": "x" * 2001}},
        {**call, "message": {**call["message"], "quick_replies": replies * 4}},
        {**call, "message": {**call["message"], "quick_replies": [{**replies[0], "title": "x" * 21}]}},
        {**call, "message": {**call["message"], "attachment": {"type": "image"}}},
        {**call, "message": {"metadata": "x"}},
    ):
        assert broken_rules(wrong) != []


async def test_long_choices_become_a_list_with_the_link(line: MessengerLine) -> None:
    _, step = line.plan(EVERY_KIND["long choice"])
    assert step.text == f"Welche?\n\n1) Ein Titel, viel zu lang für Knöpfe\n\n{LINK}"
    assert step.call["message"]["text"] == step.text


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (draft(), "draft.empty"),
        (draft(" \n"), "draft.empty"),
        (draft("", 1, choices=CHOICES), "text.missing"),
        (draft("x" * 2001), "text.too_long"),
        (draft("x" * 2001, choices=CHOICES), "text.too_long"),
        (draft("x" * 1980, choices=LONG_TITLE), "text.too_long"),
        (replace(draft("", 1), pictures=(picture(mime="image/webp"),)), "picture.kind"),
        (replace(draft("", 1), pictures=(picture(size_bytes=8_000_001),)), "picture.too_large"),
    ],
)
def test_what_cannot_be_said_is_blocked(said: Draft, code: str) -> None:
    blocked = channel().plan(said, PSID, NOON, OPEN)
    assert isinstance(blocked, Blocked)
    assert blocked.code == code


@pytest.mark.parametrize("kind", [kind for kind in IdentityKind if kind is not IdentityKind.PSID])
def test_only_a_page_scoped_id_is_an_address(kind: IdentityKind) -> None:
    blocked = channel().plan(draft("Hallo"), Identity(kind, "5123456789012345"), NOON, OPEN)
    assert blocked == Blocked("identity.unusable")


@pytest.mark.parametrize(
    ("human_agent", "passed", "ground"),
    [
        ("nein", timedelta(), ("RESPONSE", None)),
        ("nein", timedelta(hours=23, minutes=54, seconds=59), ("RESPONSE", None)),
        ("nein", timedelta(hours=23, minutes=55), None),
        ("nein", timedelta(days=2), None),
        ("", timedelta(days=2), None),
        ("ja", timedelta(hours=23), ("RESPONSE", None)),
        ("ja", timedelta(hours=23, minutes=55), ("MESSAGE_TAG", "HUMAN_AGENT")),
        ("Ja", timedelta(days=6, hours=23, minutes=54, seconds=59), ("MESSAGE_TAG", "HUMAN_AGENT")),
        ("ja", timedelta(days=6, hours=23, minutes=55), None),
        ("ja", timedelta(days=400), None),
    ],
)
def test_the_windows_edges(
    human_agent: str, passed: timedelta, ground: tuple[str, str | None] | None
) -> None:
    """24 hours for an answer; seven days for a human's, if Meta has allowed it (§4)."""
    assert CAPS.window and CAPS.human_window == timedelta(days=7)
    planned = channel(human_agent=human_agent).plan(draft("Hallo"), PSID, LAST + passed, LAST + CAPS.window)
    if ground is None:
        assert planned == Blocked("window.closed")
    else:
        assert not isinstance(planned, Blocked)
        assert (planned[0].call["messaging_type"], planned[0].call.get("tag")) == ground


def test_who_never_wrote_is_never_written_to() -> None:
    assert channel().plan(draft("Guten Tag", 1), PSID, NOON, None) == Blocked("window.closed")


@pytest.mark.parametrize(
    ("tag", "last_day"),
    [
        ("CONFIRMED_EVENT_UPDATE", datetime(2026, 4, 26, 23, 59, tzinfo=UTC)),
        ("ACCOUNT_UPDATE", datetime(2026, 4, 26, 23, 59, tzinfo=UTC)),
        ("POST_PURCHASE_UPDATE", datetime(2026, 4, 26, 23, 59, tzinfo=UTC)),
    ],
)
def test_tags_end_on_their_day(tag: str, last_day: datetime) -> None:
    assert tag_lives(tag, last_day)
    assert not tag_lives(tag, last_day + timedelta(minutes=1))


def test_a_tag_nobody_knows_does_not_live() -> None:
    assert not tag_lives("NON_PROMOTIONAL_SUBSCRIPTION", NOON)
    assert [name for name in TAGS if tag_lives(name, NOON)] == ["HUMAN_AGENT"]


TITLES = st.text(min_size=1, max_size=22)


@given(
    text=st.text(max_size=2100),
    titles=st.lists(TITLES, max_size=15),
    pictures=st.integers(0, 3),
    link=st.sampled_from([None, LINK]),
    passed=st.timedeltas(timedelta(), timedelta(days=9)),
)
def test_whatever_is_drafted_the_rules_hold(
    text: str, titles: list[str], pictures: int, link: str | None, passed: timedelta
) -> None:
    choices = tuple(Choice(f"q:{place}", title) for place, title in enumerate(titles))
    ids = tuple(new_id() for _ in range(steps_at_most(pictures)))
    photos = tuple(picture(place) for place in range(pictures))
    said = Draft(ids, text=text, pictures=photos, choices=choices, answer_link=link)
    steps = channel().plan(said, PSID, LAST + passed, LAST + timedelta(hours=24))
    if isinstance(steps, Blocked):
        return
    assert passed < timedelta(days=7)
    assert 1 <= len(steps) <= len(ids)
    for step in steps:
        assert broken_rules(with_media(step.call, "1") if step.picture else step.call) == []
    shown = [value for _, value in leaves(steps[-1].call)]
    assert all(title in shown or title in steps[-1].text for title in titles)
    assert text.strip() in steps[-1].text
