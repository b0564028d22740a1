"""Mail addresses and message ids as the firm makes and knows them: pure, and closed to every odd character."""

import base64
import re
from uuid import UUID

# What may stand on a command line of SMTP without quotes (RFC 5321 4.1.2), in the length it allows.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?"
)
_TOKEN = re.compile(r"[a-z2-7]{8,48}")
_OWN_ID = re.compile(
    r"<zollstock\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@([A-Za-z0-9.-]{1,255})>", re.I
)
# Says that the token names one of our own messages, not a job; a job's token must not have this length.
_ANSWER = "r"
ANSWER_LENGTH = 27
JOB_LENGTH = 26


def is_address(text: str) -> bool:
    """Say whether this is one plain ASCII address that can stand in an envelope and a header."""
    return _ADDRESS.fullmatch(text) is not None and ".." not in text and len(text) <= 200


def ascii_address(text: str) -> str:
    """Return the address as it travels, its domain in ASCII (IDNA), "" for one that cannot travel everywhere."""
    local, _, domain = text.strip().rpartition("@")
    try:
        written = f"{local}@{domain[:253].encode('idna').decode()}"
    except UnicodeError:
        return ""
    return written if is_address(written) else ""


def shown_address(address: str) -> str:
    """Return the address as people write it: its domain with umlauts again, as it was where it has none (IDNA)."""
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain[:253].encode('ascii').decode('idna')}"
    except UnicodeError:
        return address


def domain_of(address: str) -> str:
    """Return the part after the last @, in lower case."""
    return address.rpartition("@")[2].lower()


def plus_address(address: str, token: str) -> str:
    """Return the address that brings the token back: `name+token@domain`.

    Mail servers may change the case of a local part, so a token is base32 in lower case (8 to 48 of a-z2-7).
    Raises ValueError for another token.
    """
    if not _TOKEN.fullmatch(token):
        raise ValueError("a token is 8 to 48 of a-z and 2-7")
    name, _, domain = address.rpartition("@")
    return f"{name}+{token}@{domain}"


def plus_token(address: str, received: str) -> str:
    """Return the token with which our address was written to, "" when it was another address or none was used."""
    name, _, domain = address.lower().rpartition("@")
    local, _, host = received.strip().lower().rpartition("@")
    token = local.removeprefix(f"{name}+")
    return token if host == domain and token != local and _TOKEN.fullmatch(token) else ""


def answer_token(intent_id: UUID) -> str:
    """Return the token that names one of our own messages, for a reply address."""
    return _ANSWER + base64.b32encode(intent_id.bytes).decode().rstrip("=").lower()


def intent_of_token(token: str) -> UUID | None:
    """Return which message of ours an answer token names; None for a job's token."""
    if len(token) != ANSWER_LENGTH or not token.startswith(_ANSWER) or not _TOKEN.fullmatch(token):
        return None
    return UUID(bytes=base64.b32decode(token[1:].upper() + "======"))


def job_token(job_id: UUID) -> str:
    """Return the token of a job's own address: 26 of a-z2-7."""
    return base64.b32encode(job_id.bytes).decode().rstrip("=").lower()


def job_of_token(token: str) -> UUID | None:
    """Return which job a token names; None for any other word."""
    if len(token) != JOB_LENGTH or not _TOKEN.fullmatch(token):
        return None
    return UUID(bytes=base64.b32decode(token.upper() + "======"))


def message_id(intent_id: UUID, address: str) -> str:
    """Return our own Message-ID, with its brackets: the intent at our domain, so that it is known wherever it returns."""
    return f"<zollstock.{intent_id}@{domain_of(address)}>"


def intents_in(text: str, address: str) -> list[UUID]:
    """Return the messages of ours whose Message-IDs stand in a text, in its order."""
    return [UUID(found[1]) for found in _OWN_ID.finditer(text) if found[2].lower() == domain_of(address)]


def foreign_message_id(foreign_id: str) -> str:
    """Return the Message-ID of a mail by the name we gave it (`<id>` and a fingerprint), "" when it had none."""
    found = re.match(r"<[!-;=?-~]{1,200}>", foreign_id)
    return found[0] if found else ""
