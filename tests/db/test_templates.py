"""The platform's list in our rows: taken over whole, never older than what is known, the vanished kept as gone."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from server.db import accounts, templates
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.accounts import Account, Health
from server.domain.channels import Template
from server.domain.templates import KnownTemplate
from server.ids import new_id
from tests.factories import START, company

VISIT = Template(
    "termin",
    "de",
    body="Wir kommen am {{tag}} um {{uhr}}.",
    variables=2,
    category="UTILITY",
    state="APPROVED",
    quality="GREEN",
    button_titles=("Passt", ""),
    needs=("button.url",),
)
ADVERT = Template("rabatt", "de", body="Rabatt!", variables=0, category="MARKETING", state="REJECTED", approved=False,
                  reason="PROMOTIONAL")  # fmt: skip


@atomic
async def account_of(company_id: UUID) -> UUID:
    made = Account(new_id(), company_id, "whatsapp", "WhatsApp", {}, b"-", Health.OK, "", None, None, None)
    await accounts.insert_account(company_id, made, at=START)
    return made.id


@atomic
async def keep(company_id: UUID, account_id: UUID, found: Sequence[Template], minutes: int = 0) -> bool:
    return await templates.set_synced(company_id, account_id, found, at=START + timedelta(minutes=minutes))


async def rows(company_id: UUID, account_id: UUID) -> list[KnownTemplate]:
    return await templates.of_account(company_id, account_id)


async def test_the_list_is_kept_as_it_was_told(database: Database) -> None:
    ours = (await company()).id
    account = await account_of(ours)
    assert await keep(ours, account, [VISIT, ADVERT, replace(VISIT, language="en_GB")])
    found = await rows(ours, account)
    assert [one.template for one in found] == [ADVERT, VISIT, replace(VISIT, language="en_GB")]
    assert await templates.by_id(ours, found[0].id) == found[0]
    assert await templates.named(ours, account, "termin", "en_GB") == found[2]
    assert (await templates.synced(ours, account)).at == START


async def test_what_vanished_is_gone_and_may_come_back_as_the_same_row(database: Database) -> None:
    ours = (await company()).id
    account = await account_of(ours)
    await keep(ours, account, [VISIT, ADVERT])
    visit = (await rows(ours, account))[1]
    await keep(ours, account, [ADVERT], minutes=5)
    gone = (await rows(ours, account))[1]
    assert (gone.id, gone.gone_at, gone.refusal) == (visit.id, START + timedelta(minutes=5), "template.gone")
    await keep(ours, account, [ADVERT], minutes=9)
    assert (await rows(ours, account))[1].gone_at == START + timedelta(minutes=5)
    changed = replace(VISIT, body="Wir kommen {{tag}}.", variables=1, needs=())
    await keep(ours, account, [changed, ADVERT], minutes=10)
    back = (await rows(ours, account))[1]
    assert (back.id, back.gone_at, back.template, back.refusal) == (visit.id, None, changed, "")


async def test_an_older_look_undoes_nothing_and_a_failed_one_only_says_so(database: Database) -> None:
    ours = (await company()).id
    account = await account_of(ours)
    await keep(ours, account, [VISIT], minutes=5)
    assert not await keep(ours, account, [], minutes=4)

    @atomic
    async def fail() -> None:
        await templates.set_error(ours, account, "templates.unreachable: 500")

    await fail()
    assert [one.template for one in await rows(ours, account)] == [VISIT]
    state = await templates.synced(ours, account)
    assert (state.at, state.error) == (START + timedelta(minutes=5), "templates.unreachable: 500")
    await keep(ours, account, [VISIT], minutes=6)
    assert (await templates.synced(ours, account)).error == ""


async def test_an_account_sees_its_own_and_a_company_its_own(database: Database) -> None:
    ours, theirs = (await company()).id, (await company("Maler Schulz")).id
    first, second, other = await account_of(ours), await account_of(ours), await account_of(theirs)
    await keep(ours, first, [VISIT])
    await keep(theirs, other, [ADVERT])
    assert await rows(ours, second) == [] == await rows(theirs, first)
    foreign = (await rows(theirs, other))[0]
    assert await templates.by_id(ours, foreign.id) is None
    await keep(ours, second, [])
    assert [one.gone_at for one in await rows(ours, first)] == [None]
