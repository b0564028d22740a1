"""Mail as the customers' providers and programs play it: two real servers on the loopback, and a mailbox as a chat."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from starlette.routing import BaseRoute

from server.domain.events import Status
from server.domain.mail import intents_in
from server.sandbox.email.imap import Folder, ImapDoor
from server.sandbox.email.letters import Shown, address, answer, bounce, read, received
from server.sandbox.email.smtp import MailRefused, SmtpDoor
from server.sandbox.platform import Act, is_play
from server.sandbox.postman import Postman
from server.sandbox.world import Account, Bubble, File, Person, World

KEPT = timedelta(days=365)


@dataclass(slots=True)
class Habits:
    """What a customer's mailbox does: it is full, it bounces later, greylists, answers by itself.

    `away` is what an absence assistant says; with `rude` it does not mark its answers as automatic, but it
    answers no mail that is marked so itself (RFC 3834). `loops` sends everything back to the firm as it came.
    """

    full: bool = False
    bounces: str = ""
    greylists: bool = False
    away: str = ""
    rude: bool = False
    loops: bool = False


class EmailPlatform:
    """Providers and mailboxes. An account's `own_id` is the firm's address, its `token` the password at both doors."""

    kind: ClassVar[str] = "email"

    def __init__(self, world: World, postman: Postman) -> None:
        self._world = world
        self.files: dict[str, File] = {}
        self.folders: dict[str, dict[str, Folder]] = {}
        self.habits: dict[str, Habits] = {}
        self.taken: list[Shown] = []
        self._greeted: set[tuple[str, str]] = set()
        self._shown: dict[str, Shown] = {}
        self.smtp = SmtpDoor(world, login=self._login, rcpt=self._rcpt, take=self._take)
        self.imap = ImapDoor(world, login=self._login, folders=self.folders_of)

    @property
    def routes(self) -> Sequence[BaseRoute]:
        """Mail has no web."""
        return ()

    @property
    def smtp_url(self) -> str:
        return f"smtp://127.0.0.1:{self.smtp.port}"

    @property
    def imap_url(self) -> str:
        return f"imap://127.0.0.1:{self.imap.port}"

    async def open(self) -> None:
        await self.smtp.open()
        await self.imap.open()

    async def close(self) -> None:
        await self.smtp.close()
        await self.imap.close()

    def say(self, account: Account, person: Person, bubble: Bubble) -> None:
        """Send the customer's mail: an answer to the mail he means, else to the newest he has."""
        chat = self._world.chat(account, person)
        newest = next((one.id for one in reversed(chat.bubbles) if one.from_firm), "")
        meant = bubble.quoted or newest
        quoted = self._shown.get(meant) or self._shown.get(meant.rpartition("#")[0])
        self._world.say(account, person, bubble)
        to = quoted.reply_to if quoted else account.own_id
        picture = self.files.get(bubble.picture)
        raw = answer(person, bubble, to=to, quoted=quoted, picture=picture, at=self._world.now())
        self.put(account, raw)
        bubble.status = Status.DELIVERED

    def put(self, account: Account, raw: bytes) -> None:
        """Lay a mail into the firm's mailbox; whims may double it or lay a broken one before it."""
        folder = self.folders_of(account)["INBOX"]
        if self._world.lucky(self._world.whims.broken):
            folder.add(b"\xff\xfe From nobody\r\n\r\n=?", self._world.now())
        copies = 2 if self._world.lucky(self._world.whims.duplicate) else 1
        for _ in range(copies):
            folder.add(raw, self._world.now())
        self._world.touch()

    def keep(self, data: bytes, mime: str) -> str:
        """Store a file and return its name."""
        name = self._world.new_id("a")
        self.files[name] = File(data, mime, self._world.now() + KEPT)
        return name

    def seen(self, account: Account, person: Person) -> None:
        """Let the customer read his mail; nobody tells the firm."""
        for bubble in self._world.chat(account, person).bubbles:
            if bubble.from_firm:
                bubble.status = Status.READ

    def block(self, account: Account, person: Person, *, blocked: bool) -> None:
        """Let the customer's provider refuse the firm's mail."""
        person.blocked = blocked
        self._world.touch()

    def bubble_id(self) -> str:
        return f"<{self._world.new_id('m')}@kunde.example>"

    def folders_of(self, account: Account) -> dict[str, Folder]:
        return self.folders.setdefault(account.key, {"INBOX": Folder()})

    def habits_of(self, person: Person) -> Habits:
        return self.habits.setdefault(person.key, Habits())

    @property
    def acts(self) -> Sequence[Act]:
        return (
            Act("full", "Postfach voll oder wieder leer"),
            Act("away", "Abwesend: antwortet von selbst", "Text der Antwort, leer beendet es"),
            Act("bounce", "Adresse gibt es nicht mehr, oder doch"),
            Act("subject", "Neue E-Mail mit eigenem Betreff", "Betreff"),
        )

    def act(self, account: Account, person: Person, name: str, word: str) -> None:
        """Change a habit, or write a mail that answers none."""
        habits = self.habits_of(person)
        match name:
            case "full":
                habits.full = not habits.full
            case "away":
                habits.away = word
            case "bounce":
                habits.bounces = "" if habits.bounces else "5.1.1"
            case "subject" if word:
                bubble = Bubble(
                    self.bubble_id(),
                    from_firm=False,
                    at=self._world.now(),
                    kind="text",
                    text=word,
                    subject=word,
                )
                self._world.say(account, person, bubble)
                to, at = account.own_id, self._world.now()
                self.put(
                    account, answer(person, bubble, to=to, quoted=None, picture=None, at=at, subject=word)
                )
        self._world.touch()

    def _login(self, user: str, password: str) -> Account | None:
        if not is_play(password):
            return None
        mine = (one for one in self._world.accounts.values() if one.kind == self.kind)
        return next((one for one in mine if one.own_id == user and one.token == password), None)

    def _person(self, recipient: str) -> Person | None:
        people = self._world.people.values()
        return next((one for one in people if address(one).lower() == recipient.lower()), None)

    def _rcpt(self, account: Account, recipient: str) -> None:
        if recipient.lower() == account.own_id.lower():
            return
        person = self._person(recipient)
        if person is None:
            raise MailRefused("550 5.1.1 No such user here")
        habits = self.habits_of(person)
        if person.blocked:
            raise MailRefused("550 5.7.1 The recipient does not want this mail")
        if habits.full:
            raise MailRefused("552 5.2.2 Mailbox full")
        if habits.greylists and (account.key, person.key) not in self._greeted:
            self._greeted.add((account.key, person.key))
            raise MailRefused("451 4.7.1 Greylisted, try again later")

    def _take(self, account: Account, recipient: str, raw: bytes) -> None:
        shown = read(account, recipient, raw)
        self.taken.append(shown)
        person = self._person(recipient)
        if person is None:
            self.put(account, received(raw, self._world.now()))
            return
        habits = self.habits_of(person)
        if habits.bounces:
            said = f"550 {habits.bounces} could not be delivered"
            at, name = self._world.now(), self._world.new_id("bounce")
            report = bounce(person, shown, name=name, at=at, status=habits.bounces, said=said)
            self.put(account, report)
            return
        self._show(account, person, shown)
        if habits.loops:
            self.put(account, received(raw, self._world.now()))
        if habits.away and not shown.automatic:
            self._answer_by_itself(account, person, shown, habits)

    def _show(self, account: Account, person: Person, shown: Shown) -> None:
        """Put the mail on the phone: words and first photo in one bubble, each further photo below."""
        self._shown[shown.message_id] = shown
        names = [self.keep(data, mime) for data, mime in shown.pictures] or [""]
        opaque = next(iter(intents_in(shown.message_id, account.own_id)), "")
        for place, name in enumerate(names):
            bubble = Bubble(
                id=shown.message_id if place == 0 else f"{shown.message_id}#{place + 1}",
                from_firm=True,
                at=self._world.now(),
                kind="image" if name else "text",
                text=shown.text if place == 0 else "",
                picture=name,
                opaque=str(opaque) if place == 0 else "",
                subject=shown.subject if place == 0 else "",
                status=Status.DELIVERED,
            )
            self._world.say(account, person, bubble)

    def _answer_by_itself(self, account: Account, person: Person, shown: Shown, habits: Habits) -> None:
        bubble = Bubble(
            self.bubble_id(), from_firm=False, at=self._world.now(), kind="text", text=habits.away
        )
        marks = {} if habits.rude else {"Auto-Submitted": "auto-replied"}
        raw = answer(person, bubble, to=shown.reply_to, quoted=shown, picture=None, at=bubble.at, extra=marks)
        self.put(account, raw)
