"""Which way something goes to a person: his wish, then what is open; every refusal has its reason, by hand is last."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.channels import CHANNELS
from server.channels.handoff import CAPS as BY_HAND
from server.channels.phone import CAPS as TELEPHONE
from server.domain.capabilities import WINDOW_MARGIN, Capabilities
from server.domain.gate import Closed, Open
from server.domain.identities import Identity, IdentityKind
from server.domain.routing import Need, Way, book_name, judge, route
from server.web.words import sentences

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PHONE = Identity(IdentityKind.PHONE, "+4915123456789")
YES, NO = Open("consent"), Closed("consent.none")
WHATSAPP = next(one.caps for one in CHANNELS if one.kind == "whatsapp")
CHAT = replace(
    WHATSAPP, key="chat", can_initiate="after_contact", costs=False, buttons=0, image_mimes=frozenset()
)


def way(channel: str, caps: Capabilities = WHATSAPP, **given: Any) -> Way:
    values: dict[str, Any] = {"gate": YES, "identity": PHONE, "last_in_at": NOON - timedelta(hours=1)}
    return Way(channel, channel.title(), caps, **values | given)


HAND = way("hand", BY_HAND)
CALL = way("phone", TELEPHONE, gate=Open("call"), last_in_at=None)


def chosen(*ways: Way, preferred: str = "", **need: Any) -> str:
    return route([*ways, HAND], preferred=preferred, need=Need(**need), now=NOON).chosen.channel


def test_the_persons_wish_goes_first_if_it_is_open() -> None:
    assert chosen(way("a"), way("b"), preferred="b") == "b"
    assert chosen(way("a"), way("b", gate=NO), preferred="b") == "a"
    assert chosen(way("a"), preferred="hand") == "hand"


def test_free_words_before_a_template_buttons_before_a_list_free_before_paid() -> None:
    closed = way("a", last_in_at=NOON - timedelta(hours=30))
    assert chosen(closed, way("b")) == "b"
    assert chosen(way("a", CHAT), way("b"), choices=2) == "b"
    assert chosen(way("a"), way("b", CHAT)) == "b"
    assert chosen(way("a", CHAT), way("b"), pictures=1) == "b"


def test_the_window_is_told_as_far_as_we_use_it() -> None:
    """Its last minutes are not ours; with an agent's hand it reaches further; who never wrote has none."""
    day = timedelta(hours=24)
    first, last = NOON - timedelta(hours=1), NOON - day + WINDOW_MARGIN
    told = judge(way("a", last_in_at=first), Need(), NOON)
    assert (told.free_until, told.shut_at) == (first + day - WINDOW_MARGIN, None)
    told = judge(way("a", last_in_at=last), Need(), NOON)
    assert (told.free_until, told.shut_at, told.template) == (None, NOON, True)
    agent = replace(CHAT, window=day, human_window=timedelta(days=7))
    told = judge(way("a", agent, last_in_at=NOON - timedelta(days=2)), Need(), NOON)
    assert (told.code, told.free_until, told.shut_at) == ("", None, None)
    told = judge(way("a", agent, last_in_at=NOON - timedelta(days=9)), Need(), NOON)
    assert (told.code, told.shut_at) == ("window.closed", NOON - timedelta(days=2) - WINDOW_MARGIN)
    told = judge(way("a", last_in_at=None), Need(), NOON)
    assert (told.free_until, told.shut_at, told.template) == (None, None, True)


@pytest.mark.parametrize(
    ("refused", "need", "code"),
    [
        (way("a", down="channel.reauth"), {}, "channel.reauth"),
        (way("a", identity=None), {}, "contact.no_address"),
        (way("a", CHAT, identity=None), {}, "contact.not_there"),
        (way("a", gate=NO), {}, "consent.none"),
        (way("a", CHAT, last_in_at=NOON - timedelta(days=9)), {}, "window.closed"),
        (way("a", CHAT, last_in_at=None), {}, "window.closed"),
        (way("a"), {"text": "x" * 5000}, "text.too_long"),
        (way("a", CHAT), {"pictures": 1}, "picture.impossible"),
        (
            way("a", replace(CHAT, choice_fallback="list")),
            {"pictures": 1, "linked": True},
            "picture.impossible",
        ),
    ],
)
def test_each_refusal_has_one_sentence(refused: Way, need: dict[str, Any], code: str) -> None:
    found = route(
        [refused, way("b", replace(WHATSAPP, max_text=9000)), HAND],
        preferred="a",
        need=Need(**need),
        now=NOON,
    )
    verdict = found.of("a")
    assert verdict and verdict.code == code and code in sentences()
    assert found.chosen.channel != "a"
    assert found.offers[-1].by_hand


def test_nothing_is_handed_over_by_itself_while_a_platform_is_connected() -> None:
    assert chosen(way("a", gate=NO)) == "a"
    assert chosen(way("a", down="channel.unavailable")) == "hand"
    assert chosen() == "hand"
    assert route([way("a", gate=NO), HAND], preferred="", need=Need(), now=NOON).offers[-1].open


def test_where_all_is_shut_the_reason_with_a_remedy_stands_first() -> None:
    """That he is not there at all says least; what the person likes most says most, also when its account is down."""
    absent, down = way("a", CHAT, identity=None), way("d", down="channel.reauth")
    asked, left = way("b", gate=NO), way("c", gate=Closed("consent.withdrawn"))
    for mix in itertools.permutations([absent, asked]):
        assert chosen(*mix) == "b"
        assert chosen(*mix, down) == "b"
        assert chosen(*mix, down, preferred="d") == "d"
    assert chosen(absent, left, asked) == "c"
    assert chosen(absent, down) == "d"
    assert chosen(absent, replace(down, identity=None)) == "a"


def test_a_messenger_he_likes_is_liked_by_hand_too() -> None:
    hands = [way("whatsapp_handoff", BY_HAND), way("telegram_handoff", BY_HAND)]
    for preferred, first in (("telegram", 1), ("telegram_handoff", 1), ("", 0), ("signal", 0)):
        found = route(hands, preferred=preferred, need=Need(), now=NOON)
        assert found.chosen.channel == hands[first].channel, preferred
    shut = [replace(hands[0], gate=NO), hands[1]]
    assert route(shut, preferred="whatsapp", need=Need(), now=NOON).chosen.channel == "telegram_handoff"
    chosen_in_the_app = replace(hands[1], identity=None, nameless=True)
    assert route([chosen_in_the_app], preferred="", need=Need(), now=NOON).chosen.open


def test_the_telephone_is_offered_and_never_chosen() -> None:
    """Last of the open ones, first for who likes it best; whatever is to be said, and with nothing else left."""
    others = [way("a"), way("b", gate=NO), way("c", CHAT, last_in_at=None), way("d", down="channel.paused")]
    needs = (Need(), Need("x" * 9000, pictures=3, choices=9))
    for size in range(len(others) + 1):
        for mix, preferred, need in itertools.product(
            itertools.combinations([*others, HAND, replace(HAND, gate=NO)], size), ("", "a", "phone"), needs
        ):
            found = route([CALL, *mix, HAND], preferred=preferred, need=need, now=NOON)
            reach = [one.channel for one in found.offers if one.open]
            assert found.chosen.channel != "phone"
            assert reach.index("phone") == (0 if preferred == "phone" else len(reach) - 1)
            call = found.of("phone")
            assert call and (call.address, call.ground, call.by_itself) == (PHONE.value, "call", False)


def test_any_mix_gives_one_open_way_or_its_reason() -> None:
    """By hand is the last offer always; what was chosen is open if any platform is."""
    kinds = [
        way("a"),
        way("b", CHAT),
        way("c", gate=NO),
        way("d", identity=None),
        way("e", down="channel.paused"),
    ]
    for size in range(len(kinds) + 1):
        for mix in itertools.combinations(kinds, size):
            found = route([*mix, HAND], preferred="c", need=Need("Hallo"), now=NOON)
            assert found.offers[-1].by_hand
            assert len(found.offers) == len(mix) + 1
            assert found.chosen.open == (
                any(one.open and not one.by_hand for one in found.offers) or found.chosen.by_hand
            )
            assert all(one.open or one.code in sentences() for one in found.offers)


def test_the_book_names_nobody_where_nobody_may_begin() -> None:
    mail = replace(CHAT, key="email", can_initiate="free")
    assert book_name(CHAT, phone="+49151", email="a@b.de") is None
    assert book_name(mail, phone="+49151", email="a@b.de") == Identity(IdentityKind.EMAIL, "a@b.de")
    assert book_name(WHATSAPP, phone="", email="a@b.de") is None
