"""Plans: the calls that say a draft, each as the published table of the Bot API wants it."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.telegram.channel import Telegram
from server.channels.telegram.plan import (
    CAPS,
    MAX_CALLBACK_BYTES,
    button_data,
    button_id_of,
    size,
    start_link,
)
from server.domain.channels import Blocked, Draft, Step
from server.domain.choices import Choice
from server.domain.identities import Identity, IdentityKind
from server.ids import new_id
from tests.channels.lines import NOON, draft, picture
from tests.channels.telegram_lines import BASES, SETTINGS, Published, TelegramLine

SABINE = Identity(IdentityKind.CHAT, "4711")
QUESTION = UUID("0193a7c4-5e6f-7a80-9b1c-2d3e4f506172")
CHOICES = (Choice(f"{QUESTION}:c1", "Weiß"), Choice(f"{QUESTION}:c2", "Manhattan"))
LINK = "https://betrieb.example/a/1"


def plan(said: Draft, to: Identity = SABINE) -> list[Step] | Blocked:
    line = TelegramLine()
    return line.channel.plan(said, to, NOON, None)


def calls(said: Draft) -> list[tuple[str, dict[str, Any]]]:
    steps = plan(said)
    assert not isinstance(steps, Blocked), steps
    return [(step.call["method"], step.call["args"]) for step in steps]


def test_a_text_is_one_message_without_a_preview() -> None:
    said = draft("Kommen morgen um 8.")
    steps = plan(said)
    assert not isinstance(steps, Blocked)
    (step,) = steps
    args = {"chat_id": 4711, "text": "Kommen morgen um 8.", "link_preview_options": {"is_disabled": True}}
    assert (step.call, step.intent_id, step.text) == ({"method": "sendMessage", "args": args}, said.intent_ids[0], said.text)  # fmt: skip


def test_the_last_photo_carries_words_and_buttons() -> None:
    steps = plan(draft("Welche Fuge?", 3, choices=CHOICES))
    assert not isinstance(steps, Blocked)
    assert [step.call["method"] for step in steps] == ["sendPhoto"] * 3
    assert [step.picture.ref for step in steps if step.picture] == ["photo-1", "photo-2", "photo-3"]
    assert [step.call["args"].keys() for step in steps[:2]] == [{"chat_id"}, {"chat_id"}]
    last = steps[2].call["args"]
    assert last["caption"] == "Welche Fuge?"
    titles = [[button["text"] for button in row] for row in last["reply_markup"]["inline_keyboard"]]
    assert titles == [["Weiß"], ["Manhattan"]]


def test_words_too_long_for_a_caption_follow_as_a_text() -> None:
    text = "x" * (CAPS.max_caption + 1)
    assert [name for name, _ in calls(draft(text, 2, choices=CHOICES))] == ["sendPhoto", "sendPhoto", "sendMessage"]  # fmt: skip
    (_, first), (_, last) = calls(draft("😀" * 513, 1))
    assert "caption" not in first
    assert last["text"] == "😀" * 513


@pytest.mark.parametrize(
    "choices",
    [
        [Choice("q:a", "x" * 41)],
        [Choice("q:a", "Ja"), Choice("q:b", "Ja")],
        [Choice("q:a", "Ja"), Choice("q:a", "Nein")],
        [Choice("ä" * 33, "Ja")],
        [Choice("", "Ja")],
        [Choice("q:a", "  ")],
    ],
)
def test_what_makes_no_buttons_becomes_a_list_with_the_link(choices: list[Choice]) -> None:
    ((_, args),) = calls(draft("Welche?", choices=tuple(choices), answer_link=LINK))
    assert "reply_markup" not in args
    assert args["text"].startswith("Welche?\n\n1) ")
    assert args["text"].endswith(f"\n\n{LINK}")


def test_an_answer_quotes_its_message_if_that_is_still_there() -> None:
    (_, first), (_, last) = calls(draft("x" * 1025, 1, quote="4711:12"))
    assert "reply_parameters" not in first
    assert last["reply_parameters"] == {"message_id": 12, "allow_sending_without_reply": True}
    for strange in ("12", "99:12", "4711:x", "callback:7", "4711:²", ""):
        ((_, args),) = calls(draft("So", quote=strange))
        assert "reply_parameters" not in args


@pytest.mark.parametrize(
    ("said", "to", "code"),
    [
        (draft("Hallo"), Identity(IdentityKind.PHONE, "+491712345678"), "identity.unusable"),
        (draft("Hallo"), Identity(IdentityKind.CHAT, "@sabine"), "identity.unusable"),
        (draft("Hallo"), Identity(IdentityKind.CHAT, "0"), "identity.unusable"),
        (draft(" \n "), SABINE, "draft.empty"),
        (draft("", 1, choices=CHOICES), SABINE, "text.missing"),
        (draft("x" * 4097), SABINE, "text.too_long"),
        (draft("😀" * 2049), SABINE, "text.too_long"),
        (replace(draft("", 1), pictures=(picture(mime="image/webp"),)), SABINE, "picture.kind"),
        (replace(draft("", 1), pictures=(picture(size_bytes=10_000_001),)), SABINE, "picture.too_large"),
    ],
)
def test_what_cannot_leave_is_blocked_with_a_reason(said: Draft, to: Identity, code: str) -> None:
    blocked = plan(said, to)
    assert isinstance(blocked, Blocked)
    assert blocked.code == code


def test_a_questions_button_fits_sixty_four_bytes_and_comes_back() -> None:
    data = button_data(CHOICES[0].id)
    assert len(data.encode()) == 25
    assert button_id_of(data) == CHOICES[0].id


WORDS = st.text(st.characters(codec="utf-8"), max_size=60)


@given(st.one_of(WORDS, st.builds(lambda rest: f"{uuid4()}:{rest}", WORDS), st.from_regex(r"[~=][A-Za-z0-9_-]{0,30}", fullmatch=True)))  # fmt: skip
def test_every_button_comes_back_as_it_went(button_id: str) -> None:
    assert button_id_of(button_data(button_id)) == button_id


@given(st.one_of(WORDS, st.from_regex(r"[~=][A-Za-z0-9_-]{18,30}", fullmatch=True)))
def test_foreign_data_never_passes_for_two_buttons(data: str) -> None:
    """Whatever a strange button brings, it is read without an error, and only our own writing names a question."""
    named = button_id_of(data)
    assert named == data or button_data(named) == data


@given(
    text=st.text(st.characters(codec="utf-8"), max_size=40).filter(str.strip) | st.just("x" * 1100),
    pictures=st.integers(0, 3),
    titles=st.lists(WORDS, max_size=4),
    ids=st.lists(WORDS, min_size=4, max_size=4),
    quote=st.none() | st.just("4711:9"),
)
@settings(max_examples=80, deadline=None)
def test_every_plan_fits_the_published_table(
    text: str, pictures: int, titles: list[str], ids: list[str], quote: str | None
) -> None:
    published = Published()
    choices = tuple(Choice(one, title) for one, title in zip(ids, titles, strict=False))
    steps = plan(draft(text, pictures, choices=choices, quote=quote, answer_link=LINK))
    assert not isinstance(steps, Blocked)
    assert len({step.intent_id for step in steps}) == len(steps) <= pictures + 1
    for step in steps:
        assert Step.from_json(json.loads(json.dumps(step.to_json()))) == step
        args = dict(step.call["args"])
        if step.picture:
            args["photo"] = b"bytes"
        assert published.call(step.call["method"], args) == []
        assert 1 <= size(args.get("text", "x")) <= 4096
        assert size(args.get("caption", "")) <= 1024
        for row in args.get("reply_markup", {}).get("inline_keyboard", []):
            assert all(1 <= len(button["callback_data"].encode()) <= MAX_CALLBACK_BYTES for button in row)


def test_the_start_link_carries_only_what_telegram_carries() -> None:
    assert start_link("MalerBergerBot", "aB-_9") == "https://t.me/MalerBergerBot?start=aB-_9"
    for wrong in ("", "a" * 65, "a b", "ä", "a&b", "a\n"):
        with pytest.raises(ValueError, match="1 to 64"):
            start_link("MalerBergerBot", wrong)
    for name in ("", "../x", "a?b"):
        with pytest.raises(ValueError, match="name"):
            start_link(name, "wort")


@pytest.mark.parametrize("typed", ["MalerBergerBot", "@MalerBergerBot", "https://t.me/MalerBergerBot", " t.me/MalerBergerBot "])  # fmt: skip
def test_the_bots_name_may_be_typed_as_people_write_it(typed: str) -> None:
    channel = Telegram({**SETTINGS, "bot_name": typed}, TelegramLine().http, BASES)
    assert channel.start_link("w") == "https://t.me/MalerBergerBot?start=w"


def test_a_moved_chat_gets_the_same_words() -> None:
    line = TelegramLine()
    (step,) = line.plan(draft("Hallo"))
    moved = line.channel.readdressed(step, Identity(IdentityKind.CHAT, "-10042"))
    assert moved.call["args"] == {**step.call["args"], "chat_id": -10042}
    assert moved.intent_id == step.intent_id


def test_only_a_tapped_button_can_be_answered_for() -> None:
    channel = TelegramLine().channel
    assert channel.read_step("4711:12", new_id()) is None
    step = channel.read_step("callback:77", new_id())
    assert step
    assert Published().call(step.call["method"], step.call["args"]) == []
