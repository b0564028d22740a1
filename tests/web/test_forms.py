"""Forms and bodies: every wrong field is named, nothing typed is lost."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

import pytest

from server.domain.errors import Invalid
from server.web import forms


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Shape:
    title: str = forms.text(max=10)
    note: str = forms.text(max=20, lines=True, default="")
    count: int = forms.number(min=1, max=9, default=1)
    job: UUID | None = forms.choice_id(default=None)
    tags: tuple[str, ...] = forms.texts(max=2, length=5)
    loud: bool = forms.flag()
    colour: Colour = forms.one_of(Colour, default=Colour.RED)
    at: Any = forms.moment(default=None)


def test_good_values_become_a_shape() -> None:
    ident = "01a20ae3-6bce-716f-8967-edd424ddc228"
    raw = {
        "title": "  Bad  ",
        "note": "a\r\nb",
        "count": "3",
        "job": ident,
        "tags": ["x", " ", "y"],
        "loud": "on",
        "colour": "blue",
    }
    form = forms.parsed(Shape, raw)
    assert form.data == Shape("Bad", "a\nb", 3, UUID(ident), ("x", "y"), True, Colour.BLUE, None)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("title", "", "field.required"),
        ("title", "   ", "field.required"),
        ("title", "x" * 11, "field.too_long"),
        ("title", "a\nb", "field.control"),
        ("title", "a\x00", "field.control"),
        ("title", 7, "field.type"),
        ("count", "0", "field.range"),
        ("count", "1e3", "field.number"),
        ("count", True, "field.number"),
        ("job", "../../etc", "field.id"),
        ("tags", ["1", "2", "3"], "field.too_many"),
        ("tags", ["toolong"], "field.too_long"),
        ("tags", "x", "field.type"),
        ("loud", "vielleicht", "field.type"),
        ("colour", "green", "field.choice"),
        ("at", "2026-11-23 10:00", "field.moment"),
        ("at", "gestern", "field.moment"),
    ],
)
def test_wrong_values_are_named_and_kept(field: str, value: Any, code: str) -> None:
    form = forms.parsed(Shape, {"title": "Bad", field: value})
    assert form.errors[field].code == code
    assert form.errors[field].field == field
    assert form.get(field) == value
    with pytest.raises(Invalid):
        _ = form.data


def test_a_missing_required_field_is_named() -> None:
    assert forms.parsed(Shape, {}).errors["title"].field == "title"


def test_a_rules_refusal_joins_the_form() -> None:
    form = forms.parsed(Shape, {"title": "Bad"}).refused(Invalid("job.number_taken", field="title"))
    assert form.error("title") and form.get("title") == "Bad"


def test_a_moment_needs_its_offset_and_becomes_utc() -> None:
    form = forms.parsed(Shape, {"title": "x", "at": "2026-11-23T10:00:00+01:00"})
    assert form.data.at.isoformat() == "2026-11-23T09:00:00+00:00"
