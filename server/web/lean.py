"""What a browser needs of a script or a style sheet: the code, without the words that explain it to people.

There is no build; sources and addresses stay one to one, and lines keep their numbers, so that a stack trace of a phone
leads to the line it names. Comments were a third of what a first visit carried.
"""

import re

_COMMENT = re.compile(r"^[ \t]*//[^\n]*$|/\*\*.*?\*/ ?", re.MULTILINE | re.DOTALL)
_STYLE = re.compile(
    r"""(?P<kept>"[^"]*"|'[^']*')|/\*.*?\*/|\s*(?P<mark>[{};,])\s*|(?P<colon>:)\s+|(?P<space>\s+)""",
    re.DOTALL,
)


def script(text: str) -> str:
    """Return a module without its whole-line and JSDoc comments.

    It looks for no strings, which would need a whole parser for regular expressions: tests/web/test_lean.py parses
    every file of ours before and after.
    """
    return _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), text)


def style(text: str) -> str:
    """Return a style sheet without comments and without the space that only people read."""
    return _STYLE.sub(_shortest, text).strip().replace(";}", "}")


def _shortest(found: re.Match[str]) -> str:
    if found["space"]:
        return " "
    return found["kept"] or found["mark"] or found["colon"] or ""
