"""What a draft becomes at Threema: bytes are counted, captions carried, thumbs explained, nothing guessed."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.threema.channel import Threema
from server.channels.threema.plan import BASIC as BASIC_CAPS
from server.channels.threema.plan import E2E, MAX_CAPTION_JSON_BYTES, steps
from server.domain.channels import Blocked, Draft, Step, steps_at_most
from server.domain.choices import Choice, thumbs
from server.domain.identities import Identity, IdentityKind
from tests.channels.lines import CHOICES, draft
from tests.channels.threema_lines import BASES, BASIC, SETTINGS, threema

SABINE = Identity(IdentityKind.THREEMA, "ABCD1234")
YES_NO = (Choice("q:a", "Ja"), Choice("q:b", "Nein"))
LINK = "https://betrieb.example/a/1"


def plan(said: Draft, identity: Identity = SABINE, caps: object = E2E) -> list[Step]:
    made = steps(said, identity, BASIC_CAPS if caps is BASIC_CAPS else E2E)
    assert not isinstance(made, Blocked), made
    assert len(made) <= steps_at_most(len(said.pictures))
    assert all(Step.from_json(json.loads(json.dumps(step.to_json()))) == step for step in made)
    return made


def test_the_words_ride_on_the_last_picture() -> None:
    first, last = plan(draft("Welche Fuge?", 2))
    assert (first.kind, first.text, last.kind, last.text) == ("image", "", "image", "Welche Fuge?")
    assert last.call["to"] == {"kind": "threema", "value": "ABCD1234"}
    assert [step.picture.ref for step in (first, last) if step.picture] == ["photo-1", "photo-2"]


@pytest.mark.parametrize("text", ["x" * 1001, "ä" * 501, "\x01" * 600])
def test_words_too_long_for_a_caption_follow_as_text(text: str) -> None:
    picture, words = plan(draft(text, 1))
    assert (picture.text, words.kind, words.text) == ("", "text", text)


@pytest.mark.parametrize(("text", "fits"), [("x" * 3500, True), ("x" * 3501, False), ("ä" * 1751, False)])
def test_a_text_has_3500_bytes_not_characters(text: str, fits: bool) -> None:
    made = steps(draft(text), SABINE, E2E)
    assert (made == Blocked("text.too_many_bytes", {"limit": "3500"})) is not fits


def test_choices_are_a_list_with_the_link() -> None:
    (step,) = plan(draft("Welche?", choices=CHOICES, answer_link=LINK))
    assert step.text == f"Welche?\n\n1) Weiß\n2) Manhattan\n\n{LINK}"


def test_yes_and_no_are_answered_by_a_thumb() -> None:
    (step,) = plan(draft("Passt das?", choices=YES_NO, answer_link=LINK))
    assert step.text == f"Passt das?\n\n1) Ja\n2) Nein\n\n👍 = Ja, 👎 = Nein\n\n{LINK}"
    (basic,) = plan(draft("Passt das?", choices=YES_NO, answer_link=LINK), caps=BASIC_CAPS)
    assert "👍" not in basic.text


@pytest.mark.parametrize(
    ("titles", "meant"),
    [
        (["Ja", "Nein"], ("Ja", "Nein")),
        (["Nein, danke", "Ja, bitte"], ("Ja, bitte", "Nein, danke")),
        (["Passt", "Passt nicht"], ("Passt", "Passt nicht")),
        (["OK", "Nicht OK"], ("OK", "Nicht OK")),
        (["Weiß", "Manhattan"], None),
        (["Weiß", "Nicht weiß"], None),
        (["Ja", "Ja, aber nicht heute"], None),
        (["Ja", "Später"], None),
        (["Ja"], None),
        (["Ja", "Nein", "Weiß nicht"], None),
        (["👍", "👎"], None),
        (["", ""], None),
    ],
)
def test_a_thumb_means_only_what_is_certain(titles: list[str], meant: tuple[str, str] | None) -> None:
    found = thumbs([Choice(f"q:{place}", title) for place, title in enumerate(titles)])
    assert (found and (found[0].title, found[1].title)) == meant


@pytest.mark.parametrize(
    ("identity", "usable"),
    [
        (SABINE, True),
        (Identity(IdentityKind.THREEMA, "*BERGER1"), True),
        (Identity(IdentityKind.PHONE, "+491712345678"), True),
        (Identity(IdentityKind.EMAIL, "a@b.example"), True),
        (Identity(IdentityKind.THREEMA, "abcd1234"), False),
        (Identity(IdentityKind.THREEMA, "../credits"), False),
        (Identity(IdentityKind.THREEMA, "ABCD123"), False),
        (Identity(IdentityKind.PHONE, "0171"), False),
        (Identity(IdentityKind.EMAIL, "a"), False),
        (Identity(IdentityKind.PSID, "1234"), False),
    ],
)
def test_who_can_be_written_to(identity: Identity, usable: bool) -> None:
    assert (steps(draft("Hallo"), identity, E2E) == Blocked("identity.unusable")) is not usable


def test_basic_mode_has_no_pictures_but_the_link_shows_them() -> None:
    (step,) = plan(draft("Welche Fuge?", 2, answer_link=LINK), caps=BASIC_CAPS)
    assert (step.kind, step.text, step.picture) == ("text", f"Welche Fuge?\n\n{LINK}", None)
    assert steps(draft("Welche Fuge?", 1), SABINE, BASIC_CAPS) == Blocked("channel.text_only")
    assert steps(draft("", 1, answer_link=LINK), SABINE, BASIC_CAPS) == Blocked("text.missing")


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (draft(""), "draft.empty"),
        (draft("", 1, choices=CHOICES), "text.missing"),
        (Draft(draft("").intent_ids, pictures=(draft("", 1).pictures[0].__class__("r", "n", 1, "image/webp", "s"),)),
         "picture.kind"),
        (Draft(draft("").intent_ids, pictures=(draft("", 1).pictures[0].__class__("r", "n", 19_000_001, "image/png", "s"),)),
         "picture.too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_said_is_refused_by_name(said: Draft, code: str) -> None:
    refused = steps(said, SABINE, E2E)
    assert isinstance(refused, Blocked)
    assert refused.code == code


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=4000), st.integers(0, 2))
def test_whatever_is_said_fits_a_box(text: str, pictures: int) -> None:
    said = draft(text, pictures, choices=YES_NO, answer_link=LINK)
    made = steps(said, SABINE, E2E)
    for step in [] if isinstance(made, Blocked) else made:
        words = step.text.encode() if not step.picture else json.dumps(step.text, ensure_ascii=False).encode()
        assert len(words) <= (MAX_CAPTION_JSON_BYTES if step.picture else 3500)


async def test_an_account_can_do_what_its_mode_can() -> None:
    async with threema() as line:
        assert line.channel.caps == E2E
        assert Threema(BASIC, line.http, BASES).caps == BASIC_CAPS
        assert Threema(SETTINGS, line.http, BASES).caps == Threema.caps == E2E
