"""The answers a customer is offered: as buttons, as a numbered list or as thumbs; and which of them he picked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from server.domain.capabilities import Capabilities, length

MAX_CHOICES = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """One answer offered; `id` comes back when it is tapped."""

    id: str
    title: str


def fit_buttons(choices: Sequence[Choice], caps: Capabilities) -> bool:
    """Return whether the choices can be buttons: few, short and told apart."""
    titles = {choice.title for choice in choices}
    return (
        len(choices) <= caps.buttons
        and len(titles) == len(choices)
        and all(0 < length(choice.title, caps) <= caps.button_title_max for choice in choices)
    )


def numbered(text: str, choices: Sequence[Choice], link: str | None) -> str:
    """Return the question with its choices as a numbered list and the answer link, for channels without buttons."""
    rows = [f"{place}) {choice.title}" for place, choice in enumerate(choices, 1)]
    return "\n\n".join(part for part in (text, "\n".join(rows), link) if part)


_YES = {"ja", "yes", "ok", "okay", "passt", "einverstanden", "stimmt", "gerne"}
_NO = {"nein", "no", "nicht"}

THUMBS = ("👍", "👎")


def thumbs(choices: Sequence[Choice]) -> tuple[Choice, Choice] | None:
    """Return (what 👍 means, what 👎 means) when exactly two choices say yes and no, else None: never guess."""
    if len(choices) != 2:
        return None
    words = [re.findall(r"\w+", choice.title.casefold()) or [""] for choice in choices]
    for yes, no in ((0, 1), (1, 0)):
        refuses = words[no][0] in _NO or words[no] == [*words[yes], "nicht"]
        if words[yes][0] in _YES and "nicht" not in words[yes] and refuses:
            return choices[yes], choices[no]
    return None


def picked(answer: str, choices: Sequence[Choice]) -> Choice | None:
    """Return the choice a typed answer names, by its number ("2", "2)", "2.") or its exact words, else None."""
    words = answer.strip().casefold()
    for place, choice in enumerate(choices, 1):
        if words in {str(place), f"{place})", f"{place}.", choice.title.casefold()}:
            return choice
    return None
