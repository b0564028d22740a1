"""Who wrote a mail, when, what it answers, and whether a person wrote it at all (RFC 5322, 3834, 8601)."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from uuid import UUID

from server.channels.email.mime import MAX_LINE, Part, addresses, decoded
from server.channels.email.plan import clean, one_line
from server.domain.identities import Identity, IdentityKind
from server.domain.mail import ascii_address, intents_in, plus_token

# Whoever takes the smaller of this and his own clock has the time of arrival.
UNDATED = datetime(9999, 12, 31, tzinfo=UTC)
_BELIEVED_BEFORE, _BELIEVED_AFTER = timedelta(days=7), timedelta(minutes=5)
_MACHINES = ("mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply")
_MACHINE_SUBJECT = re.compile(
    r"(automatische antwort|automatic reply|out of office|abwesenheits?(notiz|meldung|assistent)|auto(matische )?-?reply"
    r"|undelivered mail|undeliverable|unzustellbar|mail delivery failed)",
    re.I,
)
_MACHINE_HEADERS = (
    "x-autoreply",
    "x-autorespond",
    "x-auto-reply-from",
    "x-mail-autoreply",
    "list-id",
    "x-loop",
)
_SENT_TO = ("delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "to", "cc")


def answered(root: Part, address: str) -> UUID | None:
    """Return which of our mails this one answers: the nearest of ours in its thread, never by subject."""
    direct = intents_in(root.get("in-reply-to")[: 4 * MAX_LINE], address)
    chain = intents_in(root.get("references")[: 8 * MAX_LINE], address)
    return direct[0] if direct else chain[-1] if chain else None


def tokens_of(root: Part, address: str) -> list[str]:
    reached = (one for header in _SENT_TO for one in addresses_in(root.all(header)[:5]))
    return [token for token in (plus_token(address, one) for one in reached) if token]


def is_automatic(root: Part, sender: str, address: str) -> bool:
    """Say whether a machine wrote this, or may have: then nothing answers it (RFC 3834 2)."""
    submitted = root.get("auto-submitted").partition(";")[0].strip().lower()
    suppress = root.get("x-auto-response-suppress").strip().lower()
    local = sender.partition("@")[0].lower()
    return (
        submitted not in ("", "no")
        or suppress not in ("", "none")
        or root.get("precedence").strip().lower() in ("bulk", "junk", "list", "auto_reply")
        or any(root.get(name) for name in _MACHINE_HEADERS)
        or root.get("return-path").replace(" ", "") == "<>"
        or local.startswith(_MACHINES)
        or _is_own(sender, address)
        or bool(intents_in(message_id_of(root), address))
        or _MACHINE_SUBJECT.match(decoded(root.get("subject")[:MAX_LINE])) is not None
    )


def _is_own(sender: str, address: str) -> bool:
    return sender.lower() == address.lower() or bool(plus_token(address, sender))


def is_verified(root: Part, sender: str, address: str) -> bool:
    """Say whether nothing speaks against the sender (RFC 8601).

    Only a "fail" counts: a "pass" could have been written by anybody, and a forged "fail" harms but its writer.
    """
    verdicts = root.all("authentication-results")
    return not any("dmarc=fail" in verdict.lower() for verdict in verdicts) and not _is_own(sender, address)


def identities(sender: str) -> tuple[Identity, ...]:
    """Return the address as written, and in lower case where that differs: people type it in either way."""
    names = dict.fromkeys((sender, sender.lower()))
    return tuple(Identity(IdentityKind.EMAIL, name) for name in names)


def sender_of(root: Part) -> str:
    """Return the one address of From, "" when there is none or nobody can tell which."""
    found = addresses_in(root.all("from")[:2])
    return found[0] if len(found) == 1 else ""


def name_of(root: Part) -> str:
    pairs = addresses(root.get("from"))
    return clean(one_line(decoded(pairs[0][0])))[:200] if len(pairs) == 1 else ""


def addresses_in(values: Sequence[str]) -> list[str]:
    """Return the addresses that can be ones; what is written in encoded words is never one (RFC 2047 5)."""
    written = (ascii_address(address) for value in values for _, address in addresses(value))
    return [address for address in written if address]


def message_id_of(root: Part) -> str:
    found = re.search(r"<[!-;=?-~]{1,150}>", root.get("message-id")[:MAX_LINE])
    return found[0] if found else ""


def when(root: Part) -> datetime:
    """Return when it was written, if the server that received it finds that likely; else when it came."""
    came = _moment(root.get("received").rpartition(";")[2])
    wrote = _moment(root.get("date"))
    if came and wrote:
        return wrote if came - _BELIEVED_BEFORE <= wrote <= came + _BELIEVED_AFTER else came
    return came or wrote or UNDATED


def _moment(text: str) -> datetime | None:
    try:
        told = parsedate_to_datetime(text.strip()[:200])
        return (told if told.tzinfo else told.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None
