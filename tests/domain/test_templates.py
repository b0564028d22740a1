"""Templates filled: what is missing or too long is named by its gap, whatever is typed."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.domain.channels import Template
from server.domain.consents import Purpose
from server.domain.errors import Invalid
from server.domain.templates import (
    BODY_MAX,
    KnownTemplate,
    checked,
    filled,
    one_line,
    parts_of,
    suggested,
    variables_of,
)
from server.ids import new_id
from tests.factories import START

VISIT = Template("termin", body="Hallo {{name}}, wir kommen am {{tag}}. Bis dann, {{ name }}!", variables=2)
COUNTED = Template("frage", body="{{2}} vor {{1}}: {{10}}", variables=3)
BARE = Template("danke", body="Danke!", variables=0)
BLIND = Template("alt", variables=2)
PICTURED = replace(VISIT, header_image=True)


def known(template: Template) -> KnownTemplate:
    return KnownTemplate(new_id(), new_id(), new_id(), template, START)


@pytest.mark.parametrize(
    ("template", "values", "pictures", "field", "code", "name"),
    [
        (VISIT, ("Petra",), 0, "values.2", "template.value_missing", "tag"),
        (VISIT, ("", "morgen"), 0, "values.1", "template.value_missing", "name"),
        (VISIT, (" \n\t ", "morgen"), 0, "values.1", "template.value_missing", "name"),
        (VISIT, ("a", "b", "c"), 0, "values.3", "template.value_extra", None),
        (BARE, ("a",), 0, "values.1", "template.value_extra", None),
        (VISIT, ("kurz", "x" * BODY_MAX), 0, "values.2", "template.value_long", "tag"),
        (COUNTED, ("1", "2"), 0, "values.3", "template.value_missing", "10"),
        (BLIND, ("1",), 0, "values.2", "template.value_missing", "2"),
        (VISIT, ("a", "b"), 1, "photos", "template.pictures", None),
        (PICTURED, ("a", "b"), 0, "photos", "template.picture_missing", None),
        (PICTURED, ("a", "b"), 2, "photos", "template.one_picture", None),
    ],
)
def test_what_is_wrong_is_named_by_its_gap(
    template: Template, values: tuple[str, ...], pictures: int, field: str, code: str, name: str | None
) -> None:
    with pytest.raises(Invalid) as refused:
        checked(template, values, pictures=pictures)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.values.get("name") == name


def test_too_long_says_by_how_much() -> None:
    room = BODY_MAX - len(filled(VISIT, ("", "")))
    assert checked(VISIT, ("ab", "x" * (room - 4)))
    with pytest.raises(Invalid) as refused:
        checked(VISIT, ("ab", "x" * (room - 4 + 7)))
    assert refused.value.values["over"] == 7


@given(st.text(), st.text())
def test_one_line_is_what_a_variable_takes(one: str, other: str) -> None:
    line = one_line(f"{one}\n{other}")
    assert one_line(line) == line
    assert not any(sign in line for sign in ("\n", "\t", "  "))


@given(
    st.lists(
        st.text(st.characters(exclude_characters="{}"), min_size=1).filter(one_line), min_size=2, max_size=2
    )
)
def test_the_pieces_say_what_the_whole_says(values: list[str]) -> None:
    given = checked(VISIT, values)
    said = "".join(given[place - 1] if place else words for words, place in parts_of(VISIT))
    assert said == filled(VISIT, given)


def test_names_and_pieces() -> None:
    assert variables_of(COUNTED) == ["1", "2", "10"]
    assert [place for _, place in parts_of(COUNTED)] == [2, 0, 1, 0, 3]
    assert parts_of(BLIND) == [("1", 1), ("2", 2)]
    assert parts_of(BARE) == [("Danke!", 0)]


def test_what_we_know_already_stands_in_the_gaps() -> None:
    assert suggested(VISIT, {"Name": "Petra Müller", "Kunde": "x"}, "egal") == ("Petra Müller", "")
    assert suggested(replace(VISIT, body="Frage: {{1}}"), {}, "Hell\noder dunkel?") == (
        "Hell · oder dunkel?",
    )
    assert suggested(BARE, {"Name": "x"}, "egal") == ()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, ""),
        ({"approved": False, "state": "PAUSED"}, "template.paused"),
        ({"approved": False, "state": "DISABLED"}, "template.disabled"),
        ({"approved": False, "state": "REJECTED"}, "template.rejected"),
        ({"approved": False, "state": "PENDING"}, "template.pending"),
        ({"approved": False, "state": "ANYTHING_NEW"}, "template.pending"),
        ({"needs": ("header.video",)}, "template.unfillable"),
    ],
)
def test_only_what_is_approved_may_leave(changes: dict[str, object], code: str) -> None:
    assert known(replace(VISIT, **changes)).refusal == code  # type: ignore[arg-type]
    assert replace(known(VISIT), gone_at=START).refusal == "template.gone"


def test_what_is_billed_as_advertising_is_advertising() -> None:
    assert known(replace(VISIT, category="MARKETING")).purpose is Purpose.ADVERTISING
    assert known(replace(VISIT, category="UTILITY")).purpose is Purpose.SERVICE
