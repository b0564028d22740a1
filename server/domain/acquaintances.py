"""What is known of one person that decides whether and how he can be written to: read once, then all is pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from server.domain.accounts import Account
from server.domain.consents import Consent
from server.domain.customers import Contact
from server.domain.identities import Identity, IdentityKind


@dataclass(frozen=True, slots=True)
class Heard:
    """When he last wrote in a channel, to one account, under one name.

    Without an account it was imported; `proved`: the platform showed that it was he.
    """

    channel: str
    account_id: UUID | None
    name: Identity | None
    proved: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """One person: his entry in our book, the ledger's lines about him, what he wrote, his names by platform.

    `contact` is None for somebody who is not in the book (any more). Of the names the one to write to stands first;
    those he gave up are not among them.
    """

    contact: Contact | None
    lines: Sequence[Consent] = ()
    heard: Sequence[Heard] = ()
    names: Mapping[str, Sequence[Identity]] = field(default_factory=dict)

    def names_in(self, platform: str) -> Sequence[Identity]:
        return self.names.get(platform, ())

    def wrote_at(self, platform: str, account_id: UUID | None = None) -> datetime | None:
        """Return when he last wrote in a channel himself, to this account or any, as the platform proved.

        Only a message under one of his names there counts: the one the platform told us, or the number or address in
        our book. What was imported, came by another channel or under a name that is no longer his proves nothing (G3).
        """
        if self.contact is None:
            return None
        his = {*self.names_in(platform), *map(_as_kept, self.contact.names)}
        proved = (one for one in self.heard if one.channel == platform and one.account_id and one.proved)
        asked = (one for one in proved if account_id in (None, one.account_id))
        return max((one.at for one in asked if one.name in his), default=None)

    def account_of(self, connected: Sequence[Account]) -> Account | None:
        """Return by which of a channel's accounts, oldest first, he is written to; None where there is none.

        The one he last wrote to, though it stands still: another sender does not step in by itself. One that the
        office has switched off is given up, and counts only where there is no other. Of somebody who never wrote the
        ledger knows the channel only: the first that may send.
        """
        kept = [one for one in connected if not one.disabled_at] or list(connected)
        wrote = {one.id: self.wrote_at(one.kind, one.id) for one in kept}
        heard = [(at, one) for one in kept if (at := wrote[one.id])]
        if heard:
            return max(heard, key=lambda pair: pair[0])[1]
        return next((one for one in kept if one.usable), next(iter(kept), None))

    def last_in_at(self, account_id: UUID) -> datetime | None:
        """Return when he last wrote to this account, as the platform proved; it opens the platform's window."""
        his = (one.at for one in self.heard if one.account_id == account_id and one.proved)
        return max(his, default=None)

    @property
    def channels(self) -> set[str]:
        """Return the channels a line about him names, or that he ever wrote in."""
        return {one.channel for one in self.lines} | {one.channel for one in self.heard}


def _as_kept(name: Identity) -> Identity:
    """Return a name as messages keep their sender: an address in lower case."""
    return replace(name, value=name.value.casefold()) if name.kind is IdentityKind.EMAIL else name
