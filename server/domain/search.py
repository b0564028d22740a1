"""Folded text for searching: the same hits on every database (Müller = Mueller = Muller, ß = ss)."""

import re
import unicodedata

TERMS_MAX = 8
_SPELLED_OUT = re.compile("(?<!q)([aou])e")


def fold(text: str) -> str:
    """Return `text` without case, accents and spelled-out umlauts, words parted by one space."""
    decomposed = unicodedata.normalize("NFKD", text.casefold()).casefold()
    bare = "".join(sign for sign in decomposed if not unicodedata.combining(sign))
    return " ".join(_SPELLED_OUT.sub(r"\1", bare).split())


def folded(*texts: str) -> str:
    """Return what a search column holds: the given texts, folded, one a line so that no hit spans two of them."""
    return "\n".join(fold(text) for text in texts if text.strip())


def terms(query: str) -> list[str]:
    """Return the folded words of a query; a row is a hit when it contains every one."""
    return list(dict.fromkeys(fold(query).split()))[:TERMS_MAX]
