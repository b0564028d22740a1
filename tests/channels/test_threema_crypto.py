"""The cryptography: every vector of the official SDKs holds, and one wrong bit opens nothing."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.threema import crypto as crypto
from server.channels.threema.parse import BLOB, form
from server.channels.threema.plan import file_json
from tests.channels.lines import spec

ALICE, BOB = bytes(range(32)), bytes(range(50, 82))
NONCE = bytes(range(24))


@pytest.fixture(scope="module")
def vectors() -> Any:
    return spec("threema-vectors.json")


def test_the_directory_is_asked_by_the_vectors_hashes(vectors: Any) -> None:
    hashes = {"phone": crypto.phone_hash, "email": crypto.email_hash}
    cases = vectors["hash_lookup"]["cases"]
    assert len(cases) == 4
    for kind, value, digest in cases:
        assert hashes[kind](value) == digest
    assert crypto.phone_hash("+41791234567") == crypto.phone_hash("41791234567")
    assert crypto.email_hash("  Test@Threema.CH ") == crypto.email_hash("test@threema.ch")


def test_the_box_is_the_vectors_box(vectors: Any) -> None:
    told = vectors["e2e_text"]
    keys = {name: bytes.fromhex(told[name]) for name in told if name.endswith(("private", "public"))}
    assert crypto.public_of(keys["sender_private"]) == keys["sender_public"]
    assert crypto.public_of(keys["recipient_private"]) == keys["recipient_public"]
    plain = crypto.container(told["type_byte"], told["text"].encode(), told["padding_len"])
    assert len(plain) == told["plaintext_len"]
    nonce = bytes.fromhex(told["nonce"])
    box = crypto.seal(plain, nonce, private=keys["sender_private"], public=keys["recipient_public"])
    assert box.hex() == told["box"]
    opened = crypto.unseal(box, nonce, private=keys["recipient_private"], public=keys["sender_public"])
    assert crypto.opened(opened) == (crypto.TEXT, told["text"].encode())


def test_the_callback_is_signed_like_the_vector(vectors: Any) -> None:
    told = vectors["callback_mac"]
    fields = form(told["body"].encode())
    assert crypto.callback_mac(told["secret"], fields) == told["mac"] == fields["mac"]
    assert crypto.callback_mac(told["wrong_secret"], fields) != told["mac"]


def test_blob_ids_are_those_of_the_vectors(vectors: Any) -> None:
    assert all(re.fullmatch(BLOB, one) for one in vectors["blob_id"]["valid"])
    assert not any(re.fullmatch(BLOB, one) for one in vectors["blob_id"]["invalid"])


def test_a_file_message_has_the_vectors_keys_and_no_null(vectors: Any) -> None:
    minimal, full = vectors["file_message"]["minimal"], vectors["file_message"]["full"]
    made = json.loads(
        file_json(
            blob=full["b"],
            key=bytes.fromhex(full["k"]),
            mime=full["m"],
            name=full["n"],
            size_bytes=full["s"],
            caption=full["d"],
        )
    )
    assert {name: full[name] for name in "bkmnsd"} == {name: made[name] for name in "bkmnsd"}
    assert set(minimal) <= set(made) <= set(full)
    bare = file_json(blob=full["b"], key=bytes(32), mime="image/png", name="a", size_bytes=1, caption="")
    assert b"null" not in bare
    assert b'"d"' not in bare


@given(st.binary(max_size=100))
def test_a_padded_message_never_tells_its_length(payload: bytes) -> None:
    size = crypto.padding(len(payload))
    plain = crypto.container(crypto.TEXT, payload, size)
    assert 1 <= size <= 255
    assert len(plain) - 1 >= crypto.MIN_PADDED_BYTES
    assert crypto.opened(plain) == (crypto.TEXT, payload)


@pytest.mark.parametrize("plain", [b"", b"\x01", b"\x01\x00", b"\x01\x02", b"\x01" + b"\xff" * 20])
def test_a_padding_that_eats_the_type_is_refused(plain: bytes) -> None:
    with pytest.raises(crypto.Unreadable):
        crypto.opened(plain)


def test_one_flipped_bit_opens_no_box() -> None:
    box = crypto.seal(b"\x01Hallo" + b"\x1b" * 27, NONCE, private=ALICE, public=crypto.public_of(BOB))
    opened = 0
    for bit in range(len(box) * 8):
        wrong = bytearray(box)
        wrong[bit // 8] ^= 1 << bit % 8
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(bytes(wrong), NONCE, private=BOB, public=crypto.public_of(ALICE))
            opened += 1
    assert opened == 0
    for bit in range(24 * 8):
        nonce = bytearray(NONCE)
        nonce[bit // 8] ^= 1 << bit % 8
        with pytest.raises(crypto.Unreadable):
            crypto.unseal(box, bytes(nonce), private=BOB, public=crypto.public_of(ALICE))


@pytest.mark.parametrize("public", [b"", b"x", bytes(32), b"\x01" + bytes(31)])
def test_a_key_that_is_none_is_a_named_refusal(public: bytes) -> None:
    with pytest.raises(crypto.Unreadable):
        crypto.seal(b"x", NONCE, private=ALICE, public=public)
    with pytest.raises(crypto.Unreadable):
        crypto.unseal(b"x" * 40, NONCE, private=ALICE, public=public)


def test_a_file_opens_with_its_own_key_and_nonce_only() -> None:
    key = crypto.random_key()
    blob, thumb = crypto.seal_file(b"Fuge", key), crypto.seal_file(b"Fuge", key, thumb=True)
    assert blob != thumb
    assert crypto.unseal_file(blob, key) == crypto.unseal_file(thumb, key, thumb=True) == b"Fuge"
    for wrong, opener in ((thumb, key), (blob, bytes(32)), (blob[:-1], key), (b"", key), (blob, b"short")):
        with pytest.raises(crypto.Unreadable):
            crypto.unseal_file(wrong, opener)
