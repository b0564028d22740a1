"""Who may decide what about a photo, and how photos are grouped on the desk."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from server.domain.errors import Conflict, Forbidden, Invalid
from server.domain.photos import Decode, Phase, Photo, PhotoState, Source
from server.domain.reviews import NOTE_MAX, Verdict, decide, grouped
from server.domain.users import Actor, Role
from server.ids import new_id

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
COMPANY = new_id()
OFFICE = Actor(new_id(), COMPANY, "Sabine", Role.OFFICE)
ALI = Actor(new_id(), COMPANY, "Ali", Role.WORKER)
PHOTO = Photo(
    id=new_id(), company_id=COMPANY, job_id=new_id(), job_hint="", source=Source.WORKER, author_id=ALI.id,
    author_name="Ali", contact_id=None, state=PhotoState.STORED, problem="", captured_at=AT, offset_min=60,
    received_at=AT, stored_at=AT, caption="", phase=Phase.DURING, tags=(), position=None, sha256="0" * 64, size_bytes=1,
    mime="image/jpeg", storage_key="k", width=1, height=1, decode=Decode.DONE, decode_code="", review="new",
    review_note="", reviewed_at=None, reviewed_by_id=None, rev=1,
)  # fmt: skip


@pytest.mark.parametrize("verdict", Verdict)
def test_the_office_decides_and_takes_back(verdict: Verdict) -> None:
    assert decide(OFFICE, replace(PHOTO, review="released"), verdict, " näher ") == "näher"


@pytest.mark.parametrize("verdict", Verdict)
def test_a_worker_decides_nothing(verdict: Verdict) -> None:
    with pytest.raises(Forbidden):
        decide(ALI, PHOTO, verdict, "")


def test_a_worker_releases_his_own_where_the_company_lets_him() -> None:
    trusted = replace(ALI, workers_release=True)
    assert decide(trusted, PHOTO, Verdict.RELEASED, "") == ""
    with pytest.raises(Forbidden):
        decide(trusted, replace(PHOTO, author_id=new_id()), Verdict.RELEASED, "")
    with pytest.raises(Forbidden):
        decide(trusted, PHOTO, Verdict.REJECTED, "")


def test_what_cannot_be_released() -> None:
    with pytest.raises(Conflict, match=r"review\.not_here"):
        decide(OFFICE, replace(PHOTO, state=PhotoState.ANNOUNCED), Verdict.REJECTED, "")
    with pytest.raises(Invalid, match=r"review\.no_job"):
        decide(OFFICE, replace(PHOTO, job_id=None), Verdict.RELEASED, "")
    with pytest.raises(Invalid, match=r"review\.no_picture"):
        decide(OFFICE, replace(PHOTO, decode=Decode.FAILED), Verdict.RELEASED, "")
    with pytest.raises(Invalid, match=r"field\.too_long"):
        decide(OFFICE, PHOTO, Verdict.RETAKE, "x" * (NOTE_MAX + 1))
    decide(OFFICE, replace(PHOTO, job_id=None, decode=Decode.FAILED), Verdict.RETAKE, "")


def test_groups_are_days_people_and_phases() -> None:
    shots = [
        replace(PHOTO, id=new_id(), captured_at=AT),
        replace(PHOTO, id=new_id(), captured_at=AT + timedelta(minutes=1), phase=Phase.AFTER),
        replace(PHOTO, id=new_id(), captured_at=AT + timedelta(minutes=2)),
        replace(PHOTO, id=new_id(), captured_at=AT - timedelta(days=1)),
        replace(PHOTO, id=new_id(), captured_at=AT, job_id=None, job_hint="Kita"),
    ]
    groups = grouped(shots, [shot.captured_at.date() for shot in shots])
    assert [[shots.index(photo) for photo in group.photos] for group in groups] == [[0, 2], [1], [4], [3]]
    assert [group.hint for group in groups] == ["", "", "Kita", ""]
