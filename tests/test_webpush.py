"""Encryption and signature held to the RFCs: their own example, and a service that refuses everything loose."""

from functools import partial

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from server import webpush
from server.domain.errors import Invalid
from server.domain.pushes import check_endpoint, read_key
from tests.push_service import Browser, b64, point, unb64

# RFC 8291 §5 and appendix A.
CLEAR = b"When I grow up, I want to be a watermelon"
OURS = unb64("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw")
THEIRS = unb64("q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94")
THEIRS_PUBLIC = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SALT, AUTH = unb64("DGv6ra1nlYgDCS1FRnbzlw"), unb64("BTBZMqHH6r4Tts7J_aSIgg")
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
    "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)
ACCEPTED = (
    "https://fcm.googleapis.com/fcm/send/abc:APA91b",
    "https://updates.push.services.mozilla.com/wpush/v2/gAAAA",
    "https://web.push.apple.com/QGxyz",
    "https://wns2-par02p.notify.windows.com/w/?token=BQYAAA%3d%3d",
    "https://fcm.googleapis.com:443/x",
)
REFUSED = (
    "http://fcm.googleapis.com/x", "https://fcm.googleapis.com.evil.example/x", "https://evil.example/fcm.googleapis.com",
    "https://fcm.googleapis.com@evil.example/x", "https://evil.example#.notify.windows.com", "https://notify.windows.com/x",
    "https://evil.example?x=.notify.windows.com", "https://127.0.0.1/x", "https://[::1]/x", "https://fcm.googleapis.com:8443/x",
    "https://user:pw@fcm.googleapis.com/x", "https://evilfcm.googleapis.com/x", "https://evil.example\\.notify.windows.com/x",
    "https://fcm.googleapis.com /x", "https://fcm.googleapis.com\n/x", "ftp://web.push.apple.com/", "//web.push.apple.com/x", "",
    "https://web.push.apple.com./x", "https://ｆcm.googleapis.com/x", "https://web.push.apple.com/" + "x" * 1000, "https://[bad/x",
    "https://fcm.googleapis.com:99999/x", "javascript:alert(1)",
)  # fmt: skip


def private(number: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())


def test_the_example_of_the_standard_comes_out_bit_by_bit() -> None:
    assert b64(point(private(THEIRS))) == THEIRS_PUBLIC
    made = webpush.encrypt(CLEAR, p256dh=unb64(THEIRS_PUBLIC), auth=AUTH, salt=SALT, own=private(OURS))
    assert b64(made) == BODY
    assert Browser("x", b"", private(THEIRS), AUTH).open(made) == CLEAR


def test_the_same_words_never_look_the_same_and_too_many_are_refused() -> None:
    browser = Browser("x", b"")
    encrypt = partial(webpush.encrypt, p256dh=point(browser.key), auth=browser.auth)
    once, again = encrypt(CLEAR), encrypt(CLEAR)
    assert once[16:] != again[16:] and browser.open(once) == browser.open(again) == CLEAR
    longest = b"x" * webpush.CLEAR_MAX
    assert browser.open(encrypt(longest)) == longest
    with pytest.raises(ValueError, match="at most"):
        encrypt(longest + b"x")


def test_the_key_comes_out_of_the_secret_and_stays() -> None:
    one, same, other = (webpush.sender(seed, "mailto:x@y") for seed in (b"a" * 32, b"a" * 32, b"b" * 32))
    assert one.public_key == same.public_key != other.public_key
    assert len(one.public_key) == 65 and one.public_key[0] == 4
    for seed in (b"\x00" * 32, b"\xff" * 32):
        assert len(webpush.sender(seed, "mailto:x@y").public_key) == 65


@pytest.mark.parametrize("address", ACCEPTED)
def test_known_push_services_are_reached(address: str) -> None:
    assert check_endpoint(address) == address


@pytest.mark.parametrize("address", REFUSED)
def test_nothing_else_is(address: str) -> None:
    with pytest.raises(Invalid, match=r"push\.endpoint"):
        check_endpoint(address)


def test_keys_that_no_browser_gives_are_refused() -> None:
    good = b64(point(ec.generate_private_key(ec.SECP256R1())))
    webpush.check_point(read_key(good, field="p256dh"))
    assert read_key(b64(AUTH) + "==", field="auth") == AUTH
    for text, name in (
        ("", "auth"),
        ("@@@@", "auth"),
        (b64(AUTH), "p256dh"),
        (good, "auth"),
        ("A" * 87, "p256dh"),
    ):
        with pytest.raises(Invalid, match=r"push\.keys"):
            read_key(text, field=name)
    with pytest.raises(Invalid, match=r"push\.keys"):
        webpush.check_point(b"\x04" + b"\x01" * 64)
