"""What channels were told first about people; the first value stays."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from server.db.tables import ChannelAccountRow, ChannelFactRow
from server.domain.identities import Fact
from server.ids import new_id


async def add_facts(company_id: UUID, account_id: UUID, facts: Iterable[Fact], *, at: datetime) -> None:
    """Keep facts; one that is known under its name stays as it is."""
    made = [
        ChannelFactRow(
            id=new_id(),
            company_id=company_id,
            account_id=account_id,
            name=fact.name,
            about=fact.about,
            value=fact.value,
            created_at=at,
        )
        for fact in facts
    ]
    await ChannelFactRow.bulk_create(made, ignore_conflicts=True)


async def by_names(company_id: UUID, account_id: UUID, names: Sequence[str]) -> dict[str, str]:
    """Return the values that are known, by name."""
    found = ChannelFactRow.filter(company_id=company_id, account_id=account_id, name__in=list(names))
    return {row.name: row.value for row in await found}


async def delete_about(company_id: UUID, channel: str, names: Sequence[str]) -> None:
    """Forget what the accounts of a channel were told about people of these names."""
    accounts = ChannelAccountRow.filter(company_id=company_id, kind=channel)
    ids = list(await accounts.values_list("id", flat=True))
    about = ChannelFactRow.filter(company_id=company_id, account_id__in=ids, about__in=list(names))
    await about.delete()
