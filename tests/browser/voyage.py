"""A day of one phone with everything that can happen to it, and a ledger of what must come out of it.

Every chapter makes captures under one kind of trouble and ends with `check`: the number on the screen, the rows on
the phone and the files at the office tell the same story, and no row says "stored" that the office does not have.
"""

import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.browser.offline_server import USERS, Office
from tests.browser.phones import Phone, phone_of
from tests.browser.phones.seeing import (
    HOME,
    STANDING,
    Row,
    all_home,
    go,
    install,
    standing,
    unsent,
    wait,
    wait_standing,
    wait_text,
    with_hashes,
)
from tests.ports import free_port

GALLERY = "input[type=file][multiple]"
AT_ONCE = 12  # more files in one hand are rare, and a kill between two hands is what we want
TEN_YEARS_MS = 3_652 * 86_400_000
SLICED = 600_000  # larger than the first slice, so that there is a middle to be cut in
PATIENCE_S = 90.0

# What the person reads and what the database holds, in one breath.
SEEN = """async (owner) => {
  const rows = (await (%s)()).filter((row) => row.owner === owner);
  const line = document.querySelector('state-line')?.innerText ?? '';
  const shown = /(\\d+) noch auf dem Handy/.exec(line)?.[1] ?? (line.includes('Alles im Büro') ? 0 : line);
  return { shown: Number(shown), line, rows };
}"""
FULL = """() => { const right = IDBObjectStore.prototype.add;
  let left = 1;
  IDBObjectStore.prototype.add = function (...given) {
    if (this.name === 'bytes' && left-- < 1) throw new DOMException('full', 'QuotaExceededError');
    return right.apply(this, given);
  }; }"""


class Voyage:
    """One phone and its office; `made` is the ledger: the hash of every capture that was confirmed to the person."""

    def __init__(self, phone: Phone, office: Office, folder: Path, seed: int) -> None:
        self.phone = phone
        self.office = office
        self.made: list[str] = []
        self._folder = folder
        self._chance = random.Random(seed)
        self._number = 0
        self._owner = USERS["ali"]

    # -- what a chapter is made of

    def at(self, path: str) -> str:
        return self.office.url + path

    def files(self, number: int, size: int = 0) -> list[Path]:
        """Write files that are all different, small ones unless a size is given."""
        made = []
        for _ in range(number):
            self._number += 1
            file = self._folder / f"{self._number}.jpg"
            bytes_ = size or self._chance.randrange(900, 40_000)
            file.write_bytes(b"\xff\xd8\xff\xe0" + self._chance.randbytes(bytes_))
            made.append(file)
        return made

    def to_camera(self) -> None:
        self.phone.open(self.at("/capture"))
        wait_text(self.phone, ".capture-job-name", "")

    def choose(self, files: list[Path]) -> None:
        """Take files from the gallery on a fresh camera page and wait for the tick of the last."""
        self.to_camera()
        self.phone.give(GALLERY, files)
        wait_text(self.phone, ".capture-safe", f"✓ {len(files)} auf")
        self.made += [sha256(file) for file in files]

    def choose_many(self, number: int, size: int = 0) -> None:
        for begin in range(0, number, AT_ONCE):
            self.choose(self.files(min(AT_ONCE, number - begin), size))

    def dead_battery(self) -> None:
        self.phone.kill()
        self.phone.start()

    def bring_home(self) -> None:
        """Let the phone send until nothing is left."""
        until = time.monotonic() + PATIENCE_S
        while not all_home(standing(self.phone)):
            assert time.monotonic() < until, Counter(row["state"] for row in standing(self.phone))
            go(self.phone)
            time.sleep(0.2)

    def check(self) -> list[Row]:
        """Compare screen, phone, office and ledger; returns the rows."""
        self.phone.open(self.at("/unsent"))

        def agree(told: dict[str, object]) -> bool:
            rows = told["rows"]
            assert isinstance(rows, list)
            return told["shown"] == unsent(rows)

        told = wait(self.phone, SEEN % STANDING, agree, self._owner)
        rows: list[Row] = told["rows"]
        assert Counter(row["sha256"] for row in rows) == Counter(self.made), (
            "the phone forgot or invented one"
        )
        safe = {row["id"]: row["sha256"] for row in rows if row["state"] in HOME}
        here = {
            ident: hashlib.sha256(data).hexdigest() for ident, data in dict(self.office.world.stored).items()
        }
        assert safe.items() <= here.items(), "said to be safe, and is not"
        return rows

    def end(self) -> None:
        """Everything is home, once, byte for byte; what the phone still holds are the same bytes."""
        self.bring_home()
        self.check()
        assert self.office.hashes() == sorted(self.made)
        assert len(self.office.world.items) == len(self.made)
        for row in with_hashes(self.phone):
            # A full phone gives back copies of what a later word confirmed as safe, and only those.
            given_back = row["held"] is None and row["state"] in ("linked", "purgeable")
            assert given_back or row["held"] == row["sha256"], row

    def in_order(self) -> list[str]:
        return [row["sha256"] for row in standing(self.phone)]

    # -- chapters

    def shoot_in_the_cellar(self, number: int) -> None:
        """No server; after each hand of photos the battery dies; cold start."""
        with self.office.away():
            for begin in range(0, number, AT_ONCE):
                self.choose(self.files(min(AT_ONCE, number - begin)))
                self.dead_battery()
                assert unsent(self.check()) == len(self.made) - len(self.office.world.stored)

    def die_while_keeping(self, number: int) -> None:
        """The battery dies while photos are being saved: what had its tick is there, the rest was never promised."""
        left, life_s = self.files(number), 0.15
        with self.office.away():
            while left:
                self.to_camera()
                self.phone.give(GALLERY, left[:AT_ONCE])
                time.sleep(self._chance.uniform(0.0, life_s))
                promised = self.phone.evaluate(
                    "() => parseInt(document.querySelector('.capture-safe').textContent.slice(2)) || 0"
                )
                self.dead_battery()
                self.phone.open(self.at("/unsent"))
                wait_text(self.phone, "state-line", "")
                held = with_hashes(self.phone)
                assert all(row["held"] == row["sha256"] for row in held)
                fresh = {row["sha256"] for row in held} - set(self.made)
                assert len(fresh) >= promised, (len(fresh), promised)
                self.made += fresh
                left = [file for file in left if sha256(file) not in fresh]
                # Where a phone needs longer to keep anything, death strikes later until it strikes in the middle.
                life_s *= 1 if fresh else 2
        self.check()

    def die_while_sending(self, number: int) -> None:
        """The battery dies in the middle of an upload, again and again."""
        with self.office.away():
            self.choose_many(number, SLICED)
        for _ in range(3):
            self.office.world.delay_s = 0.05
            go(self.phone)
            self.slices(self._chance.randrange(1, 4))
            self.dead_battery()
            self.check()
        self.office.world.delay_s = 0.0
        self.bring_home()

    def slices(self, number: int) -> None:
        """Wait until so many more slices have arrived, or everything is home."""
        goal, until = len(self.office.world.slices) + number, time.monotonic() + PATIENCE_S
        while len(self.office.world.slices) < goal and len(self.office.world.stored) < len(self.made):
            assert time.monotonic() < until, "nothing is sent"
            time.sleep(0.02)

    def cut_line(self, number: int) -> None:
        """The line breaks twice in every upload."""
        self.office.world.cut_every = [self._chance.randrange(1, 80_000), self._chance.randrange(1, 30_000)]
        self.choose_many(number, SLICED // 4)
        self.bring_home()
        self.office.world.cut_every = []
        self.check()

    def two_windows(self, number: int) -> None:
        """Two tabs (and the worker, where there is Background Sync) drain at the same moment."""
        with self.office.away():
            self.choose_many(number, SLICED // 2)
        before = len(self.office.world.slices)
        self.office.world.delay_s = 0.02
        self.phone.tab(self.at("/unsent"))
        for place in (0, 1, 0, 1):
            self.phone.front(place)
            go(self.phone)
        self.bring_home()
        self.office.world.delay_s = 0.0
        self.phone.close_tab()
        sent = self.office.world.slices[before:]
        assert len(sent) == len(set(sent)), "a slice was sent twice"
        self.check()

    def wrong_clock(self, number: int) -> None:
        """Ten years ahead, then ten years back, with failures in between, and right again: nothing waits for 2036."""
        order = len(self.made)
        for place, years in enumerate((TEN_YEARS_MS, -TEN_YEARS_MS, 0)):
            with self.clock(years):
                self.office.world.answers = [(503, {})]
                self.choose(self.files(number // 3 + (place < number % 3)))
                wait_standing(self.phone, lambda rows: len(rows) == len(self.made))
                self.check()
        self.phone.open(self.at("/unsent"))
        wait_standing(self.phone, all_home, timeout_s=PATIENCE_S)
        assert self.in_order()[order:] == self.made[order:], "the order of shooting is lost"

    @contextmanager
    def clock(self, shift_ms: int) -> Iterator[None]:
        self.office.world.clock_ms = shift_ms
        try:
            yield
        finally:
            self.office.world.clock_ms = 0

    def update_while_shooting(self, number: int) -> None:
        """A new worker comes between two photos: the page stays, the photos too."""
        self.to_camera()
        self.phone.evaluate("() => { window.stayed = true; }")
        for place, file in enumerate(files := self.files(number)):
            if place == len(files) // 2:
                self.office.world.worker_note = f"// {self._chance.random()}"
                self.phone.evaluate(
                    "async () => { await (await navigator.serviceWorker.getRegistration())?.update(); }"
                )
            self.phone.give(GALLERY, [file])
            wait_text(self.phone, ".capture-safe", f"✓ {place + 1} auf")
        # A banner may stand there from before the camera was taken up; what counts is that nothing is reloaded.
        assert self.phone.evaluate("() => window.stayed === true")
        self.made += [sha256(file) for file in files]
        self.check()

    def somebody_else(self, number: int) -> None:
        """Signed in as another person on the same phone: sees nothing, sends nothing; the first comes back."""
        world = self.office.world
        with self.office.away():
            self.choose_many(number)
            # Once the office is back, the page that is still open sends of itself.
            world.user, world.cache_key = "bea", "k2"
        before = len(world.stored)
        self.phone.open(self.at("/unsent"))
        wait_text(self.phone, "main", "Auf diesem Handy wartet nichts")
        go(self.phone)
        time.sleep(0.3)
        assert len(world.stored) == before
        assert unsent(standing(self.phone), self._owner) >= number
        world.user, world.cache_key = "ali", "k1"
        self.phone.open(self.at("/unsent"))
        self.bring_home()
        self.check()

    def viewfinder(self, number: int) -> None:
        """The shutter of the page, with the engine's own artificial camera."""
        self.to_camera()
        shutter = "document.querySelector('.capture-shutter')"
        for place in range(1, number + 1):
            wait(self.phone, f"() => !{shutter}.disabled", bool)
            self.phone.click(".capture-shutter")
            wait_text(self.phone, ".capture-safe", f"✓ {place} auf")
        known = set(self.made)
        self.made += [row["sha256"] for row in standing(self.phone) if row["sha256"] not in known]
        self.check()

    def full_phone(self, number: int) -> None:
        """The storage refuses the second photo: it is told, the first is kept, and with room again the rest follows."""
        files = self.files(number)
        self.to_camera()
        self.phone.evaluate(FULL)
        self.phone.give(GALLERY, files[:2])
        wait_text(self.phone, ".capture-notice", "Der Speicher des Handys ist voll")
        self.made.append(sha256(files[0]))
        self.check()
        for begin in range(1, number, AT_ONCE):
            self.choose(files[begin : begin + AT_ONCE])
        self.check()

    def back_without_network(self, number: int) -> None:
        """The back button shows the page of that address, and the count stays right."""
        self.phone.open(self.at("/jobs"))
        wait_text(self.phone, "main", "Seite /jobs")
        kept = "async () => Boolean(await caches.match('/jobs'))"
        wait(self.phone, kept, bool)
        self.choose_many(number)
        with self.office.away():
            self.phone.open(self.at("/jobs"))
            self.phone.open(self.at("/unsent"))
            self.phone.back()
            wait_text(self.phone, "h1", "Seite /jobs")
            self.check()


CHAPTERS: list[Callable[[Voyage, int], None]] = [
    Voyage.shoot_in_the_cellar,
    Voyage.die_while_keeping,
    Voyage.die_while_sending,
    Voyage.cut_line,
    Voyage.two_windows,
    Voyage.wrong_clock,
    Voyage.update_while_shooting,
    Voyage.somebody_else,
    Voyage.viewfinder,
    Voyage.full_phone,
    Voyage.back_without_network,
]


def day_of(engine: str, folder: Path, captures: int, seed: int) -> Voyage:
    """Let one phone live through a whole day; returns what it made. Raises AssertionError for what went wrong."""
    office = Office(free_port())
    office.start()
    phone = phone_of(engine, folder / "phone")
    phone.start()
    (files := folder / "files").mkdir()
    voyage = Voyage(phone, office, files, seed)
    try:
        sail(voyage, captures)
    finally:
        phone.close()
        office.stop()
    return voyage


def sail(voyage: Voyage, captures: int) -> None:
    """Go through all chapters with so many captures in all, at least three in each."""
    install(voyage.phone, voyage.at("/capture"))
    share, rest = divmod(captures, len(CHAPTERS))
    assert share >= 3
    for place, chapter in enumerate(CHAPTERS):
        began, before = time.monotonic(), len(voyage.made)
        chapter(voyage, share + (place < rest))
        print(
            f"{voyage.phone.engine} {chapter.__name__}: {len(voyage.made) - before} in {time.monotonic() - began:.1f} s"
        )
    voyage.end()


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
