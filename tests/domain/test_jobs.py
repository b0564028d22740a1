import pytest

from server.domain.errors import Conflict
from server.domain.jobs import STEPS, JobState, JobStep, next_number, next_state


def test_every_state_leads_on_and_the_archive_leads_back() -> None:
    assert set(STEPS) == set(JobState)
    for state, steps in STEPS.items():
        assert (JobStep.ARCHIVE in steps) == (state not in (JobState.ARCHIVED, JobState.MERGED))
    assert next_state(JobState.ARCHIVED, JobStep.RESTORE) is JobState.ACTIVE


def test_a_step_that_does_not_fit_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="step"):
        next_state(JobState.DONE, JobStep.FINISH)


@pytest.mark.parametrize(
    ("taken", "number"),
    [
        ([], "2026-001"),
        (["2026-117", "2026-009"], "2026-118"),
        (["2026-999"], "2026-1000"),
        (["2026-1000", "2026-999"], "2026-1001"),
        (["2025-300", "B-12"], "2026-001"),
        (["2026-Umbau", "2026-12a", "2026-99999999"], "2026-001"),
    ],
)
def test_the_next_free_number_of_the_year(taken: list[str], number: str) -> None:
    assert next_number(2026, taken) == number
