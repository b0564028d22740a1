"""Reading a mailbox: each mail once, none lost, nothing touched, whatever the server does to its numbers."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta

import pytest

from server.channels.base import ChannelError, Pulling
from server.channels.email import imap as email_imap
from server.channels.email.channel import Email
from server.channels.email.cursor import Cursor
from server.channels.email.settings import Server, Tls, mailbox
from server.channels.email.words import CUT
from server.domain.events import InboundMessage, UnknownEvent
from server.domain.outcomes import Accepted
from server.sandbox import Fault, Whims
from server.sandbox.email.imap import Folder, ImapDoor
from tests.channels.lines import JPEG, NOON, draft
from tests.channels.mails import ADDRESS, SETTINGS, MailLine, client, mail, offline, open_line
from tests.ports import free_port


@pytest.fixture
async def mails(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[MailLine]:
    monkeypatch.setattr(email_imap, "POLL_S", 0.02)
    async with open_line() as line:
        yield line


async def test_from_now_on_means_from_now_on(mails: MailLine) -> None:
    mails.petra.write("gestern schon da")
    await mails.started()
    mails.petra.write("Guten Tag")
    (message,) = await mails.heard(1)
    assert isinstance(message, InboundMessage)
    assert (message.text, message.profile_name) == ("Guten Tag", "Petra Müller")


async def test_what_comes_before_the_first_mail_is_not_lost_by_a_restart(mails: MailLine) -> None:
    await mails.started()
    assert mails.cursor.startswith("1:0::")
    mails.petra.write("in der Pause")
    assert [one.text for one in await mails.heard(1) if isinstance(one, InboundMessage)] == ["in der Pause"]


async def test_each_mail_comes_once_and_in_order_over_restarts(mails: MailLine) -> None:
    await mails.started()
    for place in range(7):
        mails.petra.write(f"Nr. {place}")
    heard = [*await mails.heard(3), *await mails.heard(1), *await mails.heard(3)]
    assert [one.text for one in heard if isinstance(one, InboundMessage)] == [f"Nr. {n}" for n in range(7)]
    assert mails.cursor.startswith(f"1:7:{NOON.date()}:")


async def test_a_line_that_stays_open_hears_what_comes_later(mails: MailLine) -> None:
    await mails.started()
    reading = asyncio.create_task(mails.fetched(2))
    await asyncio.sleep(0.05)
    mails.petra.write("eins")
    await asyncio.sleep(0.05)
    mails.petra.write("zwei")
    assert len(await reading) == 2


async def test_a_quiet_line_shows_that_it_lives(mails: MailLine) -> None:
    await mails.started()
    line = mails.channel.pull(mails.cursor)
    signs = [await anext(line) for _ in range(3)]
    await line.aclose()  # type: ignore[attr-defined]
    assert [(one.body, one.cursor) for one in signs] == [(b"", mails.cursor)] * 3


async def test_nothing_is_marked_as_read_moved_or_deleted(mails: MailLine) -> None:
    await mails.started()
    mails.petra.send_photo(JPEG, "image/jpeg", "hier")
    await mails.fetched(1)
    assert [kept.seen for kept in mails.platform.folders_of(mails.account)["INBOX"].mails] == [False]
    verbs = {command.split(" ")[0] for command in mails.platform.imap.commands}
    assert verbs <= {"CAPABILITY", "LOGIN", "EXAMINE", "UID"}
    assert all("PEEK" in command for command in mails.platform.imap.commands if "BODY" in command)


async def test_a_mailbox_with_new_numbers_loses_and_doubles_nothing(mails: MailLine) -> None:
    await mails.started()
    folder = mails.platform.folders_of(mails.account)["INBOX"]
    mails.petra.write("eins")
    mails.petra.write("zwei")
    before = await mails.heard(2)
    folder.renumber()
    mails.petra.write("drei")
    place, *again = await mails.fetched(4)
    assert place.body == b"" and place.cursor.startswith(f"2:0:{NOON.date()}:")
    keys = [event.key for one in again for event in mails.channel.parse(one.body)]
    assert keys[:2] == [event.key for event in before]
    assert len(set(keys)) == 3
    mails.petra.write("vier")
    (after,) = await mails.heard(1)
    assert isinstance(after, InboundMessage)
    assert after.text == "vier"


async def test_new_numbers_bring_back_nothing_from_long_before(mails: MailLine) -> None:
    folder = mails.platform.folders_of(mails.account)["INBOX"]
    folder.add(mail("uralt"), NOON - timedelta(days=30))
    folder.add(mail("gestern"), NOON)
    await mails.started()
    folder.renumber()
    mails.petra.write("neu")
    _, *again = await mails.fetched(3)
    assert [
        message.text
        for one in again
        for message in mails.channel.parse(one.body)
        if isinstance(message, InboundMessage)
    ] == ["gestern", "neu"]


async def test_a_crash_between_mail_and_cursor_reads_it_again_under_the_same_key(mails: MailLine) -> None:
    await mails.started()
    mails.petra.write("eins")
    before = mails.cursor
    first = await mails.heard(1)
    mails.cursor = before
    assert [event.key for event in await mails.heard(1)] == [event.key for event in first]


async def test_a_mail_too_large_comes_by_its_beginning(
    mails: MailLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(email_imap, "MAX_MAIL_BYTES", 5_000)
    await mails.started()
    mails.petra.send_photo(JPEG * 10, "image/jpeg", "viel zu groß")
    (message,) = await mails.heard(1)
    assert isinstance(message, InboundMessage)
    assert message.text == "viel zu groß\n[… gekürzt]"
    mails.petra.write("danach")
    assert len(await mails.heard(1)) == 1


async def test_a_deleted_mail_is_passed_over(mails: MailLine) -> None:
    await mails.started()
    mails.petra.write("eins")
    folder = mails.platform.folders_of(mails.account)["INBOX"]
    reader = email_imap._Reader(mailbox(SETTINGS, {"imap_url": mails.platform.imap_url}))
    await asyncio.to_thread(reader.open)
    place = await asyncio.to_thread(reader.look, Cursor.of(mails.cursor))
    folder.mails.clear()
    gone = await asyncio.to_thread(reader.read, place.uids[0])
    reader.close()
    assert (place.uids, gone.raw) == ([1], b"")


async def test_a_hostile_mailbox_tells_everything_once(mails: MailLine) -> None:
    mails.sandbox.set_whims(Whims(duplicate=0.5, broken=0.5))
    await mails.started()
    for place in range(20):
        mails.petra.write(f"Nr. {place}")
    events = await mails.heard(len(mails.inbox))
    told = {event.key: event for event in events}
    assert len(mails.inbox) > 25
    texts = [one.text for one in told.values() if isinstance(one, InboundMessage)]
    assert sorted(texts) == sorted(f"Nr. {place}" for place in range(20))
    assert any(isinstance(one, UnknownEvent) for one in told.values())


@pytest.mark.parametrize(
    ("settings", "code", "permanent"),
    [
        ({"password": "sandbox-falsch"}, "mail.login_refused", True),
        ({"imap_folder": "Gibt es nicht"}, "mail.folder_missing", True),
        ({"password": "sandbox-fälsch"}, "mail.login_refused", True),
    ],
)
async def test_what_a_human_must_mend_is_permanent(
    mails: MailLine, settings: dict[str, str], code: str, permanent: bool
) -> None:
    mails.channel = mails.opened(**settings)
    with pytest.raises(ChannelError) as failed:
        await mails.fetched(1)
    assert (failed.value.code, failed.value.permanent) == (code, permanent)
    assert settings.get("password", "sandbox-geheim") not in str(failed.value)


@pytest.mark.parametrize("fault", [Fault.UNREACHABLE, Fault.RESET_BEFORE, Fault.ERROR_BEFORE])
async def test_a_broken_line_may_be_tried_again(mails: MailLine, fault: Fault) -> None:
    await mails.started()
    mails.petra.write("eins")
    mails.sandbox.set_fault("email.pull", fault)
    with pytest.raises(ChannelError) as failed:
        await mails.fetched(1)
    assert (failed.value.code, failed.value.permanent) == ("mail.unreachable", False)
    assert len(await mails.heard(1)) == 1


async def test_a_server_that_is_busy_is_not_a_wrong_password(mails: MailLine) -> None:
    mails.sandbox.set_fault("email.pull", Fault.REFUSED)
    with pytest.raises(ChannelError) as failed:
        await mails.fetched(1)
    assert not failed.value.permanent


async def test_nobody_at_the_address(mails: MailLine) -> None:
    channel = Email(SETTINGS, client(), {"imap_url": f"imap://127.0.0.1:{free_port()}"})
    with pytest.raises(ChannelError, match=r"mail\.unreachable"):
        await anext(channel.pull(""))


async def test_only_a_server_that_proves_its_name_hears_the_password(
    mails: MailLine, certificate: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    platform = mails.platform
    door = ImapDoor(
        mails.sandbox.world, login=platform.imap.login, folders=platform.folders_of, context=context
    )
    await door.open()
    try:
        box = mailbox(SETTINGS, {"imap_url": f"imaps://localhost:{door.port}"})
        (finding,) = await email_imap.check(box)
        assert (finding.code, finding.ok, "self-signed" in finding.detail) == ("mail.imap", False, True)
        assert door.commands == []
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        assert all(finding.ok for finding in await email_imap.check(box))
    finally:
        await door.close()


async def test_a_server_without_starttls_hears_no_password(mails: MailLine) -> None:
    box = mailbox(SETTINGS, {})
    server = Server("127.0.0.1", mails.platform.imap.port, Tls.STARTTLS, ADDRESS, "sandbox-geheim")
    (finding,) = await email_imap.check(replace(box, imap=server))
    assert (finding.code, finding.ok) == ("mail.imap", False)
    assert "LOGIN" not in mails.platform.imap.commands


async def test_a_puller_that_is_ended_leaves_no_line_behind(mails: MailLine) -> None:
    """Also one that is ended while it still connects: what comes of that is closed at once."""
    await mails.started()
    for pause_s in (0, 0.001, 0.005, 0.02, 0.05):
        reading = asyncio.create_task(mails.fetched(1))
        await asyncio.sleep(pause_s)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
    async with asyncio.timeout(5):
        while mails.platform.imap.open_lines:
            await asyncio.sleep(0.01)


async def test_the_check_says_what_works(mails: MailLine) -> None:
    good = await mails.channel.check("")
    assert [(one.code, one.ok) for one in good] == [
        ("mail.smtp", True),
        ("mail.imap", True),
        ("mail.folder", True),
    ]
    folder = await mails.opened(imap_folder="Fort").check("")
    assert [(one.code, one.ok) for one in folder] == [
        ("mail.smtp", True),
        ("mail.imap", True),
        ("mail.folder", False),
    ]
    wrong = await mails.opened(password="sandbox-falsch").check("")
    assert [(one.code, one.ok) for one in wrong] == [("mail.smtp", False), ("mail.imap", False)]
    assert "sandbox-falsch" not in str(wrong)
    assert mails.petra.bubbles == []


async def test_a_password_with_umlauts_logs_in(mails: MailLine) -> None:
    mails.sandbox.world.accounts["firm"] = replace(mails.account, token="sandbox-größe")
    box = mailbox({**SETTINGS, "password": "sandbox-größe"}, {"imap_url": mails.platform.imap_url})
    assert all(finding.ok for finding in await email_imap.check(box))


@pytest.mark.parametrize(
    ("text", "cursor"),
    [
        ("", None),
        ("Unsinn", None),
        ("1:2", Cursor(1, 2)),
        ("1:2:", Cursor(1, 2)),
        ("1:2:2026-11-20", Cursor(1, 2, date(2026, 11, 20))),
        ("1:2:2026-13-40", Cursor(1, 2)),
        ("1:2::0a1b", Cursor(1, 2, None, "0a1b")),
    ],
)
def test_a_cursor_comes_back(text: str, cursor: Cursor | None) -> None:
    assert Cursor.of(text) == cursor
    assert cursor is None or Cursor.of(str(cursor)) == cursor


def test_mail_is_pulled() -> None:
    channel = offline()
    assert isinstance(channel, Pulling)
    assert channel.pulls
    assert channel.read_step("<x>", draft("x").intent_ids[0]) is None
    assert Server("mail.example", 993, Tls.TLS, ADDRESS, "geheim").context() is not None


async def test_the_way_there_and_back(mails: MailLine) -> None:
    """A question goes out, the customer answers with a photo: the answer names the question."""
    await mails.started()
    said = draft("Welche Fuge?", 1, subject="Bad [A-17]")
    (outcome,) = await mails.say(said)
    assert isinstance(outcome, Accepted)
    mails.petra.send_photo(JPEG, "image/jpeg", "Diese")
    _, message = await mails.heard(1)
    assert isinstance(message, InboundMessage)
    assert (message.text, message.context_id, message.subject) == (
        "Diese",
        outcome.foreign_id,
        "Re: Bad [A-17]",
    )
    assert message.media

    async def raw() -> bytes:
        return mails.inbox[-1]

    assert await mails.channel.fetch_media(message.media, raw) == JPEG


GIVEN_NOT = ["[CANNOT] Server error while fetching messages", "The message could not be converted", "-"]


@pytest.mark.parametrize("words", GIVEN_NOT)
async def test_a_mail_the_server_does_not_give_shows_its_head_and_lets_the_others_through(
    mails: MailLine, words: str
) -> None:
    await mails.started()
    mails.petra.write("kommt nie")
    mails.petra.write("Guten Tag")
    mails.platform.folders_of(mails.account)["INBOX"].mails[0].held_back = words
    head, whole = await mails.heard(2)
    assert isinstance(head, InboundMessage) and isinstance(whole, InboundMessage)
    assert head.sender == whole.sender and "kommt nie" not in head.text and CUT in head.text
    assert whole.text == "Guten Tag"


async def test_a_mail_of_which_nothing_is_given_is_told_as_one_nobody_could_read(mails: MailLine) -> None:
    await mails.started()
    for text in ("kommt nie", "auch nicht", "Guten Tag"):
        mails.petra.write(text)
    for kept in mails.platform.folders_of(mails.account)["INBOX"].mails[:2]:
        kept.held_back, kept.head_held_back = "[CANNOT] no", True
    first, second, whole = await mails.heard(3)
    assert isinstance(first, UnknownEvent) and isinstance(second, UnknownEvent) and first.key != second.key
    assert isinstance(whole, InboundMessage) and whole.text == "Guten Tag"


@pytest.mark.parametrize(
    ("words", "permanent"),
    [
        ("[SERVERBUG] Internal error occurred. Refer to server log", False),
        ("[INUSE] Mailbox is locked", False),
        ("[UNAVAILABLE] Try again", False),
        ("[ALERT] Too many simultaneous connections. (Failure)", False),
        ("[NOPERM] Permission denied", True),
    ],
)
async def test_a_folder_that_is_busy_is_not_taken_for_gone(
    mails: MailLine, words: str, permanent: bool
) -> None:
    await mails.started()
    mails.platform.folders_of(mails.account)["INBOX"].closed = words
    with pytest.raises(ChannelError) as refused:
        await mails.fetched(1)
    assert refused.value.permanent is permanent


async def test_another_mailbox_with_the_same_validity_hides_nothing(mails: MailLine) -> None:
    """Many a Gmail inbox has the UIDVALIDITY 1: what stands under small numbers there was never read by us."""
    await mails.started()
    for place in range(3):
        mails.petra.write(f"Nr. {place}")
    await mails.fetched(3)
    other = mails.platform.folders_of(mails.account).setdefault("Kunden", Folder())
    other.add(mail("in der anderen Mappe"), NOON)
    mails.channel = mails.opened(imap_folder="Kunden")
    (start, moved) = await mails.fetched(2)
    assert start.body == b""
    [message] = mails.channel.parse(moved.body)
    assert isinstance(message, InboundMessage) and message.text == "in der anderen Mappe"


async def test_another_mailbox_before_any_mail_begins_from_now_on(mails: MailLine) -> None:
    await mails.started()
    other = mails.platform.folders_of(mails.account).setdefault("Kunden", Folder())
    other.add(mail("lange her"), NOON)
    mails.channel = mails.opened(imap_folder="Kunden")
    (place,) = await mails.fetched(1)
    assert place.body == b"" and place.cursor.startswith("1:1:")
