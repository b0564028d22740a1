"""The texts platforms have approved, account by account, as they were told last; what vanished there stays as gone."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from server.db import sql
from server.db.tables import ChannelAccountRow, ChannelTemplateRow
from server.domain.channels import Template
from server.domain.templates import KnownTemplate, Synced
from server.ids import new_id


async def set_synced(company_id: UUID, account_id: UUID, found: Sequence[Template], *, at: datetime) -> bool:
    """Write the platform's whole list as it was at that moment; False when a later one is known already."""
    await sql.lock("channel_account", company_id, account_id)
    last = await synced(company_id, account_id)
    if last.at is not None and last.at > at:
        return False
    listed = {(one.name, one.language): one for one in found}
    known = {
        (row.name, row.language): row
        for row in await ChannelTemplateRow.filter(company_id=company_id, account_id=account_id)
    }
    changed = [row for key, row in known.items() if key in listed and _template(row) != listed[key]]
    for row in changed:
        one = ChannelTemplateRow.filter(company_id=company_id, id=row.id)
        await one.update(**_columns(listed[(row.name, row.language)]))
    fresh = [
        ChannelTemplateRow(
            id=new_id(),
            company_id=company_id,
            account_id=account_id,
            name=name,
            language=language,
            synced_at=at,
            **_columns(template),
        )
        for (name, language), template in listed.items()
        if (name, language) not in known
    ]
    await ChannelTemplateRow.bulk_create(fresh)
    await _mark(company_id, [row.id for key, row in known.items() if key in listed], at=at)
    missing = [row.id for key, row in known.items() if key not in listed and row.gone_at is None]
    await ChannelTemplateRow.filter(company_id=company_id, id__in=missing).update(gone_at=at)
    account = ChannelAccountRow.filter(company_id=company_id, id=account_id)
    await account.update(templates_at=at, templates_error="")
    return True


async def set_error(company_id: UUID, account_id: UUID, error: str) -> None:
    """Note why the list could not be read; the rows stay as they were."""
    account = ChannelAccountRow.filter(company_id=company_id, id=account_id)
    await account.update(templates_error=error[:300])


async def synced(company_id: UUID, account_id: UUID) -> Synced:
    row = await ChannelAccountRow.get_or_none(company_id=company_id, id=account_id)
    return Synced(row.templates_at, row.templates_error) if row else Synced(None)


async def of_account(company_id: UUID, account_id: UUID) -> list[KnownTemplate]:
    """Return all templates of an account, those that are gone last, else by name and language."""
    rows = await ChannelTemplateRow.filter(company_id=company_id, account_id=account_id)
    return sorted(
        (_known(row) for row in rows),
        key=lambda one: (one.gone_at is not None, one.template.name, one.template.language),
    )


async def by_id(company_id: UUID, template_id: UUID) -> KnownTemplate | None:
    row = await ChannelTemplateRow.get_or_none(company_id=company_id, id=template_id)
    return _known(row) if row else None


async def named(company_id: UUID, account_id: UUID, name: str, language: str) -> KnownTemplate | None:
    row = await ChannelTemplateRow.get_or_none(
        company_id=company_id, account_id=account_id, name=name, language=language
    )
    return _known(row) if row else None


async def _mark(company_id: UUID, ids: Sequence[UUID], *, at: datetime) -> None:
    await ChannelTemplateRow.filter(company_id=company_id, id__in=list(ids)).update(
        synced_at=at, gone_at=None
    )


def _columns(template: Template) -> dict[str, object]:
    return {
        "category": template.category,
        "state": template.state,
        "quality": template.quality,
        "body": template.body,
        "variables": template.variables,
        "header_image": template.header_image,
        "buttons": list(template.button_titles),
        "needs": list(template.needs),
        "reason": template.reason[:300],
        "approved": template.approved,
    }


def _template(row: ChannelTemplateRow) -> Template:
    return Template(
        name=row.name,
        language=row.language,
        header_image=row.header_image,
        button_titles=tuple(row.buttons),
        approved=row.approved,
        body=row.body,
        variables=row.variables,
        category=row.category,
        state=row.state,
        quality=row.quality,
        needs=tuple(row.needs),
        reason=row.reason,
    )


def _known(row: ChannelTemplateRow) -> KnownTemplate:
    return KnownTemplate(
        id=row.id,
        company_id=row.company_id,
        account_id=row.account_id,
        template=_template(row),
        synced_at=row.synced_at,
        gone_at=row.gone_at,
    )
