"""One person's number in the forms people type and platforms tell: for looking up only, nothing is ever rewritten."""

import re
from collections.abc import Iterable

# Brazil: the ninth digit was put before mobile numbers of eight digits, and those begin with 6 to 9; what begins
# with 2 to 5 is a fixed line, and the same digits behind a 9 are somebody else.
_BRAZIL_LONG = re.compile(r"\+55([1-9]\d)9([6-9]\d{7})")
_BRAZIL_SHORT = re.compile(r"\+55([1-9]\d)([6-9]\d{7})")
_ARGENTINA = re.compile(r"\+54(9?)(\d{10})")
_ARGENTINA_15 = re.compile(r"\+54(9?)(\d{12})")


def variants(number: str) -> tuple[str, ...]:
    """Return every form the same person's number may have (E.164 with its plus), the given one first.

    Mexico with and without the old 1 (chatwoot/chatwoot#14048), Brazil with and without the ninth digit (#14264),
    Argentina with and without the 9 of mobile numbers and with the 15 dialled at home (#14657). Anything that is no
    such number comes back alone: a business-scoped id has no variants.
    """
    others = (_mexico(number), _brazil(number), _argentina(number))
    return tuple(dict.fromkeys([number, *(form for forms in others for form in forms)]))


def all_variants(numbers: Iterable[str]) -> list[str]:
    """Return the variants of all of them, each once."""
    return list(dict.fromkeys(form for number in numbers for form in variants(number)))


def _mexico(number: str) -> list[str]:
    found = re.fullmatch(r"\+52(1?)(\d{10})", number)
    return [f"+52{found[2]}", f"+521{found[2]}"] if found else []


def _brazil(number: str) -> list[str]:
    found = _BRAZIL_LONG.fullmatch(number) or _BRAZIL_SHORT.fullmatch(number)
    return [f"+55{found[1]}9{found[2]}", f"+55{found[1]}{found[2]}"] if found else []


def _argentina(number: str) -> list[str]:
    """Return the forms of an Argentinian number: area and subscriber are ten digits, area codes two to four long."""
    if found := _ARGENTINA.fullmatch(number):
        local = found[2]
    elif (found := _ARGENTINA_15.fullmatch(number)) and (joined := _without_15(found[2])):
        local = joined
    else:
        return []
    dialled = [f"+54{local[:size]}15{local[size:]}" for size in _area_sizes(local)]
    return [f"+549{local}", f"+54{local}", *dialled]


def _without_15(digits: str) -> str:
    """Return area and subscriber of a number with the 15 between them, "" when it is not there.

    It cannot stand after three digits and after four: the two places overlap.
    """
    cuts = (digits[:size] + digits[size + 2 :] for size in _area_sizes(digits) if digits[size:][:2] == "15")
    return next(cuts, "")


def _area_sizes(digits: str) -> tuple[int, ...]:
    """Return how long the area code may be: two digits in Buenos Aires (11) only, else three or four."""
    return (2,) if digits.startswith("11") else (3, 4)
