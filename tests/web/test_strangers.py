"""Guessing at links, and flooding one: slowed down for who does it, for nobody else, and said in a sentence."""

import httpx
import pytest

from server.actions import visits
from server.web.strangers import CALLERS_MAX, MISSES, Misses
from tests.factories import START
from tests.pages.test_answers import asked
from tests.talk.conftest import firm
from tests.talks import Firm

__all__ = ["firm"]


def caller(firm: Firm, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(firm.app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://localhost:8000", headers=headers)


async def test_whoever_guesses_waits_and_nobody_else(firm: Firm) -> None:
    _, link = await asked(firm)
    async with caller(firm, "203.0.113.7") as guesser, caller(firm, "203.0.113.8") as customer:
        kinds = ("/a/falsch", "/s/falsch", "/a/c/falsch", "/link/falsch")
        for number in range(MISSES):
            assert (await guesser.get(kinds[number % len(kinds)])).status_code == 410
        for path in (*kinds, link):
            refused = await guesser.get(path)
            assert refused.status_code == 429 and "Zu viele Adressen, die es nicht gibt. In " in refused.text
            assert f"In {refused.headers['retry-after']} Sekunden geht es weiter." in refused.text
            assert 0 < int(refused.headers["retry-after"]) <= 60
        assert (await customer.get(link)).status_code == 200
        assert (await customer.get("/a/falsch")).status_code == 410
        firm.clock.go(minutes=1)
        assert (await guesser.get(link)).status_code == 200


async def test_behind_a_proxy_nobody_listed_callers_are_not_confused(firm: Firm) -> None:
    """All its customers would be one: no count is better than shutting them out together."""
    async with caller(firm, "127.0.0.1", **{"X-Forwarded-For": "203.0.113.7"}) as proxied:
        for _ in range(MISSES + 5):
            assert (await proxied.get("/a/falsch")).status_code == 410


def test_the_memory_is_bounded() -> None:
    misses = Misses()
    for number in range(CALLERS_MAX + 10):
        misses.add(str(number), START)
    assert misses.number(str(CALLERS_MAX + 5), START) == 0 and misses.number("5", START) == 1


async def test_a_flood_at_one_link_ends_before_it_is_read(
    firm: Firm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "PER_HOUR", 2)
    question, link = await asked(firm)
    async with caller(firm, "203.0.113.7") as customer:
        assert (await customer.post(link, data={"choice": "c1"})).status_code == 200
        assert (await customer.post(link, data={"text": ""})).status_code == 422
        refused = await customer.post(link, data={"choice": "c2"})
        assert (
            refused.status_code == 429
            and "Über diesen Link ist in dieser Stunde schon sehr viel" in refused.text
        )
        assert (await customer.get(link)).status_code == 200
        assert (await customer.post(f"{link}/stop")).status_code == 200
    assert (await firm.now(question)).answer_choice == "c1"
