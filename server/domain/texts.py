"""What a typed line may hold: trimmed, without control signs, within its length."""

import re
import unicodedata

from server.domain.errors import Invalid

_GAPS = re.compile(r"\s+")
_NEWLINES = re.compile(r"\r\n?")
_TURNING = "\u202a\u202b\u202c\u202d\u202e"
_HOST = re.compile(r"https?://[^\s/@]+\.[^\s/@]+(/\S*)?", re.IGNORECASE)
_MAIL = re.compile(r"[^\s@]+@[^\s@.]+(\.[^\s@.]+)+")


def line(text: str, field: str, *, limit: int, required: bool = False) -> str:
    """Return `text` as one clean line. Raises Invalid("field.required" or "field.too_long")."""
    return _measured(_GAPS.sub(" ", _printable(text)).strip(), field, limit, required)


def block(text: str, field: str, *, limit: int, required: bool = False) -> str:
    """Return `text` with its line breaks, otherwise as `line`."""
    return _measured(_printable(_NEWLINES.sub("\n", text)).strip(), field, limit, required)


def web_address(text: str, field: str) -> str:
    """Return an http(s) address or nothing. Raises Invalid("field.web_address")."""
    address = line(text, field, limit=500)
    if address and "://" not in address:
        address = f"https://{address}"
    if address and not _HOST.fullmatch(address):
        raise Invalid("field.web_address", field=field)
    return address


def mail_address(text: str, field: str) -> str:
    """Return an e-mail address or nothing. Raises Invalid("field.mail_address")."""
    address = line(text, field, limit=254)
    if address and not _MAIL.fullmatch(address):
        raise Invalid("field.mail_address", field=field)
    return address


def _printable(text: str) -> str:
    """Drop control signs and lone surrogates (Cc, Cs) but keep breaks: no database and no screen wants them.

    The old direction signs go too: pasted from an address book they turn round what stands after them.
    """
    return "".join(sign for sign in text if sign in "\n\t" or not _dropped(sign))


def _dropped(sign: str) -> bool:
    return unicodedata.category(sign) in ("Cc", "Cs") or sign in _TURNING


def _measured(text: str, field: str, limit: int, required: bool) -> str:
    # A name of nothing but unseen signs (C*, Z*) is a list row nobody can read or tap.
    if required and all(unicodedata.category(sign)[0] in "CZ" for sign in text):
        raise Invalid("field.required", field=field)
    if len(text) > limit:
        raise Invalid("field.too_long", field=field, max=limit)
    return text
