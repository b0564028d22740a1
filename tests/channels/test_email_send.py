"""Sending: what a server said, and what a broken line leaves open. At most once at the customer's, whatever happens."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.email import smtp as email_smtp
from server.channels.email.channel import Email
from server.channels.email.errors import Stage, outcome_of
from server.channels.email.settings import Server, Tls, mailbox
from server.domain.errors import Invalid
from server.domain.identities import Identity, IdentityKind
from server.domain.outcomes import (
    Accepted,
    MediaFix,
    Outcome,
    Paused,
    Permanent,
    Reauth,
    Retry,
    Throttled,
    Unclear,
)
from server.ids import new_id
from server.sandbox import Fault
from server.sandbox.email.smtp import SmtpDoor
from tests.channels.lines import CHOICES, JPEG, draft, load
from tests.channels.mails import ADDRESS, PETRA, SETTINGS, MailLine, client, open_line
from tests.ports import free_port


@pytest.fixture
async def mails() -> AsyncIterator[MailLine]:
    async with open_line() as line:
        yield line


async def test_a_question_with_photos_reaches_the_mailbox(mails: MailLine) -> None:
    said = draft("Welche Fuge?\n.\n..Punkte", 2, choices=CHOICES, subject="Bad [A-17]")
    (outcome,) = await mails.say(said)
    assert outcome == Accepted(f"<zollstock.{said.intent_ids[0]}@berger.example>", sent=True)
    first, second = mails.petra.bubbles
    assert first.text == "Welche Fuge?\n.\n..Punkte\n\n1) Weiß\n2) Manhattan"
    assert (first.opaque, second.opaque) == (str(said.intent_ids[0]), "")
    assert [mails.platform.files[one.picture].data for one in (first, second)] == [JPEG, JPEG]


async def test_a_changed_photo_never_leaves(mails: MailLine) -> None:
    (step,) = mails.plan(draft("x", 1))

    async def other(ref: str) -> bytes:
        return b"another picture"

    assert isinstance(await mails.channel.send(step, new_id(), other), MediaFix)
    assert mails.petra.bubbles == []


@pytest.mark.parametrize(
    ("stage", "code", "text", "kind", "reason"),
    [
        (Stage.RECIPIENT, 550, "5.1.1 No such user", Permanent, "mail.address_unknown"),
        (Stage.RECIPIENT, 550, "No such user", Permanent, "mail.address_unknown"),
        (Stage.RECIPIENT, 551, "User not local", Permanent, "mail.address_unknown"),
        (Stage.RECIPIENT, 553, "5.1.3 Bad address", Permanent, "mail.address_unknown"),
        (Stage.RECIPIENT, 550, "5.7.1 Blocked as spam, see 4.2.2.1", Permanent, "mail.policy"),
        (Stage.RECIPIENT, 552, "5.2.2 Mailbox full", Permanent, "mail.mailbox_full"),
        (Stage.RECIPIENT, 552, "Quota exceeded", Permanent, "mail.mailbox_full"),
        (Stage.RECIPIENT, 554, "5.7.1 Relay access denied", Permanent, "mail.policy"),
        (Stage.BODY, 552, "5.3.4 Message too big", Permanent, "mail.too_large"),
        (Stage.BODY, 554, "5.7.1 Spam", Permanent, "mail.policy"),
        (Stage.BODY, 550, "Content rejected", Permanent, "mail.policy"),
        (Stage.SENDER, 552, "Too big", Permanent, "mail.too_large"),
        (Stage.RECIPIENT, 451, "4.7.1 Greylisted", Retry, ""),
        (Stage.RECIPIENT, 450, "", Retry, ""),
        (Stage.BODY, 451, "4.7.1 Greylisted", Retry, ""),
        (Stage.BODY, 421, "Closing", Unclear, ""),
        (Stage.BODY, -1, "Malformed", Unclear, ""),
        (Stage.BODY, 252, "Cannot verify", Unclear, ""),
        (Stage.RECIPIENT, -1, "Malformed", Retry, ""),
        (Stage.SENDER, 421, "Too many connections", Retry, ""),
        (Stage.LOGIN, 454, "4.7.0 Temporary", Retry, ""),
        (Stage.LOGIN, 535, "5.7.8 Wrong password", Reauth, ""),
        (Stage.LOGIN, 534, "5.7.9 Too weak", Reauth, ""),
        (Stage.SENDER, 530, "5.7.0 Log in", Reauth, ""),
        (Stage.SENDER, 550, "5.7.60 Not your address", Reauth, ""),
        (Stage.RECIPIENT, 530, "5.7.0 Log in", Reauth, ""),
        (Stage.GREETING, 554, "No service for you", Paused, ""),
        (Stage.GREETING, 421, "Busy", Retry, ""),
    ],
)
def test_every_code_has_its_reaction(
    stage: Stage, code: int, text: str, kind: type[Outcome], reason: str
) -> None:
    outcome = outcome_of(code, text, stage)
    assert isinstance(outcome, kind)
    assert getattr(outcome, "code", "") == reason


async def test_what_the_customers_server_refuses_has_its_reason(mails: MailLine) -> None:
    habits = mails.platform.habits_of(mails.person)
    habits.full = True
    assert _reason(await mails.say(draft("x"))) == "mail.mailbox_full"
    habits.full = False
    mails.person.blocked = True
    assert _reason(await mails.say(draft("x"))) == "mail.policy"
    nobody = Identity(IdentityKind.EMAIL, "niemand@kunde.example")
    assert _reason(await mails.say(draft("x"), nobody)) == "mail.address_unknown"
    assert mails.petra.bubbles == []


def _reason(outcomes: list[Outcome]) -> str:
    (outcome,) = outcomes
    assert isinstance(outcome, Permanent), outcome
    return outcome.code


async def test_greylisting_is_waited_out(mails: MailLine) -> None:
    mails.platform.habits_of(mails.person).greylists = True
    said = draft("x")
    assert isinstance((await mails.say(said))[0], Retry)
    assert isinstance((await mails.say(said))[0], Accepted)
    assert len(mails.petra.bubbles) == 1


async def test_a_wrong_password_stops_the_channel(mails: MailLine) -> None:
    mails.channel = mails.opened(password="sandbox-falsch")
    (outcome,) = await mails.say(draft("x"))
    assert isinstance(outcome, Reauth)
    assert outcome.detail.startswith("535")
    assert "sandbox-falsch" not in str(outcome)


async def test_a_mail_larger_than_the_server_takes_never_starts(mails: MailLine) -> None:
    heavy = b"x: y\r\n\r\n" + b"a\r\n" * 9_000_000
    box = mailbox(SETTINGS, {"smtp_url": mails.platform.smtp_url})
    outcome = await email_smtp.deliver(box.smtp, ADDRESS, PETRA.value, heavy, "<m@x>")
    assert outcome == Permanent("mail.too_large", "SIZE 26214400")


AFTER = {Fault.RESET_AFTER, Fault.SLOW_AFTER, Fault.ERROR_AFTER, Fault.GARBAGE_AFTER}


@given(st.lists(st.sampled_from(list(Fault)), max_size=6))
@settings(max_examples=40, deadline=None)
def test_whatever_goes_wrong_nothing_is_said_twice(faults: list[Fault]) -> None:
    """A mail is tried again only when certainly not taken; the customer has it at most once."""
    asyncio.run(_worker_with_faults(faults))


async def _worker_with_faults(faults: list[Fault]) -> None:
    async with open_line() as mails:
        for fault in faults:
            mails.sandbox.set_fault("email.messages", fault)
        (step,) = mails.plan(draft("Welche Fuge?", 1))
        outcome: Outcome = Retry()
        while isinstance(outcome, Retry | Throttled):
            pending = list(mails.sandbox.world.faults.get("email.messages", ()))
            outcome = await mails.channel.send(step, new_id(), load)
            seen = [bubble for bubble in mails.petra.bubbles if bubble.opaque]
            assert len(seen) <= 1
            assert bool(seen) is isinstance(outcome, Unclear | Accepted)
            assert isinstance(outcome, Unclear) is bool(pending and pending[0] in AFTER)
        assert isinstance(outcome, Accepted | Unclear)


async def test_a_server_that_is_away_may_be_tried_again() -> None:
    bases = {"smtp_url": f"smtp://127.0.0.1:{free_port()}"}
    channel = Email(SETTINGS, client(), bases)
    steps = channel.plan(draft("x"), PETRA, dt.datetime.now(dt.UTC), None)
    assert isinstance(steps, list)
    assert isinstance(await channel.send(steps[0], new_id(), load), Retry)


async def test_silence_after_the_mail_is_unclear_and_before_it_not(
    mails: MailLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("server.sandbox.email.smtp.SILENCE_S", 30.0)
    monkeypatch.setattr(email_smtp, "COMMAND_TIMEOUT_S", 0.3)
    mails.sandbox.set_fault("email.messages", Fault.SLOW_BEFORE)
    mails.sandbox.set_fault("email.messages", Fault.SLOW_AFTER)
    assert isinstance((await mails.say(draft("x")))[0], Retry)
    assert isinstance((await mails.say(draft("x")))[0], Unclear)


# --- TLS ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [Tls.TLS, Tls.STARTTLS])
async def test_only_a_server_that_proves_its_name_hears_the_password(
    mails: MailLine, certificate: str, tls: Tls, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    heard: list[str] = []

    def login(user: str, password: str) -> None:
        heard.append(password)

    door = SmtpDoor(
        mails.sandbox.world,
        login=login,
        rcpt=lambda account, to: None,
        take=lambda account, to, mail: None,
        context=context,
        starttls=tls is Tls.STARTTLS,
    )
    await door.open()
    try:
        server = Server("localhost", door.port, tls, ADDRESS, "sandbox-geheim")
        refused = await email_smtp.deliver(server, ADDRESS, PETRA.value, b"x", "<m@x>")
        assert isinstance(refused, Reauth)
        assert refused.detail.startswith("certificate: self-signed")
        assert heard == []
        monkeypatch.setenv("SSL_CERT_FILE", certificate)
        known = await email_smtp.deliver(server, ADDRESS, PETRA.value, b"x", "<m@x>")
        assert isinstance(known, Reauth)
        assert known.detail.startswith("535")
        assert set(heard) == {"sandbox-geheim"}
    finally:
        await door.close()


async def test_a_server_without_starttls_hears_no_password(mails: MailLine) -> None:
    server = Server("127.0.0.1", mails.platform.smtp.port, Tls.STARTTLS, ADDRESS, "sandbox-geheim")
    outcome = await email_smtp.deliver(server, ADDRESS, PETRA.value, b"x", "<m@x>")
    assert outcome == Reauth("the server offers no STARTTLS")


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"address": "berger"}, "address"),
        ({"address": "a@b.example\r\nX: y"}, "address"),
        ({"password": ""}, "password"),
        ({"password": "a\r\nb"}, "password"),
        ({"user": "a\0b"}, "user"),
        ({"smtp_host": ""}, "smtp_host"),
        ({"smtp_host": "mail.example/x"}, "smtp_host"),
        ({"imap_host": "mail.example:993"}, "imap_host"),
        ({"smtp_port": "70000"}, "smtp_port"),
        ({"imap_port": "x"}, "imap_port"),
        ({"smtp_tls": "vielleicht"}, "smtp_tls"),
        ({"smtp_tls": "keine"}, "smtp_tls"),
        ({"imap_tls": "keine", "imap_host": "127.0.0.1.evil.example"}, "imap_tls"),
        ({"imap_folder": "INBOX\r\nA1 DELETE INBOX"}, "imap_folder"),
        ({"sender_name": "a\nBcc: x@y.example"}, "sender_name"),
        ({"limit_mb": "26"}, "limit_mb"),
        ({"limit_mb": "0"}, "limit_mb"),
    ],
)
def test_settings_that_cannot_work_name_their_field(changed: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        mailbox({**SETTINGS, **changed}, {})
    assert refused.value.field == field


def test_a_plain_line_is_for_this_machine_or_by_the_operators_word() -> None:
    for host in ("localhost", "127.0.0.1", "::1"):
        box = mailbox({**SETTINGS, "smtp_host": host, "smtp_tls": "keine"}, {})
        assert (box.smtp.host, box.smtp.tls, box.smtp.context()) == (host, Tls.NONE, None)
    given = {"smtp_url": "smtp://10.0.0.5:2525", "imap_url": "imaps://imap.example"}
    box = mailbox(SETTINGS, given)
    assert (box.smtp.host, box.smtp.port, box.smtp.tls) == ("10.0.0.5", 2525, Tls.NONE)
    assert (box.imap.host, box.imap.port, box.imap.tls) == ("imap.example", 993, Tls.TLS)
    usual = mailbox(SETTINGS, {}).smtp
    context = usual.context()
    assert context is not None
    assert (usual.port, usual.tls, context.verify_mode, context.check_hostname) == (
        587, Tls.STARTTLS, ssl.CERT_REQUIRED, True,
    )  # fmt: skip
