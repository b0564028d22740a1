"""Which job a message may belong to, and what stands in the braces of a ready-made text."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from server.domain.conversations import Stretch, stretches, suggested
from server.domain.errors import Invalid
from server.domain.messages import Direction, Message, MessageState
from server.domain.quick_replies import checked, filled, inserted

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BATH, ROOF = uuid4(), uuid4()


def message(direction: Direction, **given: Any) -> Message:
    values: dict[str, Any] = {
        "id": uuid4(), "company_id": uuid4(), "contact_id": None, "job_id": None, "question_id": None,
        "account_id": None, "photo_id": None, "channel": "whatsapp", "direction": direction, "kind": "text",
        "text": "", "state": MessageState.RECEIVED, "at": AT, "created_at": AT, "changed_at": AT,
    }  # fmt: skip
    return Message(**values | given)


def heard(**given: Any) -> Message:
    return message(Direction.IN, **given)


def said(**given: Any) -> Message:
    return message(Direction.OUT, **given)


def test_a_quote_goes_before_the_last_photo_and_that_before_the_last_word() -> None:
    first = heard()
    photo = said(job_id=BATH, foreign_id="a", photo_id=uuid4())
    word = said(job_id=ROOF, foreign_id="b")
    after, quoting, elsewhere = heard(), heard(context_id="b"), heard(context_id="b", channel="signal")
    filed = heard(job_id=ROOF)
    found = suggested([first, photo, word, after, quoting, elsewhere, filed])
    assert found == {after.id: BATH, quoting.id: ROOF, elsewhere.id: BATH}
    only_words = suggested([word, after])
    assert only_words == {after.id: ROOF}
    assert suggested([word, after], visible={BATH}) == {}


def test_stretches_are_what_follows_one_another() -> None:
    one, two, three, four = heard(), heard(), said(job_id=ROOF), heard()
    jobs = {one.id: BATH, two.id: BATH, four.id: ROOF}
    assert stretches([one, two, three, four], jobs) == {
        two.id: Stretch(one.id, two.id, BATH, 2),
        four.id: Stretch(four.id, four.id, ROOF, 1),
    }
    assert stretches([], {}) == {}


def test_pictures_of_a_message() -> None:
    ids = [uuid4(), uuid4()]
    waiting = said(step={"kind": "speech", "photos": [str(one) for one in ids]})
    second = said(step={"call": {}, "picture": {"ref": "k"}, "photos": [str(one) for one in ids]}, place=1)
    words = said(step={"call": {}, "picture": None, "photos": [str(one) for one in ids]}, place=2)
    assert (waiting.pictures, second.pictures, words.pictures) == (tuple(ids), (ids[1],), ())
    own: UUID = uuid4()
    assert heard(photo_id=own).pictures == (own,)


def test_placeholders() -> None:
    values = {"Name": "Petra Müller", "Auftrag": ""}
    assert filled("Guten Tag {Name}", values) == "Guten Tag Petra Müller"
    assert inserted("{Name}: {Auftrag} {Quatsch}", values) == "Petra Müller: {Auftrag} {Quatsch}"
    for text, code, name in (
        ("{Quatsch}", "placeholder.unknown", "Quatsch"),
        ("{Auftrag}", "placeholder.empty", "Auftrag"),
        ("{Wieder da}", "placeholder.empty", "Wieder da"),
    ):
        with pytest.raises(Invalid) as refused:
            filled(text, values)
        assert (refused.value.code, refused.value.values["name"]) == (code, name)
    assert checked("{} {\n} {a") == "{} {\n} {a"
