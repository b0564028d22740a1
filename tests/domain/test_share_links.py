"""Which photos of a selection may go to a partner at all."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from server.domain.errors import Invalid
from server.domain.media import Medium
from server.domain.photos import Person, PhotoState
from server.domain.share_links import PHOTOS_MAX, check_photos

JOB = UUID(int=1)


def photo(**changes: Any) -> Any:
    known = {"job_id": JOB, "medium": Medium.IMAGE, "state": PhotoState.STORED, "review": "released"}
    return SimpleNamespace(**(known | {"person": Person.NONE, "deleted_at": None} | changes))


def test_released_pictures_of_the_job_pass() -> None:
    blurred = photo(person=Person.BLURRED)
    check_photos([UUID(int=2), UUID(int=3)], [photo(), blurred], JOB)


@pytest.mark.parametrize(
    ("chosen", "found", "code"),
    [
        (0, [], "share.nothing"),
        (PHOTOS_MAX + 1, [photo()], "share.too_many"),
        (2, [photo()], "share.other_job"),
        (1, [photo(job_id=None)], "share.other_job"),
        (1, [photo(person=Person.OPEN)], "photo.person_open"),
        (1, [photo(review="new")], "share.not_released"),
        (1, [photo(medium=Medium.VIDEO)], "share.not_released"),
        (1, [photo(state=PhotoState.ANNOUNCED)], "share.not_released"),
    ],
)
def test_everything_else_is_refused_by_name(chosen: int, found: list[Any], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_photos([UUID(int=9)] * chosen, found, JOB)
    assert refused.value.code == code
