"""From what was typed or sent to a frozen dataclass; a wrong field is named and nothing typed is lost.

A form is a dataclass whose fields are made by `fields` (`text`, `number`, `ids` …) and read by `reading`. The same
dataclass reads JSON bodies and query strings.
"""

from server.web.forms.fields import (
    choice_id,
    clocks,
    day,
    flag,
    identity,
    ids,
    moment,
    number,
    one_of,
    plain,
    secret,
    text,
    texts,
    word,
)
from server.web.forms.reading import Form, blank, parsed, read, read_json, read_patch, read_query

__all__ = [
    "Form",
    "blank",
    "choice_id",
    "clocks",
    "day",
    "flag",
    "identity",
    "ids",
    "moment",
    "number",
    "one_of",
    "parsed",
    "plain",
    "read",
    "read_json",
    "read_patch",
    "read_query",
    "secret",
    "text",
    "texts",
    "word",
]
