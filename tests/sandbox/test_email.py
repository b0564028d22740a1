"""The sandbox's mail servers are strict, its customers have habits, and no loop gets past the first answer."""

import asyncio
import base64
from collections.abc import AsyncIterator

import httpx
import pytest

from server.channels.email import imap as email_imap
from server.domain.channels import Draft
from server.domain.events import Echo, Event, InboundMessage, Status, StatusUpdate
from server.domain.identities import Identity
from server.domain.outcomes import Accepted, Permanent
from server.ids import new_id
from server.sandbox import Wire
from tests.channels.lines import JPEG, draft, load
from tests.channels.mails import ADDRESS, PETRA, SETTINGS, MailLine, mail, open_line


@pytest.fixture
async def mails(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailLine]:
    monkeypatch.setattr(email_imap, "POLL_S", 0.02)
    async with open_line() as line:
        yield line


class Talk:
    """A client that may be as rude as it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def say(self, line: str | bytes) -> str:
        data = line if isinstance(line, bytes) else f"{line}\r\n".encode()
        self._writer.write(data)
        return await self.hear()

    async def hear(self) -> str:
        while True:
            line = (await asyncio.wait_for(self._reader.readline(), 60)).decode()
            if line[3:4] != "-":
                return line.strip()

    def close(self) -> None:
        self._writer.close()


@pytest.fixture
async def talk(mails: MailLine) -> AsyncIterator[Talk]:
    line = Talk(*await asyncio.open_connection("127.0.0.1", mails.platform.smtp.port))
    assert (await line.hear()).startswith("220")
    yield line
    line.close()


PLAIN = base64.b64encode(f"\0{ADDRESS}\0{SETTINGS['password']}".encode()).decode()
READY = ["EHLO x", f"AUTH PLAIN {PLAIN}", f"MAIL FROM:<{ADDRESS}>", f"RCPT TO:<{PETRA.value}>", "DATA"]
GOOD = mail("x", From=ADDRESS, To=PETRA.value)


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        (["HELO x"], "502"),
        ([f"MAIL FROM:<{ADDRESS}>"], "503"),
        (["EHLO x", f"MAIL FROM:<{ADDRESS}>"], "530"),
        (["EHLO a b"], "501"),
        (["EHLO x", "AUTH CRAM-MD5"], "504"),
        (["EHLO x", "AUTH PLAIN !!!"], "501"),
        (["EHLO x", "AUTH PLAIN " + base64.b64encode(f"\0{ADDRESS}\0echt".encode()).decode()], "535"),
        ([*READY[:2], "MAIL FROM:<andere@firma.example>"], "553"),
        ([*READY[:2], f"MAIL FROM:<{ADDRESS}> SIZE=99999999"], "552"),
        ([*READY[:2], f"MAIL FROM:<{ADDRESS}> DREHEN"], "555"),
        ([*READY[:2], f"MAIL FROM: {ADDRESS}"], "501"),
        ([*READY[:3], "RCPT TO:<niemand@kunde.example>"], "550 5.1.1"),
        ([*READY[:4], f"RCPT TO:<{PETRA.value}>"], "452"),
        ([*READY[:3], "DATA"], "503"),
        (["TANZ"], "500"),
        (["x" * 600], "500"),
        (["NOOP\nQUIT"], "500"),
        ([*READY, GOOD + b"\r\n.\r\n"], "550 5.6.0"),
        ([*READY, b"X: " + b"x" * 1000 + b"\r\n.\r\n"], "554 5.6.0"),
        ([*READY, b"X: y\nZ: w\r\n.\r\n"], "550 5.6.11"),
        ([*READY, "Größe: x\r\n.".encode() + b"\r\n"], "554 5.6.1"),
        ([*READY, b"From: x@y.example\r\n\r\n.\r\n"], "550"),
        (["QUIT"], "221"),
    ],
)
async def test_the_server_takes_nothing_that_good_ones_refuse(
    talk: Talk, mails: MailLine, said: list[str | bytes], answer: str
) -> None:
    *before, last = said
    for line in before:
        assert (await talk.say(line))[:1] in "23"
    assert (await talk.say(last)).startswith(answer)
    assert mails.petra.bubbles == []


async def test_login_also_step_by_step(talk: Talk) -> None:
    await talk.say("EHLO x")
    assert await talk.say("AUTH LOGIN") == "334 VXNlcm5hbWU6"
    assert (await talk.say(base64.b64encode(ADDRESS.encode()).decode())).startswith("334")
    assert (await talk.say(base64.b64encode(b"sandbox-geheim").decode())).startswith("235")


async def test_imap_says_bad_to_what_it_does_not_play(mails: MailLine) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", mails.platform.imap.port)
    await reader.readline()
    login = f'LOGIN "{ADDRESS}" "sandbox-geheim"'
    rows = [("STORE 1 +FLAGS x", "BAD"), ("EXAMINE INBOX", "BAD"), (login, "OK"), ("DELETE INBOX", "BAD"),
            ("UID FETCH 1 (UID)", "BAD"), ("EXAMINE Fort", "NO"), ("SELECT INBOX", "OK"), ("UID SEARCH FROM x", "BAD"),
            ("UID FETCH 1 (ENVELOPE)", "OK"), ("LOGOUT", "OK")]  # fmt: skip
    for command, verdict in rows:
        writer.write(f"a1 {command}\r\n".encode())
        while not (line := (await reader.readline()).decode()).startswith("a1 "):
            assert line
        assert line.split(" ")[1] == verdict, command
    writer.close()


async def test_a_client_that_reads_without_peek_is_noticed(mails: MailLine) -> None:
    mails.petra.write("x")
    kept = mails.platform.folders_of(mails.account)["INBOX"].mails[0]
    reader, writer = await asyncio.open_connection("127.0.0.1", mails.platform.imap.port)
    for command in (f'LOGIN "{ADDRESS}" "sandbox-geheim"', "SELECT INBOX", "UID FETCH 1 (BODY[])"):
        writer.write(f"a1 {command}\r\n".encode())
        while not (await reader.readline()).startswith(b"a1 "):
            pass
    writer.close()
    assert kept.seen


async def test_the_phone_shows_the_mailbox_and_answers(mails: MailLine) -> None:
    await mails.started()
    await mails.say(draft("Welche Fuge?", 2, subject="Bad"))
    async with httpx.AsyncClient(transport=Wire(mails.sandbox.app), base_url="http://sandbox") as http:
        shown = (await http.get("/phone/petra")).text
        assert "Welche Fuge?" in shown
        assert shown.count("<img src=") == 2
        await http.post("/phone/petra/messages", data={"text": "Die helle"})
        await http.post(
            "/phone/petra/photos", data={"caption": "so"}, files={"photo": ("a.jpg", JPEG, "image/jpeg")}
        )
    told = [event for event in await mails.heard(2) if isinstance(event, InboundMessage)]
    assert [(one.kind.value, one.text) for one in told] == [("text", "Die helle"), ("image", "so")]
    assert {one.context_id for one in told} == {mails.petra.bubbles[0].id}


async def test_a_tester_gives_the_customer_habits_on_the_phone(mails: MailLine) -> None:
    await mails.started()
    async with httpx.AsyncClient(transport=Wire(mails.sandbox.app), base_url="http://sandbox") as http:
        for name, word, code in (("full", "", "mail.mailbox_full"), ("full", "", "")):
            await http.post("/phone/petra/acts", data={"act": name, "word": word})
            (outcome,) = await mails.say(draft("x"))
            assert getattr(outcome, "code", "") == code
        await http.post("/phone/petra/acts", data={"act": "subject", "word": "Abmelden"})
    (stop,) = await mails.heard(1)
    assert isinstance(stop, InboundMessage)
    assert (stop.text, stop.subject, stop.context_id) == ("Abmelden", "Abmelden", "")


async def test_a_bounce_comes_by_mail(mails: MailLine) -> None:
    await mails.started()
    mails.platform.habits_of(mails.person).bounces = "5.1.1"
    said = draft("x")
    assert isinstance((await mails.say(said))[0], Accepted)
    (fate,) = await mails.heard(1)
    assert isinstance(fate, StatusUpdate)
    assert (fate.status, fate.opaque) == (Status.FAILED, str(said.intent_ids[0]))
    assert isinstance(fate.failure, Permanent)
    assert fate.failure.code == "mail.address_unknown"


# --- Loops -------------------------------------------------------------------------------------------------------


class Assistant:
    """A firm that answers everything by itself, as long as it is told that a person wrote."""

    def __init__(self, mails: MailLine) -> None:
        self._mails = mails
        self.events: list[Event] = []
        self.answers = 0

    async def run(self) -> None:
        """Read and answer until nothing new comes; far more rounds than a loop needs to show itself."""
        for _ in range(12):
            folder = self._mails.platform.folders_of(self._mails.account)["INBOX"]
            new = [kept for kept in folder.mails if kept.uid > int(self._mails.cursor.split(":")[1])]
            if not new:
                return
            for event in await self._mails.heard(len(new)):
                self.events.append(event)
                if isinstance(event, InboundMessage) and not event.automatic:
                    await self._answer(event)

    async def _answer(self, event: InboundMessage) -> None:
        self.answers += 1
        said = Draft((new_id(),), "Wir sind ab Montag da.", automatic=True, quote=event.foreign_id)
        steps = self._mails.channel.plan(said, event.sender[0], event.sent_at, None)
        assert isinstance(steps, list)
        await self._mails.channel.send(steps[0], new_id(), load)


async def test_loop_with_an_absence_assistant(mails: MailLine) -> None:
    """Both sides answer by themselves; his marks its answers (RFC 3834), so only the person gets one of ours."""
    firm = await _loop(mails, rude=False, writes="Moment bitte")
    assert [event.automatic for event in firm.events if isinstance(event, InboundMessage)] == [True, False]


async def test_loop_with_an_assistant_that_hides(mails: MailLine) -> None:
    """His answer looks like a person's and gets one of ours; that is marked, so he is silent towards it."""
    firm = await _loop(mails, rude=True, writes="")
    assert [event.automatic for event in firm.events if isinstance(event, InboundMessage)] == [False]


async def _loop(mails: MailLine, *, rude: bool, writes: str) -> Assistant:
    """Ask a customer whose mailbox answers by itself, and let the firm answer by itself too: one automatic mail."""
    await mails.started()
    habits = mails.platform.habits_of(mails.person)
    habits.away, habits.rude = "Ich bin im Urlaub.", rude
    firm = Assistant(mails)
    await mails.say(draft("Welche Fuge?"))
    if writes:
        mails.petra.write(writes)
    await firm.run()
    assert [shown.automatic for shown in mails.platform.taken] == [False, True]
    return firm


async def test_loop_by_forwarding_back_to_us(mails: MailLine) -> None:
    """His mailbox sends everything to where it came from, our own headers and all."""
    await mails.started()
    mails.platform.habits_of(mails.person).loops = True
    firm = Assistant(mails)
    mails.petra.write("Hallo")
    await firm.run()
    assert firm.answers == 1
    assert [type(event) for event in firm.events] == [InboundMessage, Echo]


async def test_loop_with_ourselves(mails: MailLine) -> None:
    """Our own address has become a customer's, as it does when somebody types it into the form."""
    await mails.started()
    firm = Assistant(mails)
    await mails.say(draft("Welche Fuge?"), Identity(PETRA.kind, ADDRESS))
    mails.platform.put(mails.account, mail("von uns selbst", From=ADDRESS))
    await firm.run()
    assert firm.answers == 0
    echo, message = firm.events
    assert isinstance(echo, Echo)
    assert isinstance(message, InboundMessage)
    assert message.automatic and not message.verified


async def test_loop_by_bounces_and_lists(mails: MailLine) -> None:
    """What our answer brings back is a report; what a list sends is a list's."""
    await mails.started()
    mails.platform.habits_of(mails.person).bounces = "5.2.2"
    firm = Assistant(mails)
    mails.petra.write("Hallo")
    mails.platform.put(mails.account, mail("Rundbrief", List_Id="<alle.example>"))
    await firm.run()
    assert firm.answers == 1
    assert [type(event) for event in firm.events] == [InboundMessage, InboundMessage, StatusUpdate]
