"""Drafts become mails: text and page alike, threads by our own Message-IDs, and no way to slip in a header."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.channels.email.plan import html_of, message
from server.channels.email.settings import mailbox
from server.domain.channels import Blocked, Draft, Step
from server.domain.choices import Choice
from server.domain.identities import Identity, IdentityKind
from server.domain.mail import (
    answer_token,
    intent_of_token,
    intents_in,
    is_address,
    plus_address,
    plus_token,
)
from server.ids import new_id
from tests.channels.lines import CHOICES, JPEG, NOON, draft, picture
from tests.channels.mails import ADDRESS, PETRA, SETTINGS, offline

LINK = "https://betrieb.example/a/abc"
AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def plan(said: Draft, to: Identity = PETRA, **settings: str) -> list[Step]:
    steps = offline(**settings).plan(said, to, NOON, None)
    assert not isinstance(steps, Blocked), steps
    return steps


def raw(step: Step, **settings: str) -> bytes:
    box = mailbox({**SETTINGS, **settings}, {})
    return message(step.call, box, [JPEG] * len(step.call["pictures"]), at=AT)


def read(step: Step, **settings: str) -> EmailMessage:
    made = message_from_bytes(raw(step, **settings), policy=default)
    assert isinstance(made, EmailMessage)
    assert not made.defects
    return made


def words(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_question_with_photos_is_one_mail() -> None:
    said = draft("Welche Fuge?", 2, choices=CHOICES, answer_link=LINK, subject="Bad Müller [A-17]")
    (step,) = plan(said)
    mail = read(step)
    assert (mail["Subject"], mail["To"], mail["Date"]) == (
        "Bad Müller [A-17]",
        "petra@kunde.example",
        "Fri, 20 Nov 2026 12:00:00 +0000",
    )
    assert mail["From"] == f"Malerbetrieb Berger <{ADDRESS}>"
    assert mail["Message-ID"] == f"<zollstock.{said.intent_ids[0]}@berger.example>"
    assert words(mail).strip() == f"Welche Fuge?\n\n1) Weiß\n2) Manhattan\n\n{LINK}" == step.text
    assert f'<a href="{LINK}">{LINK}</a>' in words(mail, "html")
    files = [(part.get_filename(), part.get_content()) for part in mail.iter_attachments()]
    assert files == [("Zollstock-17-1.jpg", JPEG), ("Zollstock-17-2.jpg", JPEG)]
    assert (mail["Auto-Submitted"], mail["Reply-To"], mail["In-Reply-To"]) == (None, None, None)


def test_choices_stand_before_the_signature_the_text_brings() -> None:
    (step,) = plan(draft("Welche?\n-- \nBerger\nSTOP beendet.", choices=CHOICES, answer_link=LINK))
    assert step.text == f"Welche?\n\n1) Weiß\n2) Manhattan\n\n{LINK}\n-- \nBerger\nSTOP beendet."


def test_the_page_is_the_text_escaped() -> None:
    page = html_of('<img src=x onerror="a()"> & "b"\nhttps://a.example/?x=1&y=<b>. Ende')
    assert "<img" not in page
    assert "&lt;img src=x onerror=&quot;a()&quot;&gt; &amp;" in page
    assert '<a href="https://a.example/?x=1&amp;y=">' in page
    assert "javascript" not in html_of("javascript:alert(1) data:text/html,x").partition("<body>")[0]
    assert "<a " not in html_of("javascript:alert(1) data:text/html,x")


def test_an_answer_hangs_on_its_thread() -> None:
    thread = ("<first@kunde.example>0123456789abcdef01234567", *(f"<m{n}@k.example>" for n in range(20)))
    said = draft("Ja", quote="<last@kunde.example>00aa#2", thread=thread, subject="Frage")
    mail = read(plan(said)[0])
    chain = str(mail["References"]).split()
    assert (mail["In-Reply-To"], mail["Subject"]) == ("<last@kunde.example>", "Re: Frage")
    assert (chain[0], chain[-1], len(chain)) == ("<first@kunde.example>", "<last@kunde.example>", 10)
    again = read(plan(replace(said, subject="AW: Frage"))[0])
    assert again["Subject"] == "AW: Frage"


def test_too_many_photos_for_one_mail_follow_numbered() -> None:
    said = replace(
        draft("Alle vier", 4, subject="Bad"),
        pictures=tuple(picture(n, size_bytes=4_000_000) for n in range(4)),
    )
    first, second = plan(said)
    assert [len(step.call["pictures"]) for step in (first, second)] == [2, 2]
    assert (first.call["subject"], second.call["subject"]) == ("Bad (1 von 2)", "Bad (2 von 2)")
    assert (first.text, second.text) == ("Alle vier", "Weitere Fotos (2 von 2).")
    assert second.call["references"] == [first.call["message_id"]]
    assert [first.intent_id, second.intent_id] == list(said.intent_ids[:2])
    assert [first.picture, second.picture] == [said.pictures[0], said.pictures[2]]


@given(st.lists(st.integers(1, 10_000_000), max_size=8))
@settings(max_examples=60, deadline=None)
def test_every_photo_leaves_once_in_order_and_no_mail_is_too_heavy(sizes: list[int]) -> None:
    said = replace(
        draft("x", len(sizes)), pictures=tuple(picture(n, size_bytes=size) for n, size in enumerate(sizes))
    )
    steps = plan(said)
    sent = [one["ref"] for step in steps for one in step.call["pictures"]]
    weigh = dict(zip(sent, sizes, strict=True))
    assert sent == [one.ref for one in said.pictures]
    assert all(sum(weigh[one["ref"]] for one in step.call["pictures"]) <= 10_000_000 for step in steps)
    assert len(steps) <= len(said.intent_ids)


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (draft(), "draft.empty"),
        (draft("", 1, choices=CHOICES), "text.missing"),
        (draft("x" * 20_001), "text.too_long"),
        (replace(draft("", 1), pictures=(picture(mime="image/webp"),)), "picture.kind"),
        (replace(draft("", 1), pictures=(picture(size_bytes=10_000_001),)), "picture.too_large"),
    ],
)
def test_what_cannot_be_said_is_blocked(said: Draft, code: str) -> None:
    blocked = offline().plan(said, PETRA, NOON, None)
    assert isinstance(blocked, Blocked)
    assert blocked.code == code


NO_ADDRESSES = [
    "petra",
    "@kunde.example",
    "petra@",
    "petra@kunde.example\r\nBcc: x@y.example",
    "petra@kunde.example\n",
    "a b@kunde.example",
    "<petra@kunde.example>",
    "petra@kunde.example,x@y.example",
    "petra@kunde.example> SIZE=1",
    '"a b"@kunde.example',
    "müller@kunde.example",
    "petra@kunde..example",
    "petra@" + "ä" * 100 + ".example",
]


@pytest.mark.parametrize("address", NO_ADDRESSES)
def test_an_odd_address_never_leaves(address: str) -> None:
    to = Identity(IdentityKind.EMAIL, address)
    steps = offline().plan(draft("Hallo"), to, NOON, None)
    if isinstance(steps, list):  # only blanks at the ends may be forgiven
        assert steps[0].call["to"] == address.strip()
    else:
        assert steps == Blocked("mail.address_unusable")
    assert offline().plan(draft("Hallo"), Identity(IdentityKind.PHONE, "+49171"), NOON, None) == Blocked(
        "mail.address_unusable"
    )


def test_an_address_with_umlauts_travels_in_ascii() -> None:
    (step,) = plan(draft("Hallo"), Identity(IdentityKind.EMAIL, "info@Müller.example"))
    assert step.call["to"] == "info@xn--mller-kva.example"


EVIL = st.text(
    st.one_of(
        st.sampled_from('\r\n\t\0\x0b\x0c\x1c\x85\u2028\u2029:;,<>@"\\=?äß€🔧'),
        st.characters(codec=None),
    ),
    max_size=120,
)
HEADERS = {
    "date", "from", "to", "reply-to", "subject", "message-id", "in-reply-to", "references", "content-type",
    "mime-version", "auto-submitted", "x-auto-response-suppress",
}  # fmt: skip


@given(EVIL, EVIL, EVIL, EVIL, st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_word_becomes_a_header(subject: str, name: str, text: str, file: str, automatic: bool) -> None:
    shown = (replace(picture(), name=file),)
    said = replace(draft(text + "x", 1, subject=subject, automatic=automatic), pictures=shown)
    steps = offline(sender_name="").plan(said, PETRA, NOON, None)
    assert isinstance(steps, list)
    box = replace(mailbox(SETTINGS, {}), sender_name=name)
    made = message(steps[0].call, box, [JPEG], at=AT)
    assert made.isascii()
    assert all(len(line) <= 998 for line in made.split(b"\r\n"))
    assert b"\n" not in made.replace(b"\r\n", b"") and b"\r" not in made.replace(b"\r\n", b"")
    head = made.partition(b"\r\n\r\n")[0].decode()
    names = [line.partition(":")[0].lower() for line in head.split("\r\n") if line[:1] not in " \t"]
    assert set(names) <= HEADERS
    assert len(names) == len(set(names))
    assert ("auto-submitted" in names) is automatic
    mail = message_from_bytes(made, policy=default)
    assert mail["From"].addresses[0].addr_spec == ADDRESS
    assert [one.addr_spec for one in mail["To"].addresses] == ["petra@kunde.example"]


def test_a_long_umlaut_subject_and_name_come_back_whole() -> None:
    subject = "Rückfrage zur Fuge im Bad: hellgrau oder anthrazit, größere Fläche " * 2
    mail = read(plan(draft("x", subject=subject))[0], sender_name='Müller & "Söhne" GmbH')
    assert str(mail["Subject"]) == subject[:150].strip()
    assert mail["From"].addresses[0].display_name == 'Müller & "Söhne" GmbH'


def test_an_automatic_mail_says_so() -> None:
    mail = read(plan(draft("Wir sind ab Montag da.", automatic=True))[0])
    assert (mail["Auto-Submitted"], mail["X-Auto-Response-Suppress"]) == ("auto-generated", "All")


def test_with_plus_addresses_the_answer_names_its_question() -> None:
    said = draft("Welche?")
    mail = read(plan(said, plus="ja")[0])
    reply = str(mail["Reply-To"])
    assert intent_of_token(plus_token(ADDRESS, reply)) == said.intent_ids[0]


def test_tokens_and_ids_come_back_whatever_servers_do_to_case() -> None:
    intent = new_id()
    reply = plus_address("Post@Berger.example", answer_token(intent))
    assert is_address(reply)
    for received in (reply, reply.upper(), f" {reply} "):
        assert intent_of_token(plus_token("post@berger.example", received)) == intent
    assert plus_token("post@berger.example", "post+abcdefgh@berger.example") == "abcdefgh"
    assert intent_of_token("abcdefgh") is None
    for other in (
        "post@berger.example",
        "post+x@berger.example",
        "post+abcdefgh@evil.example",
        "xpost+abcdefgh@berger.example",
    ):
        assert plus_token("post@berger.example", other) == ""
    with pytest.raises(ValueError, match="token"):
        plus_address("a@b.example", "zwei wörter")
    own = f"x <zollstock.{intent}@BERGER.example> <zollstock.{intent}@evil.example>"
    assert intents_in(own, "post@berger.example") == [intent]


def test_a_step_with_choices_needs_no_buttons() -> None:
    (step,) = plan(draft("Was?", choices=(Choice("q:a", "Ein Titel, viel zu lang für Knöpfe"),)))
    assert re.search(r"\n1\) Ein Titel", step.text)
