"""When was it said? The order of a ledger whose lines come late, from phones with clocks of their own."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations, product
from typing import Any
from uuid import UUID

import pytest

from server.domain.consent_items import SyncConsent, check_uncoupled
from server.domain.consents import (
    ANY,
    Consent,
    ConsentVerb,
    Proof,
    Purpose,
    Word,
    may_share,
    overtaken_by,
    word_of,
    wording_hash,
)
from server.domain.errors import Invalid
from server.domain.evidence import Span, said_within
from server.domain.items import content_hash
from server.domain.sync import read_item
from server.domain.wordings import for_channel, for_phones

NINE = datetime(2026, 11, 26, 9, tzinfo=UTC)
ID = UUID("019aa000-0000-7000-8000-0000000000e1")
CONTACT = UUID("019aa000-0000-7000-8000-0000000000c1")
GIVE, TAKE, REST = ConsentVerb.GRANTED, ConsentVerb.WITHDRAWN, ConsentVerb.SUSPENDED
WORDS = {GIVE: Word.GIVEN, TAKE: Word.WITHDRAWN, REST: Word.SUSPENDED}


def at(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


def line(
    verb: ConsentVerb,
    span: Span,
    number: int = 1,
    channel: str = "whatsapp",
    purpose: Purpose = Purpose.SERVICE,
) -> Consent:
    when = span.counts_at(verb)
    return Consent(
        id=UUID(int=number), company_id=ID, contact_id=CONTACT, channel=channel, purpose=purpose, verb=verb,
        wording="Ja", wording_hash=wording_hash("Ja"), proof=Proof.SPOKEN, proof_ref="", giver="Petra",
        recorded_by=None, at=when, local_time="",
    )  # fmt: skip


def said(minute: float, *, clock_off: float = 0, mended: bool = False) -> Span:
    """Return the span of something truly said then, by a phone whose clock is off (and perhaps put right since)."""
    ahead = [timedelta(minutes=-clock_off), timedelta(minutes=0 if mended else -clock_off)]
    shown, came = at(-60), at(600)
    return said_within(at(minute + clock_off), ahead=ahead, shown_at=shown, received_at=came)


@pytest.mark.parametrize("clock_off", [0, 3, -3, 600, -600, 5_000_000, -5_000_000])
@pytest.mark.parametrize("mended", [False, True])
def test_what_was_said_lies_within_its_span(clock_off: float, mended: bool) -> None:
    for minute in (0, 17, 590):
        span = said(minute, clock_off=clock_off, mended=mended)
        assert at(-60) <= span.earliest <= at(minute) <= span.latest <= at(600)
        if not mended:
            assert span == Span(at(minute), at(minute))


def test_without_a_clock_it_is_everything_between_showing_and_arrival() -> None:
    assert said_within(at(5), ahead=[], shown_at=at(0), received_at=at(9)) == Span(at(0), at(9))
    assert said_within(at(5), ahead=[], shown_at=None, received_at=at(9)).latest == at(9)
    # A phone that claims to have been shown tomorrow's words gains nothing by it.
    assert said_within(at(5), ahead=[], shown_at=at(99), received_at=at(9)) == Span(at(9), at(9))
    far = timedelta(days=4_000_000)
    assert said_within(at(5), ahead=[far, -far], shown_at=at(0), received_at=at(9)) == Span(at(0), at(9))


def test_every_order_of_arrival_gives_the_same_word_and_it_is_the_last_said() -> None:
    """All sequences of up to four words, in every order of arrival: 120 stories, 24 arrivals each."""
    stories = [story for length in (1, 2, 3, 4) for story in product((GIVE, TAKE, REST), repeat=length)]
    for story in stories:
        ledger = [line(verb, said(number * 10), number) for number, verb in enumerate(story, 1)]
        answers = {word_of(arrived, "whatsapp", Purpose.SERVICE) for arrived in permutations(ledger)}
        assert answers == {WORDS[story[-1]]}, story


def test_a_wrong_clock_never_opens_what_was_closed_later() -> None:
    """Consent said first, withdrawal after it: whatever the phones' clocks did, nothing but closed comes out."""
    clocks = [(off, mended) for off in (0, 45, -45, 600, -600) for mended in (False, True)]
    for (give_off, give_mended), (take_off, take_mended) in product(clocks, repeat=2):
        given = line(GIVE, said(10, clock_off=give_off, mended=give_mended), 2)
        taken = line(TAKE, said(20, clock_off=take_off, mended=take_mended), 1)
        for arrived in permutations([given, taken]):
            assert word_of(arrived, "whatsapp", Purpose.SERVICE) is Word.WITHDRAWN


def test_consent_after_a_withdrawal_counts_only_when_that_is_sure() -> None:
    stopped = line(TAKE, Span(at(10), at(10)), 1)
    sure = line(GIVE, said(20), 2)
    doubtful = line(GIVE, said(20, clock_off=120, mended=True), 3)
    same_moment = line(GIVE, Span(at(10), at(10)), 4)
    assert word_of([sure, stopped], "whatsapp", Purpose.SERVICE) is Word.GIVEN
    # Two hours fast and right again when it came: by both it was said after the withdrawal.
    assert word_of([stopped, doubtful], "whatsapp", Purpose.SERVICE) is Word.GIVEN
    # Two hours slow: by one of the two it was said before.
    slow = line(GIVE, said(20, clock_off=-120, mended=True), 5)
    assert slow.at < stopped.at
    assert word_of([stopped, slow], "whatsapp", Purpose.SERVICE) is Word.WITHDRAWN
    assert word_of([stopped, same_moment], "whatsapp", Purpose.SERVICE) is Word.WITHDRAWN
    assert word_of([same_moment, stopped], "whatsapp", Purpose.SERVICE) is Word.WITHDRAWN


def test_a_word_about_everything_ends_what_arrives_after_it() -> None:
    job, partner = UUID(int=7), UUID(int=8)
    stop = line(TAKE, said(30), 1)
    everything = line(TAKE, said(30), 2, ANY)
    shared = replace(line(GIVE, said(20), 3, ANY, Purpose.THIRD_PARTY), job_id=job, partner_id=partner)
    assert may_share([stop, shared], job, partner)  # the line alone does not know
    assert overtaken_by([stop], shared) == stop
    assert overtaken_by([stop], line(GIVE, said(20), 4, "telegram")) is None
    assert overtaken_by([everything], line(GIVE, said(20), 4, "telegram")) == everything
    assert overtaken_by([everything, stop], line(GIVE, said(40), 4, "telegram")) is None
    assert overtaken_by([line(REST, said(30), 5)], shared) is None


def body(**changes: Any) -> dict[str, Any]:
    text = for_channel(company="Fliesen Berger", channel="whatsapp", number="+4915123456789")
    words = [{"channel": "whatsapp", "purpose": "service", "text": text, "sha256": wording_hash(text)}]
    return {
        "kind": "consent", "contact": str(CONTACT), "job": None, "captured_at": "2026-11-26T10:42:00+01:00",
        "verb": "granted", "words": words, "number": "+4915123456789", "proof": "spoken", "how": "gesagt zu Ali",
        "shown_at": "2026-11-26T09:00:00Z", "shown_ahead_ms": 0,
    } | changes  # fmt: skip


def test_a_consent_is_read_whole() -> None:
    item = read_item(ID, body())
    assert isinstance(item, SyncConsent)
    assert (item.verb, item.words[0].purpose, item.shown_at) == (GIVE, Purpose.SERVICE, at(0))
    assert content_hash(item) == content_hash(read_item(ID, body()))
    assert content_hash(item) != content_hash(read_item(ID, body(how="gesagt zu Bea")))
    taken = read_item(ID, body(verb="withdrawn", words=[], how="", shown_at="", shown_ahead_ms=None))
    assert isinstance(taken, SyncConsent) and taken.words == () and taken.shown_ahead == []


SPOKEN = body()["words"][0]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"contact": None}, "item.id"),
        ({"words": []}, "consent.no_words"),
        ({"words": [SPOKEN | {"text": "", "sha256": ""}]}, "consent.no_words"),
        ({"words": [SPOKEN | {"sha256": "0" * 64}]}, "consent.words_damaged"),
        ({"words": [SPOKEN | {"colour": "red"}]}, "item.unknown_field"),
        ({"words": [SPOKEN, SPOKEN | {"purpose": "advertising"}]}, "consent.coupled"),
        ({"shown_at": ""}, "consent.no_words"),
        ({"how": ""}, "consent.proof_missing"),
        ({"verb": "suspended"}, "item.word"),
        ({"proof": "inbound_message"}, "consent.proof_kind"),
        ({"proof": "signature"}, "consent.signature"),
        ({"signature": "QUJD", "size": 3, "sha256": "0" * 64, "mime": "image/png"}, "consent.signature"),
        ({"proof": "signature", "signature": "QUJD", "size": 3, "sha256": "0" * 64, "mime": "image/png"}, "consent.signature"),
        ({"signature": "!"}, "item.signature"),
        ({"shown_ahead_ms": 10**15}, "item.type"),
    ],
)  # fmt: skip
def test_what_is_no_consent_is_refused_by_name(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_item(ID, body(**changes))
    assert refused.value.code == code


def test_service_never_comes_with_anything_else() -> None:
    check_uncoupled([Purpose.SERVICE, Purpose.PHOTOS])
    for other in (Purpose.ADVERTISING, Purpose.REFERENCE, Purpose.THIRD_PARTY):
        check_uncoupled([other])
        with pytest.raises(Invalid, match="coupled"):
            check_uncoupled([Purpose.SERVICE, other])


def test_a_phone_fills_in_the_same_words() -> None:
    kept = for_phones(
        company="Fliesen Berger", channels=["whatsapp", "telegram"], partners=[(ID, "Blitz GmbH", "")]
    )
    whatsapp = kept.channels[0]
    filled = whatsapp.service.replace("{number}", "+4915123456789")
    assert filled == for_channel(company="Fliesen Berger", channel="whatsapp", number="+4915123456789")
    assert kept.channels[1].instead == "mein Konto dort" and "ihre Arbeit" in kept.partners[0].sharing
    other = for_phones(company="Fliesen Berger", channels=["whatsapp"], partners=[])
    assert other.version != kept.version == replace(kept).version
