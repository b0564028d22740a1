import pytest

from server.domain.errors import Invalid
from server.domain.texts import block, line, mail_address, web_address


def test_a_line_is_trimmed_and_loses_breaks_and_control_signs() -> None:
    assert line(" Bad\r\n  Müller\x00\x07 ", "title", limit=20) == "Bad Müller"


def test_a_block_keeps_its_lines() -> None:
    assert block(" eins\r\nzwei\r drei ", "note", limit=50) == "eins\nzwei\n drei"


def test_a_line_loses_what_turns_round_the_text_after_it() -> None:
    assert line("\u202a+49 171\u202c \u202egeb", "phone", limit=60) == "+49 171 geb"


def test_a_line_keeps_joined_signs_and_other_scripts() -> None:
    assert line("👷🏽\u200d♂️ مرحبا", "title", limit=20) == "👷🏽\u200d♂️ مرحبا"


@pytest.mark.parametrize(
    ("text", "code"),
    [("  ", "field.required"), ("\u200b\u2060", "field.required"), ("x" * 21, "field.too_long")],
)
def test_a_wrong_line_names_its_field(text: str, code: str) -> None:
    with pytest.raises(Invalid) as refused:
        line(text, "title", limit=20, required=True)
    assert (refused.value.code, refused.value.field) == (code, "title")


@pytest.mark.parametrize("typed", ["javascript:alert(1)", "https://", "https://a b.de", "http://localhost"])
def test_no_web_address(typed: str) -> None:
    with pytest.raises(Invalid, match="web_address"):
        web_address(typed, "imprint_url")


def test_a_web_address_gets_its_scheme() -> None:
    assert web_address(" berger.example/impressum ", "x") == "https://berger.example/impressum"
    assert web_address("", "x") == ""


@pytest.mark.parametrize("typed", ["petra", "petra@", "@x.de", "a@b", "a b@c.de", "a@@b.de", "a@b..de"])
def test_no_mail_address(typed: str) -> None:
    with pytest.raises(Invalid, match="mail_address"):
        mail_address(typed, "email")
