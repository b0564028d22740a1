"""A thousand messages over seven providers that lie: no doubles at the customer, every doubt a card, nothing stuck."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

from server.db.connect import open_database
from server.db.migrate import migrate
from tests.talk.liars import SHARES, Count, brief_silence, lied_to
from tests.talks import open_firm


@dataclass(slots=True)
class Outcome:
    count: Count
    seconds: float

    def wrong(self) -> dict[str, list[str]]:
        """Return what must not be, by name; empty when all is well."""
        found = self.count
        doubled = [name for name, times in found.seen.items() if times > 1]
        unheard = [text for text, times in found.heard.items() if times != 1]
        unheard += [str(found.told)] if len(found.heard) != found.told else []
        cards = [f"{found.doubts} doubts, {found.cards} cards"] if found.cards != found.doubts else []
        wrong = {
            "doubles": doubled,
            "stuck": found.stuck,
            "lost": found.lost,
            "heard": unheard,
            "cards": cards,
        }
        return {name: list_ for name, list_ in wrong.items() if list_}


def run(folder: Path, sends: int, *, seed: int = 11) -> Outcome:
    """Send so many messages, shared by the platforms; every second call goes wrong in a way that chance picks."""
    began, whole = time.monotonic(), Count()
    for kind, share in SHARES.items():
        here = folder / kind
        here.mkdir()
        whole.add(asyncio.run(_run(here, kind, sends * share // sum(SHARES.values()), seed)))
    return Outcome(whole, time.monotonic() - began)


async def _run(folder: Path, kind: str, sends: int, seed: int) -> Count:
    url = f"sqlite://{folder / 'zollstock.db'}"
    await migrate(url)
    database = await open_database(url)
    try:
        async with open_firm(database, folder, seed=seed) as firm:
            with brief_silence():
                found = await lied_to(firm, sends=sends, seed=seed, kind=kind)
            assert firm.failures == [], firm.failures[:3]
            return found
    finally:
        await database.close()
