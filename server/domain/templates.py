"""Texts a platform has approved beforehand: which of them may leave, how they are filled, what they will say."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from server.domain.channels import Template
from server.domain.consents import Purpose
from server.domain.errors import Invalid

# What the whole text may come to, filled (W/templates/components: 1024 signs).
BODY_MAX = 1024
VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
# The platform's word for what stands against a text that it once knew (W/message_template_status_update).
_STATES = {"PAUSED": "template.paused", "DISABLED": "template.disabled", "REJECTED": "template.rejected"}
_ADVERTISING = "MARKETING"


@dataclass(frozen=True, slots=True)
class KnownTemplate:
    """A template as the platform told of it last; `gone_at`: since when it is no longer listed there."""

    id: UUID
    company_id: UUID
    account_id: UUID
    template: Template
    synced_at: datetime
    gone_at: datetime | None = None

    @property
    def refusal(self) -> str:
        """Return the code of what stands against sending it now, "" = nothing."""
        if self.gone_at is not None:
            return "template.gone"
        if not self.template.approved:
            return _STATES.get(self.template.state, "template.pending")
        return "template.unfillable" if self.template.needs else ""

    @property
    def purpose(self) -> Purpose:
        """Return what a person must have agreed to: what the platform bills as advertising is advertising."""
        return Purpose.ADVERTISING if self.template.category == _ADVERTISING else Purpose.SERVICE


@dataclass(frozen=True, slots=True)
class Synced:
    """When the platform's list was last read whole, and what the newest attempt failed of ("" = it did not)."""

    at: datetime | None
    error: str = ""


def variables_of(template: Template) -> list[str]:
    """Return the names of a template's variables in the order in which they are to be filled."""
    if not template.body:
        return [str(place + 1) for place in range(template.variables)]
    found = list(dict.fromkeys(VARIABLE.findall(template.body)))
    return sorted(found, key=int) if all(name.isdigit() for name in found) else found


def parts_of(template: Template) -> list[tuple[str, int]]:
    """Return the body in pieces: (words, 0), or (name of a variable, its place from 1 on)."""
    places = {name: place for place, name in enumerate(variables_of(template), 1)}
    if not template.body:
        return [(name, place) for name, place in places.items()]
    pieces = VARIABLE.split(template.body)
    return [(piece, places[piece] if odd % 2 else 0) for odd, piece in enumerate(pieces) if piece]


def filled(template: Template, values: Sequence[str]) -> str:
    """Return what the customer will read; of a template whose text is not known only the values."""
    if not template.body:
        return " ".join(values)
    by_name = dict(zip(variables_of(template), values, strict=True))
    return VARIABLE.sub(lambda found: by_name[found[1]], template.body)


def one_line(text: str) -> str:
    """Return a text as a variable takes it: no line break, no tab, no run of blanks (W/templates, parameters)."""
    return re.sub(r"\s+", " ", re.sub(r"\s*\n\s*", " · ", text.strip())).strip()


def checked(template: Template, values: Sequence[str], *, pictures: int = 0) -> tuple[str, ...]:
    """Return the values as they leave. Raises Invalid naming the gap ("values.2") that is wrong, or the photos."""
    names, given = variables_of(template), tuple(one_line(value) for value in values)
    for place, name in enumerate(names, 1):
        if place > len(given) or not given[place - 1]:
            raise Invalid("template.value_missing", field=f"values.{place}", name=name)
    if len(given) > len(names):
        raise Invalid("template.value_extra", field=f"values.{len(names) + 1}", needed=len(names))
    if (over := len(filled(template, given)) - BODY_MAX) > 0:
        place = max(range(len(given)), key=lambda one: len(given[one]), default=0)
        name = names[place] if names else template.name
        raise Invalid("template.value_long", field=f"values.{place + 1}", name=name, over=over)
    if pictures != template.header_image:
        code = "template.pictures" if pictures else "template.picture_missing"
        raise Invalid(
            code if pictures <= 1 else "template.one_picture", field="photos", template=template.name
        )
    return given


def suggested(template: Template, known: Mapping[str, str], text: str) -> tuple[str, ...]:
    """Return what may already stand in the gaps: what we know by the same name; in the only gap what was typed."""
    names, by_name = variables_of(template), {name.casefold(): value for name, value in known.items()}
    if len(names) == 1 and text.strip():
        return (one_line(text),)
    return tuple(by_name.get(name.casefold(), "") for name in names)
