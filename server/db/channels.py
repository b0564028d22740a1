"""Channel accounts, the identities of contacts on the platforms, and answer links."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from server.db.tables import AnswerLinkRow, ChannelAccountRow, IdentityRow
from server.domain.accounts import Account, AnswerLink, Health
from server.domain.checkups import Checkup, Finding
from server.domain.identities import Identity, IdentityKind, by_use
from server.ids import new_id


async def insert_account(company_id: UUID, account: Account, *, at: datetime) -> None:
    await ChannelAccountRow.create(
        id=account.id,
        company_id=company_id,
        kind=account.kind,
        label=account.label,
        settings=dict(account.settings),
        secrets=account.sealed,
        created_at=at,
    )


async def set_settings(
    company_id: UUID, account_id: UUID, *, label: str, settings: Mapping[str, str], sealed: bytes
) -> None:
    """Change an account's settings; new ones are believed to be well until the platform says otherwise."""
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(
        label=label, settings=dict(settings), secrets=sealed, health=Health.OK, health_detail=""
    )


async def set_health(company_id: UUID, account_id: UUID, health: Health, detail: str) -> None:
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(
        health=health, health_detail=detail[:300]
    )


async def set_findings(
    company_id: UUID, account_id: UUID, findings: Sequence[Finding], *, at: datetime
) -> None:
    """Keep what the newest self-check found."""
    kept = [{"code": one.code, "ok": one.ok, "detail": one.detail} for one in findings]
    row = ChannelAccountRow.filter(company_id=company_id, id=account_id)
    await row.update(findings=kept, checked_at=at)


async def checkup_of(company_id: UUID, account_id: UUID) -> Checkup:
    """Return the newest self-check of an account."""
    return (await checkups(company_id)).get(account_id, Checkup(None, ()))


async def checkups(company_id: UUID) -> dict[UUID, Checkup]:
    """Return the newest self-check of every account, in one statement."""
    rows = ChannelAccountRow.filter(company_id=company_id)
    return {row.id: Checkup(row.checked_at, _findings(row.findings)) for row in await rows}


async def every_account() -> list[Account]:
    """Return all accounts of all companies, oldest first."""
    return [_account(row) for row in await ChannelAccountRow.all().order_by("id")]


async def set_disabled(company_id: UUID, account_id: UUID, *, at: datetime | None) -> None:
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(disabled_at=at)


async def set_last(
    company_id: UUID, account_id: UUID, *, in_at: datetime | None = None, out_at: datetime | None = None
) -> None:
    """Note when something last came in or went out."""
    changes = {name: at for name, at in (("last_in_at", in_at), ("last_out_at", out_at)) if at}
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(**changes)


async def set_pulled(company_id: UUID, account_id: UUID, *, cursor: str, at: datetime) -> None:
    """Note that an account's line lives, and where to go on after a break ("" = as before)."""
    changes: dict[str, object] = {"pulled_at": at, "pull_error": ""}
    if cursor:
        changes["cursor"] = cursor[:300]
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(**changes)


async def set_pull_error(company_id: UUID, account_id: UUID, error: str) -> None:
    """Note why an account's line is down; it lives again with the next `set_pulled`."""
    await ChannelAccountRow.filter(company_id=company_id, id=account_id).update(pull_error=error[:300])


async def cursor_of(company_id: UUID, account_id: UUID) -> str:
    """Return where fetching goes on, "" = from now on."""
    row = await ChannelAccountRow.get_or_none(company_id=company_id, id=account_id)
    return str(row.cursor) if row else ""


async def every_enabled(kinds: Collection[str]) -> list[Account]:
    """Return the accounts of these kinds, of all companies, that are switched on, whatever their health."""
    rows = ChannelAccountRow.filter(kind__in=list(kinds), disabled_at=None).order_by("id")
    return [_account(row) for row in await rows]


async def account_by_id(company_id: UUID, account_id: UUID) -> Account | None:
    row = await ChannelAccountRow.get_or_none(company_id=company_id, id=account_id)
    return _account(row) if row else None


async def by_token(account_id: UUID) -> Account | None:
    """Return the account a webhook's address names; the signature is checked with its secret afterwards."""
    row = await ChannelAccountRow.get_or_none(id=account_id)
    return _account(row) if row else None


async def of_company(company_id: UUID) -> list[Account]:
    """Return all accounts, disabled ones too, oldest first."""
    return [_account(row) for row in await ChannelAccountRow.filter(company_id=company_id).order_by("id")]


async def usable(company_id: UUID, kind: str) -> Account | None:
    """Return the account that may send now, or None."""
    accounts = [
        account for account in await of_company(company_id) if account.kind == kind and account.usable
    ]
    return accounts[0] if accounts else None


async def stands_still(company_id: UUID, kind: str) -> bool:
    """Say whether there is an account that is switched on and may not send just now (token, credits, captcha)."""
    accounts = [account for account in await of_company(company_id) if account.kind == kind]
    return any(account.disabled_at is None and not account.usable for account in accounts)


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


async def identities_of(company_id: UUID, contact_id: UUID, channel: str) -> list[Identity]:
    """Return how a contact is known on a platform: the best name to write to first, then the newest.

    Names he gave up are not among them.
    """
    rows = IdentityRow.filter(
        company_id=company_id, contact_id=contact_id, channel=channel, gone_at=None
    ).order_by("-id")
    return by_use([Identity(IdentityKind(row.kind), row.value) for row in await rows])


async def channels_of(company_id: UUID, contact_id: UUID) -> set[str]:
    """Return the platforms that know this person."""
    rows = IdentityRow.filter(company_id=company_id, contact_id=contact_id)
    return {str(channel) for channel in await rows.values_list("channel", flat=True)}


async def names_of(company_id: UUID, contact_id: UUID) -> dict[str, list[str]]:
    """Return all names of a person by platform, those he gave up too."""
    found: dict[str, list[str]] = {}
    for row in await IdentityRow.filter(company_id=company_id, contact_id=contact_id).order_by("id"):
        found.setdefault(row.channel, []).append(row.value)
    return found


async def delete_identities(company_id: UUID, contact_id: UUID) -> None:
    """Forget by which names the platforms know this person."""
    await IdentityRow.filter(company_id=company_id, contact_id=contact_id).delete()


async def contact_of(company_id: UUID, channel: str, identities: Sequence[Identity]) -> UUID | None:
    """Return the contact one of these names belongs to; a username names nobody, for it can be passed on."""
    for identity in identities:
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
        gone = IdentityRow.filter(company_id=company_id, channel=channel, gone_at__isnull=False)
        named = {"value__iexact" if identity.kind is IdentityKind.EMAIL else "value": identity.value}
        if await gone.filter(kind=identity.kind, **named).exists():
            return True
    return False


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


async def insert_link(company_id: UUID, link: AnswerLink, *, token_hash: str, at: datetime) -> None:
    await AnswerLinkRow.create(
        id=link.id,
        company_id=company_id,
        question_id=link.question_id,
        contact_id=link.contact_id,
        token_hash=token_hash,
        created_at=at,
        expires_at=link.expires_at,
    )


async def by_hash(token_hash: str) -> AnswerLink | None:
    """Return the answer link of a token, alive or not."""
    row = await AnswerLinkRow.get_or_none(token_hash=token_hash)
    return _link(row) if row else None


async def link_of_question(company_id: UUID, question_id: UUID) -> AnswerLink | None:
    row = (
        await AnswerLinkRow.filter(company_id=company_id, question_id=question_id)
        .order_by("-created_at")
        .first()
    )
    return _link(row) if row else None


async def links_of(company_id: UUID, question_ids: Sequence[UUID]) -> dict[UUID, AnswerLink]:
    """Return the newest link of each of these questions."""
    rows = AnswerLinkRow.filter(company_id=company_id, question_id__in=list(set(question_ids)))
    return {row.question_id: _link(row) for row in await rows.order_by("created_at")}


async def set_link_answered(company_id: UUID, link_id: UUID, *, at: datetime) -> None:
    await AnswerLinkRow.filter(company_id=company_id, id=link_id).update(answered_at=at)


async def set_links_revoked(company_id: UUID, question_id: UUID, *, at: datetime) -> None:
    await AnswerLinkRow.filter(company_id=company_id, question_id=question_id, revoked_at=None).update(
        revoked_at=at
    )


async def set_links_of_contact_revoked(company_id: UUID, contact_id: UUID, *, at: datetime) -> None:
    """Close every door a person was given."""
    await AnswerLinkRow.filter(company_id=company_id, contact_id=contact_id, revoked_at=None).update(
        revoked_at=at
    )


def _findings(kept: list[dict[str, object]]) -> tuple[Finding, ...]:
    return tuple(
        Finding(str(one["code"]), ok=bool(one["ok"]), detail=str(one.get("detail", ""))) for one in kept
    )


def _account(row: ChannelAccountRow) -> Account:
    return Account(
        id=row.id,
        company_id=row.company_id,
        kind=row.kind,
        label=row.label,
        settings=row.settings,
        sealed=bytes(row.secrets),
        health=Health(row.health),
        health_detail=row.health_detail,
        last_in_at=row.last_in_at,
        last_out_at=row.last_out_at,
        disabled_at=row.disabled_at,
        pulled_at=row.pulled_at,
        pull_error=row.pull_error,
    )


def _link(row: AnswerLinkRow) -> AnswerLink:
    return AnswerLink(
        id=row.id,
        company_id=row.company_id,
        question_id=row.question_id,
        contact_id=row.contact_id,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        answered_at=row.answered_at,
    )
