"""How the platforms name people: exact and opaque, but for the phone number."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from server.domain.mail import shown_address


class IdentityKind(StrEnum):
    """How a platform names a person. Only `phone` may ever be normalised; the others are opaque, case kept."""

    PHONE = "phone"
    BSUID = "bsuid"
    USERNAME = "username"
    PSID = "psid"
    CHAT = "chat"
    THREEMA = "threema"
    UUID = "uuid"
    EMAIL = "email"


@dataclass(frozen=True, slots=True)
class Identity:
    """One name of one person on one platform; a phone number is E.164 with its plus."""

    kind: IdentityKind
    value: str


def same_name(one: Identity | None, other: Identity | None) -> bool:
    """Say whether both are the same name: all are exact but mail addresses.

    Nobody can rely on their case, and a domain with umlauts travels in another writing than people use (IDNA).
    """
    if one is None or other is None or one.kind is not other.kind:
        return False
    return one.value == other.value or (
        one.kind is IdentityKind.EMAIL
        and shown_address(one.value).casefold() == shown_address(other.value).casefold()
    )


# Ids that name the same person to every account there is.
EVERYWHERE = frozenset({IdentityKind.UUID})


def scope_of(name: Identity) -> str | None:
    """Return within what an id names one person for ever, None for a name that can pass to somebody else.

    WhatsApp's id over several portfolios ("DE.ENT.…") is another one than that of a single portfolio: the two say
    nothing about each other (W/business-scoped-user-ids).
    """
    if name.kind is IdentityKind.BSUID:
        return "portfolios" if name.value.partition(".")[2].startswith("ENT.") else "bsuid"
    return name.kind if name.kind in EVERYWHERE else None


_USE = {IdentityKind.PHONE: 0, IdentityKind.USERNAME: 2}


def by_use(names: Sequence[Identity]) -> list[Identity]:
    """Return a person's names with the one to write to first: his number, then what a platform made up, a username last.

    Where number and business-scoped id are both known, WhatsApp takes the number (W/business-scoped-user-ids).
    """
    return sorted(names, key=lambda name: _USE.get(name.kind, 1))


@dataclass(frozen=True, slots=True)
class Fact:
    """Something about a person that a channel must hold on to: the first value counts for ever.

    `about` is his name at the platform (so that it can be erased with him), `value` "" = must be asked for.
    """

    name: str
    about: str
    value: str = ""
