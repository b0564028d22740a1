"""Whom the platforms know: the names of contacts there, those they gave up too."""

from collections.abc import Sequence
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from tortoise.expressions import Q

from server.db import sql
from server.db.tables import IdentityRow
from server.domain.identities import Identity, IdentityKind, by_use, same_name
from server.ids import new_id

_GONE = (
    "SELECT id FROM identity WHERE company_id = ? AND channel = ? AND kind = ? AND gone_at IS NOT NULL AND "
)
_KNOWN = """SELECT channel, kind, value FROM identity
    WHERE company_id = ? AND contact_id = ? AND gone_at IS NULL ORDER BY id DESC"""


async def add_identity(
    company_id: UUID, contact_id: UUID, channel: str, identity: Identity, *, at: datetime
) -> None:
    """Tie a platform's name to a contact; a name that is taken stays where it is (merging is a human act)."""
    row = IdentityRow(
        id=new_id(),
        company_id=company_id,
        contact_id=contact_id,
        channel=channel,
        kind=identity.kind,
        value=identity.value,
        created_at=at,
    )
    await IdentityRow.bulk_create([row], ignore_conflicts=True)


async def of_contact(company_id: UUID, contact_id: UUID, channel: str) -> list[Identity]:
    """Return how a contact is known on a platform: the best name to write to first, then the newest.

    Names he gave up are not among them.
    """
    return (await known(company_id, contact_id)).get(channel, [])


async def known(company_id: UUID, contact_id: UUID) -> dict[str, list[Identity]]:
    """Return a person's names by platform, each list as `of_contact` gives it, in one statement."""
    found: dict[str, list[Identity]] = {}
    for row in await sql.rows(_KNOWN, company_id, contact_id):
        found.setdefault(row["channel"], []).append(Identity(IdentityKind(row["kind"]), row["value"]))
    return {platform: by_use(names) for platform, names in found.items()}


async def platforms_of(company_id: UUID, contact_id: UUID) -> set[str]:
    """Return the platforms that know this person."""
    rows = IdentityRow.filter(company_id=company_id, contact_id=contact_id)
    return {str(channel) for channel in await rows.values_list("channel", flat=True)}


async def names_of(company_id: UUID, contact_id: UUID) -> dict[str, list[str]]:
    """Return all names of a person by platform, those he gave up too."""
    found: dict[str, list[str]] = {}
    for row in await IdentityRow.filter(company_id=company_id, contact_id=contact_id).order_by("id"):
        found.setdefault(row.channel, []).append(row.value)
    return found


async def delete_of_contact(company_id: UUID, contact_id: UUID) -> None:
    """Forget by which names the platforms know this person."""
    await IdentityRow.filter(company_id=company_id, contact_id=contact_id).delete()


async def delete_address(company_id: UUID, contact_id: UUID, address: str) -> None:
    """Forget one mail address of a person, in whatever writing."""
    rows = IdentityRow.filter(company_id=company_id, contact_id=contact_id, kind=IdentityKind.EMAIL)
    await rows.filter(value__iexact=address).delete()


async def contact_of(company_id: UUID, channel: str, identities: Sequence[Identity]) -> UUID | None:
    """Return the contact one of these names belongs to; a username names nobody, for it can be passed on.

    An id goes before a number: that one may have been another person's.
    """
    for identity in sorted(identities, key=lambda one: one.kind is IdentityKind.PHONE):
        if identity.kind is IdentityKind.USERNAME:
            continue
        row = await IdentityRow.get_or_none(
            company_id=company_id, channel=channel, kind=identity.kind, value=identity.value, gone_at=None
        )
        if row:
            contact: UUID = row.contact_id
            return contact
    return None


async def given_up(company_id: UUID, channel: str, identities: Sequence[Identity]) -> bool:
    """Say whether one of these names was given up and nobody has said yet whose it is now."""
    for identity in identities:
        same = "UPPER(value) = UPPER(?)" if identity.kind is IdentityKind.EMAIL else "value = ?"
        if await sql.rows(_GONE + same, company_id, channel, identity.kind, identity.value):
            return True
    return False


async def given_up_where(company_id: UUID, identities: Sequence[Identity]) -> set[tuple[str, Identity]]:
    """Return on which platforms these names were given up and nobody has said yet whose they are, in one statement."""
    if not identities:
        return set()
    gone = IdentityRow.filter(company_id=company_id, gone_at__isnull=False)
    rows = await gone.filter(reduce(or_, map(_named, identities)))
    found = [(row.channel, Identity(IdentityKind(row.kind), row.value)) for row in rows]
    return {(channel, one) for channel, gone in found for one in identities if same_name(one, gone)}


def _named(identity: Identity) -> Q:
    exact = "value__iexact" if identity.kind is IdentityKind.EMAIL else "value"
    return Q(kind=identity.kind, **{exact: identity.value})


async def set_gone(
    company_id: UUID, contact_id: UUID, channel: str, identities: Sequence[Identity], *, at: datetime
) -> None:
    """Note that a person no longer has these names at a platform."""
    for identity in identities:
        await add_identity(company_id, contact_id, channel, identity, at=at)
        mine = IdentityRow.filter(company_id=company_id, contact_id=contact_id, channel=channel)
        await mine.filter(kind=identity.kind, value=identity.value).update(gone_at=at)


async def delete_gone(company_id: UUID, contact_id: UUID, channel: str) -> None:
    """Forget the names a person gave up at a platform."""
    gone = IdentityRow.filter(company_id=company_id, contact_id=contact_id, channel=channel)
    await gone.filter(gone_at__isnull=False).delete()
