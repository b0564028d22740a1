"""Approved texts in the composer: offered where free words may not leave, one gap after the other, seen as they will read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from starlette.requests import Request

from server.actions import templates
from server.domain.accounts import Account
from server.domain.customers import Contact
from server.domain.errors import Invalid
from server.domain.templates import KnownTemplate, one_line, parts_of, suggested, variables_of
from server.ids import parse_id
from server.web import forms

# A gap's field is named after its template, so that all of them fit into one form: values-<id>, in order.
_FIELD = "values-"
_OFFERED, _GAPS, _LONG = 60, 40, 2000


@dataclass(frozen=True, slots=True)
class Gap:
    """One variable: `place` from 1 on, `name` as the platform has it ("1" where it only counts)."""

    place: int
    name: str
    value: str
    error: Invalid | None


@dataclass(frozen=True, slots=True)
class TextOffer:
    """A template as it can be sent here: `parts` are its words and, by their place, its gaps; `micros` what it costs."""

    known: KnownTemplate
    micros: int | None
    gaps: tuple[Gap, ...]
    parts: tuple[tuple[str, int], ...]
    open: bool

    @property
    def wrong(self) -> bool:
        return any(gap.error for gap in self.gaps)

    def shown(self, place: int) -> str:
        """Return what the customer would read at a gap, "" while it is empty."""
        return one_line(self.gaps[place - 1].value)


async def values_of(request: Request) -> dict[str, tuple[str, ...]]:
    """Return what was typed into the gaps, by the template's id. Raises Invalid for what no form of ours sends."""
    found: dict[str, tuple[str, ...]] = {}
    data = await request.form(max_fields=2000)
    for name in dict.fromkeys(data):
        known = parse_id(name.removeprefix(_FIELD)) if name.startswith(_FIELD) else None
        if known is None or len(found) >= _OFFERED:
            continue
        typed = data.getlist(name)[:_GAPS]
        if any(not isinstance(one, str) or len(one) > _LONG for one in typed):
            raise Invalid("field.too_long", field="template", max=_LONG)
        found[str(known)] = tuple(str(one) for one in typed)
    return found


async def offers(
    account: Account, contact: Contact, form: forms.Form[Any], known: Mapping[str, str], *, at: datetime
) -> tuple[TextOffer, ...]:
    """Return the texts that may leave for a person, with what was typed, else what we know, in their gaps."""
    usable = await templates.offered_to(account, contact.id, at=at)
    texts = await templates.priced(account, usable, at=at)
    chosen = str(form.get("template") or "")
    first = next((str(one.id) for one, _ in texts), "")
    return tuple(
        _offer(one, micros, form, known, chosen=chosen, opened=chosen or first)
        for one, micros in texts[:_OFFERED]
    )


def _offer(
    one: KnownTemplate,
    micros: int | None,
    form: forms.Form[Any],
    known: Mapping[str, str],
    *,
    chosen: str,
    opened: str,
) -> TextOffer:
    typed: Mapping[str, Sequence[str]] = form.get("values", {}) or {}
    guessed = suggested(one.template, known, str(form.get("text") or ""))
    values = typed.get(str(one.id), guessed)
    gaps = [
        Gap(
            place,
            name,
            values[place - 1] if place <= len(values) else "",
            form.error(f"values.{place}") if str(one.id) == chosen else None,
        )
        for place, name in enumerate(variables_of(one.template), 1)
    ]
    return TextOffer(one, micros, tuple(gaps), tuple(parts_of(one.template)), open=str(one.id) == opened)


def values_for(typed: Mapping[str, Any], template_id: UUID | None) -> tuple[str, ...]:
    """Return what was typed into the gaps of the chosen template."""
    found: Mapping[str, tuple[str, ...]] = typed.get("values", {}) or {}
    return found.get(str(template_id), ())
