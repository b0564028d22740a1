"""Mails read without ever raising: what is new in them, whose they are, and that machines are known as machines."""

import base64
import hashlib
import random
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.base import ChannelError
from server.channels.email.heads import UNDATED
from server.channels.email.imap import CUT_HEADER
from server.channels.email.words import CUT, new_words, page_text
from server.domain.consents import is_stop
from server.domain.events import (
    Echo,
    Event,
    InboundMessage,
    MessageKind,
    OptOut,
    Status,
    StatusUpdate,
    UnknownEvent,
)
from server.domain.identities import Identity, IdentityKind
from server.domain.mail import answer_token, plus_address
from server.domain.outcomes import Permanent
from server.ids import new_id
from tests.channels.lines import JPEG
from tests.channels.mails import ADDRESS, OWN, OWN_ID, PETRA, mail, offline, parts

CHANNEL = offline()
PNG = b"\x89PNG\r\n\x1a\n" + b"x" * 30_000
BIG_JPEG = JPEG * 20


def events(raw: bytes) -> list[Event]:
    found = CHANNEL.parse(raw)
    assert CHANNEL.parse(raw) == found
    return found


def said(raw: bytes) -> list[InboundMessage]:
    return [event for event in events(raw) if isinstance(event, InboundMessage)]


def one(raw: bytes) -> InboundMessage:
    (message,) = said(raw)
    return message


def attached(data: bytes, kind: str = "image/jpeg", name: str = "a.jpg", extra: str = "") -> bytes:
    head = f'Content-Type: {kind}; name="{name}"\r\nContent-Disposition: attachment; filename="{name}"\r\n{extra}'
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(data)


TEXT = "Content-Type: text/plain; charset=utf-8\n\nSehen Sie selbst."
MIXED = 'multipart/mixed; boundary="=_x"'


def test_a_plain_mail_is_read_whole() -> None:
    message = one(mail("Wann kommen Sie?"))
    assert message.foreign_id.startswith("<m1@kunde.example>")
    assert (message.sender, message.profile_name) == ((PETRA,), "Petra Müller")
    assert (message.text, message.subject, message.kind) == ("Wann kommen Sie?", "Frage", MessageKind.TEXT)
    assert message.sent_at == datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    assert (message.automatic, message.verified, message.token, message.context_id) == (False, True, "", "")


@pytest.mark.parametrize(("sent", "told"), [(45, 45), (60, 60), (61, 60)])
def test_no_picture_of_a_mail_is_left_out_in_silence(sent: int, told: int) -> None:
    raw = mail(parts(TEXT, *[attached(JPEG, name=f"{n}.jpg") for n in range(sent)]), kind=MIXED)
    heard = [event for event in events(raw) if isinstance(event, InboundMessage)]
    assert len({event.foreign_id for event in heard if event.media}) == told
    assert (CUT in heard[0].text) is (sent > told)


def test_the_address_is_known_as_written_and_in_lower_case() -> None:
    sender = one(mail(From="<Petra.M@Kunde.example>")).sender
    assert sender == (
        Identity(IdentityKind.EMAIL, "Petra.M@Kunde.example"),
        Identity(IdentityKind.EMAIL, "petra.m@kunde.example"),
    )


def test_files_are_messages_of_their_own_the_first_carries_the_words() -> None:
    raw = mail(parts(TEXT, attached(BIG_JPEG), attached(PNG, "application/octet-stream", "plan.png"),
                     attached(b"%PDF-1.7 x", "application/pdf", "Angebot.pdf")), kind=MIXED)  # fmt: skip
    first, second, third = said(raw)
    assert (first.text, second.text, third.text) == ("Sehen Sie selbst.", "", "")
    assert [second.key, third.key] == [f"{first.key}#2", f"{first.key}#3"]
    assert [one.kind.value for one in (first, second, third)] == ["image", "image", "document"]
    assert first.media and second.media and third.media
    assert (second.media.mime, third.media.name) == ("image/png", "Angebot.pdf")
    assert first.media.sha256 == hashlib.sha256(BIG_JPEG).hexdigest()


async def test_a_file_is_fetched_out_of_the_kept_mail() -> None:
    raw = mail(parts(TEXT, attached(BIG_JPEG)), kind=MIXED)

    async def kept() -> bytes:
        return raw

    async def other() -> bytes:
        return mail(parts(TEXT, attached(PNG)), kind=MIXED)

    media = one(raw).media
    assert media
    assert await CHANNEL.fetch_media(media, kept) == BIG_JPEG
    with pytest.raises(ChannelError, match=r"media\.damaged"):
        await CHANNEL.fetch_media(media, other)

    async def plain() -> bytes:
        return mail("nur Text")

    with pytest.raises(ChannelError, match=r"media\.gone") as gone:
        await CHANNEL.fetch_media(media, plain)
    assert gone.value.permanent


# --- What is new -------------------------------------------------------------------------------------------------

HISTORY = [
    "Ja, gern.\n\nAm 20.11.2026 um 12:00 schrieb Berger <post@berger.example>:\n> Welche Fuge?\n> STOP beendet.",
    "Ja, gern.\n\nAm Fr., 20. Nov. 2026 um 12:00 Uhr schrieb Malerbetrieb Berger <\npost@berger.example>:\n\n> Welche?\n>\n",
    "Ja, gern.\n\nOn Fri, Nov 20, 2026 at 12:00 PM Berger <post@berger.example> wrote:\n\n> Which?\n",
    "Ja, gern.\n\n-----Ursprüngliche Nachricht-----\nVon: Berger\nGesendet: Freitag\nAn: Petra\nBetreff: Bad\n\nSTOP",
    "Ja, gern.\n\n________________________________\nVon: Berger <post@berger.example>\nGesendet: x\nAn: y\nBetreff: z\n\nalt",
    "Ja, gern.\n\n*Von:* Berger <post@berger.example>\n*Gesendet:* Freitag\n*An:* Petra\n*Betreff:* Bad\n\nalt",
    "Ja, gern.\n\nFrom: Berger <post@berger.example>\nSent: Friday\nTo: Petra\nSubject: Bad\n\nold",
    'Ja, gern.\n\nGesendet: Freitag\nVon: "Berger" <post@berger.example>\nAn: Petra\nBetreff: Bad\n\nalt',
    "Ja, gern.\n\nBetreff: Bad\nDatum: 2026-11-20T12:00:00+0100\nVon: Berger\nAn: Petra\n\nalt",
    "Ja, gern.\n-- \nPetra Müller\nTel. 0171",
    "Ja, gern.\n\nVon meinem iPhone gesendet\n\n> Am 20.11.2026 um 12:00 schrieb Berger:\n> \n> alt",
    "Ja, gern.\n\nGesendet mit der GMX Mail App\n",
    "Ja, gern.\nHolen Sie sich Outlook for Android",
    "> Welche Fuge?\n\nJa, gern.\n",
    "Berger schrieb am 20.11.2026 um 12:00:\n> Welche Fuge?\n\nJa, gern.\n",
]


@pytest.mark.parametrize("text", HISTORY)
def test_history_and_signature_are_cut_for_display(text: str) -> None:
    assert one(mail(text)).text == "Ja, gern."


@pytest.mark.parametrize(
    "text",
    [
        "Von: unten nach oben streichen.\nDann warten.",
        "Am Montag um 8 schrieb ich Ihnen. Bitte antworten.",
        "Preis -- wie besprochen -- bleibt.",
        "Mit freundlichen Grüßen\nPetra Müller",
        "Die Maße:\n---\n2,40 m",
        "An: der Wand\nVon: links",
        "Maße:\nVon: 2,40 m\nAn: 3,10 m\nDatum: heute\nDanke",
    ],
)
def test_what_only_looks_like_history_stays(text: str) -> None:
    assert one(mail(text)).text == text


def test_answers_between_quotes_are_kept() -> None:
    text = "Am 1.1.26 um 9:00 schrieb B:\n> Farbe?\nWeiß.\n> Fuge?\nGrau.\n"
    assert one(mail(text)).text == "Weiß.\nGrau."


def test_a_forwarded_mail_shows_what_was_forwarded() -> None:
    text = "---------- Forwarded message ---------\nVon: X <x@y.example>\nBetreff: Farbe\n\nRAL 9010"
    assert one(mail(text)).text == f"Weitergeleitet:\n{text}"


PAGES = [
    ("<p>Ja,<br>gern.</p>", "Ja,\ngern."),
    ("<style>p{}</style><script>alert(1)</script><title>x</title>Ja &amp; gern &lt;3", "Ja & gern <3"),
    ('Ja<div class="gmail_quote"><div dir="ltr" class="gmail_attr">Am … schrieb</div>alt</div>', "Ja"),
    ('<div>Ja</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> B</div>alt', "Ja"),
    (
        'Ja<div class="moz-cite-prefix">Am 1.1. um 9 schrieb B:</div><blockquote type="cite">alt</blockquote>',
        "Ja",
    ),
    ("Ja<blockquote type=cite><div>STOP</div></blockquote>", "Ja"),
    (
        '<div>Ja</div><div name="quote" style="margin:10px"><b>Gesendet:</b>&nbsp;Freitag<br/><b>Von:</b>&nbsp;B</div>',
        "Ja",
    ),
    ('<div>Ja</div><div name="quoted-content">alt</div>', "Ja"),
    ('Ja<a name="quote">, gern</a>', "Ja, gern"),
    ('<img src="https://evil.example/pixel.gif">Ja<img src=x onerror=alert(1)>', "Ja"),
    ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "ab\nc"),
]


@pytest.mark.parametrize(("page", "text"), PAGES)
def test_a_page_becomes_text(page: str, text: str) -> None:
    message = one(mail(f"<html><body>{page}</body></html>", kind="text/html; charset=utf-8"))
    assert message.text == text


def test_plain_words_go_before_the_page() -> None:
    body = parts("Content-Type: text/html\n\n<b>Seite</b>", "Content-Type: text/plain\n\nText")
    assert one(mail(body, kind='multipart/alternative; boundary="=_x"')).text == "Text"
    empty = parts("Content-Type: text/plain\n\n \n", "Content-Type: text/html\n\n<b>Seite</b>")
    assert one(mail(empty, kind='multipart/alternative; boundary="=_x"')).text == "Seite"


# --- STOP --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "stops"),
    [
        (mail("STOP"), True),
        (mail("Stop!\n\nAm 20.11.2026 um 12:00 schrieb B:\n> Welche?"), True),
        (mail("STOP\n\nMit freundlichen Grüßen\nPetra Müller"), True),
        (mail("", Subject="STOP"), True),
        (mail("Viele Grüße", Subject="Abmelden"), True),
        (mail("", Subject="AW: Abmelden"), True),
        (mail("<p>STOP</p><p>Gruß</p>", kind="text/html"), True),
        (mail("Ja, gern.\n\n> STOP"), False),
        (mail("> STOP\n"), False),
        (mail("Ja.\n-- \nSTOP"), False),
        (mail("Stop bitte, die falsche Fuge!"), False),
        (mail("Ja\nSTOP"), False),
        (mail("---------- Forwarded message ---------\nSTOP"), False),
        (mail("Ja<blockquote>STOP</blockquote>", kind="text/html"), False),
        (mail("Ja", Subject="Re: Bad, STOP beendet"), False),
    ],
)
def test_stop_counts_in_the_first_new_line_and_never_in_quotes(raw: bytes, stops: bool) -> None:
    """Either the message is the word alone, which the engine hears, or a withdrawal of its own comes with it."""
    told = events(raw)
    message = one(raw)
    outs = [event for event in told if isinstance(event, OptOut)]
    assert (is_stop(message.text) or bool(outs)) is stops
    assert not (is_stop(message.text) and outs)
    assert all(out.sender == message.sender and out.stopped for out in outs)


# --- Threads -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"In_Reply_To": OWN_ID},
        {"References": f"<a@b> {OWN_ID}"},
        {"References": f"{OWN_ID}\r\n <later@kunde.example>", "In_Reply_To": "<later@kunde.example>"},
        {"In_Reply_To": OWN_ID.upper().replace("ZOLLSTOCK", "zollstock")},
        {"Delivered_To": plus_address(ADDRESS, answer_token(__import__("uuid").UUID(OWN)))},
    ],
)
def test_an_answer_names_our_mail_and_proves_that_it_came(headers: dict[str, str]) -> None:
    status, message = events(mail("Ja", **headers))
    assert isinstance(message, InboundMessage)
    assert message.context_id == OWN_ID
    assert isinstance(status, StatusUpdate)
    assert (status.foreign_id, status.status, status.opaque) == (OWN_ID, Status.DELIVERED, OWN)


@pytest.mark.parametrize(
    "headers",
    [
        {"In_Reply_To": "<m0@kunde.example>"},
        {"In_Reply_To": OWN_ID.replace("berger", "evil")},
        {"Subject": f"Re: {OWN_ID}"},
        {"In_Reply_To": "<zollstock.x@berger.example>"},
    ],
)
def test_nobody_elses_id_and_no_subject_is_an_answer(headers: dict[str, str]) -> None:
    assert one(mail("Ja", **headers)).context_id == ""


def test_mail_to_a_jobs_address_brings_its_token() -> None:
    at_job = plus_address(ADDRESS, "abcdefgh234567")
    for header in ("To", "Cc", "Delivered_To", "X_Original_To"):
        assert one(mail("x", **{header: f'"Bad" <{at_job.upper()}>'})).token == "abcdefgh234567"
    assert one(mail("x", To="andere+abcdefgh234567@berger.example")).token == ""


# --- Machines ----------------------------------------------------------------------------------------------------

MACHINES: list[dict[str, str]] = [
    {"Auto_Submitted": "auto-replied"},
    {"Auto_Submitted": "auto-generated; type=x"},
    {"X_Auto_Response_Suppress": "OOF"},
    {"Precedence": "bulk"},
    {"Precedence": "Junk"},
    {"Precedence": "list"},
    {"List_Id": "<liste.example>"},
    {"Return_Path": "<>"},
    {"Return_Path": "< >"},
    {"X_Autoreply": "yes"},
    {"From": "noreply@kunde.example"},
    {"From": "MAILER-DAEMON@kunde.example"},
    {"From": ADDRESS},
    {"From": plus_address(ADDRESS, "abcdefgh")},
    {"Message_ID": OWN_ID},
    {"Subject": "Automatische Antwort: Bad"},
    {"Subject": "=?utf-8?q?Abwesenheitsnotiz?="},
]


@pytest.mark.parametrize("headers", MACHINES)
def test_machines_are_known_so_that_nothing_answers_them(headers: dict[str, str]) -> None:
    assert one(mail("Ich bin nicht da.", In_Reply_To=OWN_ID, **headers)).automatic


@pytest.mark.parametrize(
    "headers",
    [{}, {"Auto_Submitted": "no"}, {"Precedence": "normal"}, {"Return_Path": "<petra@kunde.example>"}],
)
def test_people_are_people(headers: dict[str, str]) -> None:
    assert not one(mail("Ja", **headers)).automatic


def test_our_own_mail_coming_back_is_its_trace() -> None:
    (echo,) = events(mail("Welche Fuge?", From=ADDRESS, To="petra@kunde.example", Message_ID=OWN_ID))
    assert isinstance(echo, Echo)
    assert (echo.foreign_id, echo.opaque, echo.to) == (OWN_ID, OWN, (PETRA,))


def test_a_forged_sender_is_not_believed() -> None:
    assert not one(
        mail("x", Authentication_Results="mx.berger.example; spf=fail; dmarc=fail header.from=kunde.example")
    ).verified
    assert one(mail("x", Authentication_Results="mx.berger.example; spf=pass; dmarc=pass")).verified
    assert not one(mail("Überweisen Sie", From=ADDRESS)).verified
    ours_on_top = b"Authentication-Results: mx.berger.example; dmarc=fail\r\n"
    assert not one(ours_on_top + mail("x", Authentication_Results="evil.example; dmarc=pass")).verified


# --- Bounces -----------------------------------------------------------------------------------------------------


def report(status: str, words: str, action: str = "failed", returned: str = OWN_ID, **headers: str) -> bytes:
    fields = (
        f"Reporting-MTA: dns; mx.example\n\nFinal-Recipient: rfc822; petra@kunde.example\nAction: {action}\n"
    )
    body = parts(
        "Content-Type: text/plain\n\nLeider",
        f"Content-Type: message/delivery-status\n\n{fields}Status: {status}\nDiagnostic-Code: smtp;\n {words}\n",
        f"Content-Type: message/rfc822\n\nFrom: {ADDRESS}\nMessage-ID: {returned}\nSubject: Bad\n\nWelche Fuge?",
    )
    kind = 'multipart/report; report-type=delivery-status; boundary="=_x"'
    return mail(body, kind=kind, **{"From": "MAILER-DAEMON@mx.example", "Return_Path": "<>", **headers})


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        ("5.1.1", "550 5.1.1 No such user", "mail.address_unknown"),
        ("5.0.0", "550 User unknown", "mail.address_unknown"),
        ("5.2.2", "552 5.2.2 Over quota", "mail.mailbox_full"),
        ("5.3.4", "552 5.3.4 Too big", "mail.too_large"),
        ("5.7.1", "550 5.7.1 Spam", "mail.policy"),
        ("4.4.7", "delivery time expired", "mail.not_delivered"),
    ],
)
def test_a_bounce_is_the_fate_of_our_mail(status: str, words: str, reason: str) -> None:
    (fate,) = events(report(status, words))
    assert isinstance(fate, StatusUpdate)
    assert (fate.foreign_id, fate.status, fate.opaque) == (OWN_ID, Status.FAILED, OWN)
    assert isinstance(fate.failure, Permanent)
    assert (fate.failure.code, fate.error_code) == (reason, status)


@pytest.mark.parametrize(
    ("action", "status"),
    [
        ("delayed", Status.SENT),
        ("relayed", Status.SENT),
        ("delivered", Status.DELIVERED),
        ("Failed", Status.FAILED),
    ],
)
def test_other_reports_say_no_more_than_they_know(action: str, status: Status) -> None:
    (fate,) = events(report("4.0.0", "x", action=action))
    assert isinstance(fate, StatusUpdate)
    assert fate.status is status


def test_reports_of_other_mails_touch_none_of_ours() -> None:
    (unknown,) = events(report("5.1.1", "550", returned="<x@y.example>"))
    assert isinstance(unknown, UnknownEvent)
    assert unknown.topic == "mail.report"
    (unknown,) = events(report("5.1.1", "550", action="tanzt"))
    assert isinstance(unknown, UnknownEvent)


def test_a_refusal_in_nobodys_format_is_believed_with_a_code() -> None:
    text = f"<petra@kunde.example>:\n550 5.1.1 unknown user\n\n--- Below is a copy\n\nMessage-ID: {OWN_ID}\n"
    (fate,) = events(mail(text, From="MAILER-DAEMON@mx.example"))
    assert isinstance(fate, StatusUpdate)
    assert (fate.status, fate.foreign_id) == (Status.FAILED, OWN_ID)
    assert isinstance(fate.failure, Permanent)
    assert fate.failure.code == "mail.address_unknown"
    assert one(mail(text)).text.startswith("<petra@kunde.example>")  # a person who says so is a person
    assert one(mail("Später noch einmal", From="MAILER-DAEMON@mx.example", In_Reply_To=OWN_ID)).automatic


def test_a_receipt_of_reading_is_believed() -> None:
    fields = f"Original-Message-ID: {OWN_ID}\nDisposition: manual-action/MDN-sent-manually; displayed\n"
    body = parts(f"Content-Type: message/disposition-notification\n\n{fields}")
    kind = 'multipart/report; report-type=disposition-notification; boundary="=_x"'
    (fate,) = events(mail(body, kind=kind))
    assert isinstance(fate, StatusUpdate)
    assert (fate.status, fate.foreign_id) == (Status.READ, OWN_ID)


# --- Once --------------------------------------------------------------------------------------------------------


def test_the_same_mail_is_the_same_whichever_way_it_came() -> None:
    one_way = one(mail("x"))
    other = one(mail("x", Received="by other.example; Fri, 20 Nov 2026 12:09:00 +0000", Delivered_To=ADDRESS))
    assert other.key == one_way.key
    assert one(mail("y")).key != one_way.key  # two mails with one Message-ID: neither is lost
    assert one(mail("x", Message_ID="")).key != one_way.key
    assert one(mail("x", Message_ID="")).key == one(mail("x", Message_ID="")).key


def test_times_are_believed_within_reason() -> None:
    assert one(mail(Date="Thu, 01 Jan 1970 00:00:00 +0000")).sent_at == datetime(
        2026, 11, 20, 12, 0, 5, tzinfo=UTC
    )
    assert one(mail(Date="Fri, 20 Nov 2026 23:00:00 +0000")).sent_at == datetime(
        2026, 11, 20, 12, 0, 5, tzinfo=UTC
    )
    assert one(mail(Date="Fri, 20 Nov 2026 13:30:00 +0200")).sent_at == datetime(
        2026, 11, 20, 11, 30, tzinfo=UTC
    )
    assert one(mail(Date="gestern", Received="")).sent_at == UNDATED
    assert one(mail(Date="Fri, 99 Nov 99999 99:99:99 +9999", Received="x")).sent_at == UNDATED


# --- Broken and hostile ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "charset", "cte", "text"),
    [
        ("Größe".encode("latin-1"), "iso-8859-1", "8bit", "Größe"),
        ("Größe".encode(), "us-ascii", "8bit", "Größe"),
        ("Größe".encode(), "iso-8859-1", "8bit", "Größe"),
        ("Größe".encode("cp1252"), "utf-8", "8bit", "Größe"),
        ("Größe".encode("cp1252"), "x-unbekannt", "8bit", "Größe"),
        ("„Größe“ – 5 €".encode("cp1252"), "iso-8859-1", "8bit", "„Größe“ – 5 €"),
        ("Größe".encode("utf-16"), "utf-16", "8bit", "Größe"),
        (b"Gr=C3=B6=C3=9Fe=\r\n!", "utf-8", "quoted-printable", "Größe!"),
        (b"Gr=F6=DFe =ZZ=", "iso-8859-1", "Quoted-Printable", "Größe =ZZ"),
        (base64.b64encode("Größe".encode()), "utf-8", "BASE64", "Größe"),
        (b"R3LDtsOfZQ", "utf-8", "base64", "Größe"),
        (b"!!R3LDtsO*fZQ==\r\n????", "utf-8", "base64", "Größe"),
        (b"R3LDtsOfZ", "utf-8", "base64", "Größ"),
        (b"a\0b\x07c", "utf-8", "8bit", "abc"),
        (b"+2AA-x", "utf-7", "8bit", "\ufffdx"),
        (b"x", "idna", "8bit", "x"),
        (b"x", "rot13", "8bit", "x"),
        (b"x", "unicode_escape", "8bit", "x"),
        (b"x", "'\"", "8bit", "x"),
        (b"x", "utf-8", "x-uuencode", "x"),
    ],
)
def test_charsets_broken_on_purpose_still_read(body: bytes, charset: str, cte: str, text: str) -> None:
    assert one(mail(body, cte=cte, kind=f"text/plain; charset={charset}")).text == text


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("=?utf-8?q?Gr=C3=B6=C3=9Fe?=", "Größe"),
        ("=?utf-8?b?R3LDtsOfZQ==?= =?utf-8?q?_hier?=", "Größe hier"),
        ("=?x-unbekannt?q?Gr=F6=DFe?=", "Größe"),
        ("a =?utf-8?b?####?=", "a"),
        ("=?utf-8?q?a=0D=0ABcc:_x@y?=", "a Bcc: x@y"),
        ("Größe", "Größe"),
        ("=?utf-8?q?" + "x" * 900, "=?utf-8?q?" + "x" * 290),
        ("=?utf-7?q?+2AA-?=", "\ufffd"),
    ],
)
def test_subjects_broken_on_purpose_still_read(subject: str, shown: str) -> None:
    assert one(mail(Subject=subject)).subject == shown


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "Petra",
        "<>",
        "a@b.example, c@d.example",
        "undisclosed-recipients:;",
        "a@b.example\r\nFrom: c@d.example",
        "@",
        "(((" * 300,
    ],
)
def test_without_one_sender_it_is_kept_as_unknown(sender: str) -> None:
    (event,) = events(mail(From=sender))
    assert isinstance(event, UnknownEvent)
    assert event.topic == "mail.no_sender"


def test_a_name_with_an_address_in_it_is_a_name() -> None:
    message = one(mail(From='"chef@bank.example" <petra@kunde.example>'))
    assert (message.sender, message.profile_name) == ((PETRA,), "chef@bank.example")
    hidden = "=?utf-8?q?chef=40bank.example_=3Cchef=40bank.example=3E?= <petra@kunde.example>"
    assert one(mail(From=hidden)).sender == (PETRA,)


def nested(depth: int) -> bytes:
    body = b"Content-Type: text/plain\r\n\r\nganz innen"
    for level in range(depth):
        edge = f"=_{level}".encode()
        body = (
            b'Content-Type: multipart/mixed; boundary="'
            + edge
            + b'"\r\n\r\n--'
            + edge
            + b"\r\n"
            + body
            + b"\r\n--"
            + edge
            + b"--"
        )
    return mail(b"", kind="").rstrip(b"\r\n") + b"\r\n" + body


def test_nesting_is_followed_so_far_and_no_farther() -> None:
    assert one(nested(5)).text == "ganz innen"
    message = one(nested(2_000))
    assert message.text.endswith(CUT)
    assert "ganz innen" not in message.text or len(message.text) <= 20_100


def test_a_thousand_parts_are_cut_with_a_word() -> None:
    raw = mail(parts(TEXT, *[attached(JPEG, name=f"{n}.jpg") for n in range(1_000)]), kind=MIXED)
    messages = said(raw)
    assert len(messages) == 60
    assert messages[0].text == f"Sehen Sie selbst.\n{CUT}"


def test_a_mail_of_which_we_hold_the_beginning_says_so() -> None:
    raw = CUT_HEADER + b"99999999\r\n" + mail(parts(TEXT, attached(BIG_JPEG)), kind=MIXED)[:-900]
    message = one(raw)
    assert message.text == f"Sehen Sie selbst.\n{CUT}"
    assert message.media


def test_a_long_text_is_cut_with_a_word() -> None:
    assert one(mail("wort " * 10_000)).text.endswith(CUT)


@pytest.mark.parametrize(
    ("part", "kind", "name"),
    [
        (b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR", "document", "Termin.ics"),
        (attached(b"\x78\x9f\x3e\x22x", "application/ms-tnef", "winmail.dat"), "document", "winmail.dat"),
        (b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nSTOP", "document", "Nachricht.eml"),
        (attached(b"ID3x", "audio/mpeg", "a.mp3"), "audio", "a.mp3"),
        (attached(b"x", "video/mp4", "../../etc/pass\twd.mp4"), "video", "etc_pass_wd.mp4"),
        (b"Content-Type: text/plain; name=liste.txt\r\nContent-Disposition: attachment\r\n\r\nSTOP", "document", "liste.txt"),
        (b"Content-Type: ///;;;===\r\nContent-Disposition: attachment; filename*=utf-8''Gr%C3%B6%C3%9Fe.bin\r\n\r\nx", "document", "Größe.bin"),
    ],
)  # fmt: skip
def test_every_kind_of_file_has_its_name(part: bytes, kind: str, name: str) -> None:
    (message,) = said(mail(parts(TEXT, part), kind=MIXED))
    assert message.media
    assert (message.kind.value, message.media.name, message.text) == (kind, name, "Sehen Sie selbst.")


def test_a_logo_in_a_signature_is_no_photo_and_a_photo_in_a_page_is() -> None:
    def page(data: bytes) -> bytes:
        image = (
            b"Content-Type: image/png\r\nContent-ID: <l>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
            + base64.encodebytes(data)
        )
        return mail(
            parts(b"Content-Type: text/html\r\n\r\nJa<img src='cid:l'>", image),
            kind='multipart/related; boundary="=_x"',
        )

    assert one(page(PNG[:5_000])).media is None
    assert one(page(PNG)).media is not None


def test_an_empty_body_is_only_a_place() -> None:
    assert CHANNEL.parse(b"") == []
    assert CHANNEL.parse(b" \r\n") == []


HOSTILE: dict[str, bytes] = {
    "boundary in every line": mail(b"--x y\r\n" * 300_000, kind="multipart/mixed; boundary=x"),
    "half a million parts": mail(b"--x\r\n\r\n" * 300_000, kind="multipart/mixed; boundary=x"),
    "ten megabytes of header": mail(b"", Subject="x" * 10_000_000),
    "a million headers": b"A: b\r\n" * 500_000 + mail(),
    "endless folding": b"Subject: a\r\n" + b" a\r\n" * 500_000 + b"From: a@b.example\r\n\r\nx",
    "quotes in the type": mail(b"", kind='text/plain; a="' + ';\\"' * 100_000),
    "encoded words": mail(Subject="=?a?q?" * 100_000),
    "addresses": mail(To="a@b.example," * 100_000, From="(" * 50_000),
    "open tags": mail("<div>" * 200_000, kind="text/html"),
    "open brackets": mail("<" * 500_000, kind="text/html"),
    "open comments": mail("<!--" * 100_000 + "<![x" * 1000, kind="text/html"),
    "attributes": mail("<a " + "a=" * 200_000, kind="text/html"),
    "entities": mail("&" * 400_000 + "&#" * 100_000, kind="text/html"),
    "quoted lines": mail("> x\n" * 200_000),
    "attribution": mail("Am 1 " + "x " * 200_000 + "schrieb"),
    "attribution lines": mail("Am 1\n" * 100_000),
    "dashes": mail("-" * 500_000),
    "underscores": mail(("_" * 5_000 + "x\n") * 100),
    "message ids": mail(References="<zollstock." * 100_000),
    "nested": nested(5_000),
    "thirty megabytes of marks": mail(b"--x y\r\n" * 4_000_000, kind="multipart/mixed; boundary=x"),
    "thirty megabytes of empty lines": mail(b"\n" * 30_000_000),
    "one line of thirty megabytes": mail("ä" * 15_000_000),
    "base64 of nothing": mail(b"=" * 30_000_000, cte="base64"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_mail_ends_soon_in_an_event(name: str) -> None:
    assert CHANNEL.parse(HOSTILE[name])  # what is quadratic here would take minutes


SEEDS = [mail("Ja"), mail(parts(TEXT, attached(JPEG)), kind=MIXED), report("5.1.1", "550 x"), nested(3)]


@given(st.binary(max_size=600), st.integers(0, 3), st.integers(0, 10_000), st.integers(0, 2**32))
@settings(max_examples=300, deadline=None)
def test_parse_is_total(garbage: bytes, seed: int, place: int, chance: int) -> None:
    raw = bytearray(SEEDS[seed])
    place %= len(raw)
    raw[place : place + random.Random(chance).randrange(20)] = garbage
    told = CHANNEL.parse(bytes(raw))
    for event in told:
        _storable(event)
    assert CHANNEL.parse(garbage) is not None


def _storable(event: Any) -> None:
    assert len(event.key) <= 300
    if isinstance(event, InboundMessage):
        assert 0 < len(event.foreign_id) <= 200
        assert len(event.profile_name) <= 200
        for words in (event.text, event.subject, event.profile_name, event.media.name if event.media else ""):
            assert "\0" not in words
            words.encode()


def test_words_and_pages_never_raise() -> None:
    for text in ("", "\n", ">", "-- ", "\ufdd0", "<", "<![", "<!x", "</", "&#x110000;", "<a b='"):
        assert isinstance(new_words(page_text(text)), str)
    assert new_id() != new_id()
