"""A number's forms are one person's, and nobody else's: Mexico, Brazil, Argentina; all others stand alone."""

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.actions.customers import checked_phone
from server.domain.errors import Invalid
from server.domain.phones import all_variants, variants
from tests.channels.lines import spec


def international(written: str) -> str:
    """Return a number as our book keeps it: typed ones are read, what a platform tells only gets its plus."""
    if written.isdigit() and not written.startswith("0"):
        return f"+{written}"
    return checked_phone(written).e164


def test_the_compiled_variants_find_each_other() -> None:
    table = spec("compiled/phone-variants.json")
    for row in table["same_person"]:
        for one, other in permutations(row["variants"], 2):
            assert international(other) in variants(international(one)), (one, other)
    for one, other in table["different_person"]:
        assert not set(variants(international(one))) & set(variants(international(other)))
    for name in table["must_not_touch"]:
        assert variants(name) == (name,)
    for real in table["must_not_be_rejected_although_libphonenumber_says_invalid"]:
        with pytest.raises(Invalid):
            checked_phone(f"+{real}")
        assert len(variants(f"+{real}")) == 2


@pytest.mark.parametrize(
    ("number", "others"),
    [
        ("+525512345678", ["+5215512345678"]),
        ("+5511987654321", ["+551187654321"]),
        ("+551138765432", []),  # a fixed line
        ("+5511938765432", []),  # a mobile that never had eight digits
        ("+541123456789", ["+5491123456789", "+54111523456789"]),
        ("+54111523456789", ["+5491123456789", "+541123456789"]),
        ("+54351151234567", ["+5493511234567", "+543511234567", "+54351115234567"]),
        ("+491712345678", []),
        ("+4915112345678", []),
        ("+52551234567", []),
        ("5215512345678", []),
        ("DE.13491208655302741918", []),
        ("", []),
    ],
)
def test_a_numbers_forms(number: str, others: list[str]) -> None:
    found = variants(number)
    assert found[0] == number
    assert set(others) <= set(found)
    assert bool(others) is (len(found) > 1)


LOCAL = st.from_regex(r"[1-9][0-9]{9}", fullmatch=True)


@given(st.sampled_from(["+52", "+521", "+55", "+54", "+549", "+49"]), LOCAL)
def test_forms_are_symmetric_and_complete(country: str, local: str) -> None:
    """Whoever is found under one form is found under each of them, and all forms are the same set."""
    number = country + local
    forms = set(variants(number))
    assert number in forms
    assert all(set(variants(form)) == forms for form in forms)


@given(LOCAL, LOCAL)
def test_two_people_never_share_a_form(one: str, other: str) -> None:
    for country in ("+52", "+54"):
        shared = set(variants(country + one)) & set(variants(country + other))
        assert bool(shared) is (one == other)


def test_all_variants_names_each_form_once() -> None:
    assert all_variants(["+525512345678", "+5215512345678"]) == ["+525512345678", "+5215512345678"]
