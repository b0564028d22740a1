"""Reminders: who gets one, when, in whose words; and what becomes of a subscription that is gone."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from starlette.responses import Response

from server.actions import devices, orders, pushes, users
from server.db import companies, tasks
from server.db import devices as devices_db
from server.db import pushes as pushes_db
from server.db.connect import Database
from server.db.unit import atomic
from server.domain.devices import Order, Report
from server.domain.tasks import Later
from server.domain.users import Actor
from server.ids import new_id
from server.services import Services
from server.webpush import PushFailed
from tests.push_service import Browser, PushService
from tests.sites import AT, Site, build

HOUR = timedelta(hours=1)


class World:
    """A site with a push service outside and a clock that can be set."""

    def __init__(self, site: Site) -> None:
        self.site, self.at = site, AT
        self.outside = PushService(lambda: self.at)
        http = httpx.AsyncClient(transport=httpx.ASGITransport(self.outside.app))
        self.services: Services = replace(site.services, http=http, clock=lambda: self.at)

    async def browser(self, actor: Actor, device: UUID, name: str = "ali") -> Browser:
        made = self.outside.browser(name, pushes.sender_of(self.services).public_key)
        said = made.subscription
        await pushes.subscribe(
            actor, endpoint=said["endpoint"], **said["keys"], device_id=device, name="", client=1, at=self.at
        )
        return made

    async def report(
        self, actor: Actor, device: UUID, unsent: int, oldest: timedelta, ago: timedelta = HOUR
    ) -> None:
        said = Report(unsent, self.at - oldest)
        await devices.report(actor, device, said, client=1, name="", at=self.at - ago)

    async def remind(self) -> int:
        """Run the chore and everything it wrote down; returns how many messages that were."""
        await pushes.remind(self.services)
        due = [
            one for one in await tasks.claim("f", at=self.at, lease_s=60, limit=50) if one.kind == "push.send"
        ]
        for one in due:
            assert one.company_id
            await pushes.deliver(self.services, one.company_id, one.payload)
        return len(due)


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> AsyncIterator[World]:
    made = World(await build(database, tmp_path))
    yield made
    await made.services.http.aclose()
    await made.site.services.http.aclose()
    await made.site.services.images.close()


async def test_seven_photos_are_called_for_in_the_persons_words(world: World) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    await world.report(ali, device, 7, 5 * HOUR)
    assert await world.remind() == 1
    assert browser.received == [
        {"title": "Zollstock", "body": "7 Fotos noch nicht gesendet, bitte öffnen", "url": "/unsent", "badge": 7,
         "topic": "unsent"}
    ]  # fmt: skip
    await _speak(ali, "en")
    world.at += 5 * HOUR
    await world.report(ali, device, 1, 10 * HOUR)
    assert await world.remind() == 1
    assert browser.received[-1]["body"] == "1 photo not sent yet, please open"


@pytest.mark.parametrize(
    ("unsent", "oldest", "ago", "told"),
    [
        (1, 4 * HOUR, HOUR, 1),
        (0, 9 * HOUR, HOUR, 0),
        (5, 3.9 * HOUR, HOUR, 0),
        (5, 9 * HOUR, timedelta(minutes=14), 0),
        (5, 9 * HOUR, timedelta(minutes=15), 1),
    ],
)
async def test_only_what_waits_for_hours_on_a_closed_app(
    world: World, unsent: int, oldest: timedelta, ago: timedelta, told: int
) -> None:
    device = new_id()
    await world.browser(world.site.worker, device)
    await world.report(world.site.worker, device, unsent, oldest, ago)
    assert await world.remind() == told


async def test_not_again_within_four_hours_and_never_at_night(world: World) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    await world.report(ali, device, 2, 9 * HOUR)
    told: list[int] = []
    for _ in range(24):  # 10:42 in Berlin, then every hour for a day
        if await world.remind():
            told.append((world.at + HOUR).hour)
        world.at += HOUR
    assert told == [10, 14, 18, 6] and len(browser.received) == 4


async def test_two_workers_remind_once(world: World) -> None:
    ali, device = world.site.worker, new_id()
    await world.browser(ali, device)
    await world.report(ali, device, 2, 9 * HOUR)
    read = await devices_db.holding(ali.company_id)
    company = await companies.by_id(ali.company_id)
    assert company
    for _ in range(2):
        await pushes._remind(company, read[0], at=world.at)
    assert len(await tasks.claim("f", at=world.at, lease_s=60, limit=50)) == 1


async def test_without_a_subscription_nothing_is_said_and_nothing_is_used_up(world: World) -> None:
    device = new_id()
    await world.report(world.site.worker, device, 2, 9 * HOUR)
    await world.browser(world.site.colleague, new_id(), "colleague")
    assert await world.remind() == 0
    known = await devices_db.by_id(world.site.worker.company_id, device)
    assert known and known.reminded_at is None


async def test_who_left_the_phone_or_the_company_is_not_called(world: World) -> None:
    ali, device = world.site.worker, new_id()
    await world.browser(ali, device)
    await world.report(world.site.colleague, device, 2, 9 * HOUR)
    assert await world.remind() == 0, "the phone is a colleague's now"
    await world.report(ali, device, 2, 9 * HOUR)
    await _order(ali, device, Order.WIPE)
    await devices.obeyed(device, at=world.at)
    assert await world.remind() == 0
    assert await pushes_db.of_user(ali.company_id, _id(ali)) == []


@pytest.mark.parametrize("order", list(Order))
async def test_an_order_wakes_the_phone_and_a_stolen_one_is_not_reminded(world: World, order: Order) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    await world.report(ali, device, 3, 9 * HOUR)
    known = await devices_db.by_id(ali.company_id, device)
    assert known
    await orders.give_order(world.site.office, known, order, at=world.at)
    reminded = order is Order.SEND_THEN_WIPE
    assert await world.remind() == 1 + reminded
    told = {one["body"] for one in browser.received}
    assert "Das Büro hat dieses Handy gesperrt." in told and len(told) == 1 + reminded


@pytest.mark.parametrize("status", [404, 410])
async def test_a_subscription_that_is_gone_goes(world: World, status: int) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    browser.answers.append(Response(status_code=status))
    await world.report(ali, device, 2, 9 * HOUR)
    assert await world.remind() == 1
    assert await pushes_db.of_user(ali.company_id, _id(ali)) == []


async def test_a_busy_service_is_asked_later_and_a_redirect_never_followed(world: World) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    busy = Response(status_code=429, headers={"Retry-After": "30"})
    away = Response(status_code=307, headers={"Location": "https://evil.example/take"})
    browser.answers += [busy, away]
    await world.report(ali, device, 2, 9 * HOUR)
    with pytest.raises(Later) as later:
        await world.remind()
    assert later.value.after_s == 30
    payload = _payload((await pushes_db.of_user(ali.company_id, _id(ali)))[0].id)
    with pytest.raises(PushFailed, match="307"):
        await pushes.deliver(world.services, ali.company_id, payload)
    assert world.outside.elsewhere == [] and browser.received == []
    await pushes.deliver(world.services, ali.company_id, payload)
    assert len(browser.received) == 1


async def test_what_was_sent_meanwhile_is_not_called_for(world: World) -> None:
    ali, device = world.site.worker, new_id()
    browser = await world.browser(ali, device)
    await world.report(ali, device, 2, 9 * HOUR)
    await pushes.remind(world.services)
    await world.report(ali, device, 0, HOUR)
    [task] = await tasks.claim("f", at=world.at, lease_s=60, limit=50)
    await pushes.deliver(world.services, ali.company_id, task.payload)
    assert browser.received == []


async def test_a_browser_has_one_subscription_and_a_person_ten(world: World) -> None:
    ali, colleague, device = world.site.worker, world.site.colleague, new_id()
    await world.browser(ali, device)
    await world.browser(colleague, device)
    assert await pushes_db.of_user(ali.company_id, _id(ali)) == []
    for number in range(12):
        await world.browser(ali, new_id(), f"browser{number}")
    kept = {one.endpoint[-2:] for one in await pushes_db.of_user(ali.company_id, _id(ali))}
    assert len(kept) == 10 and "r0" not in kept


def _id(actor: Actor) -> UUID:
    assert actor.id
    return actor.id


def _payload(subscription: UUID) -> dict[str, Any]:
    return {"subscription": str(subscription), "title": "T", "body": "B", "url": "/unsent", "badge": 1}


async def _speak(actor: Actor, language: str) -> None:
    await users.choose_language(actor, await users.known(actor, _id(actor)), language)


@atomic
async def _order(actor: Actor, device: UUID, order: Order, at: datetime = AT) -> None:
    await devices_db.set_order(actor.company_id, device, order, by=None, at=at)
