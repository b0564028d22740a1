"""The rules that hold on every platform: ranks of states, the window, choices without buttons."""

import json
from datetime import timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.channels.whatsapp.plan import CAPS
from server.domain.capabilities import window_open
from server.domain.channels import Step
from server.domain.choices import Choice, fit_buttons, numbered, picked
from server.domain.events import Status, advance
from server.ids import new_id
from tests.channels.lines import CHOICES, NOON, picture

RISING = (Status.SENT, Status.DELIVERED, Status.READ)


@pytest.mark.parametrize("order", list(permutations(RISING)))
def test_out_of_order_statuses_end_at_the_highest(order: tuple[Status, ...]) -> None:
    state = Status.ACCEPTED
    for status in order:
        state = advance(state, status)
    assert state is Status.READ


@pytest.mark.parametrize(
    ("current", "incoming", "after"),
    [
        (Status.SENT, Status.FAILED, Status.FAILED),
        (Status.DELIVERED, Status.FAILED, Status.DELIVERED),
        (Status.READ, Status.FAILED, Status.READ),
        (Status.FAILED, Status.SENT, Status.FAILED),
        (Status.FAILED, Status.DELIVERED, Status.DELIVERED),
    ],
)
def test_failed_is_believed_only_before_delivery(current: Status, incoming: Status, after: Status) -> None:
    assert advance(current, incoming) is after


@given(st.lists(st.sampled_from(list(Status))))
def test_a_repeated_status_changes_nothing(statuses: list[Status]) -> None:
    state = Status.QUEUED
    for status in statuses:
        once = advance(state, status)
        assert advance(once, status) is once
        state = once


def test_the_windows_last_five_minutes_are_not_ours() -> None:
    until = NOON + timedelta(hours=24)
    assert window_open(until - timedelta(minutes=5, seconds=1), until)
    assert not window_open(until - timedelta(minutes=5), until)
    assert not window_open(NOON, None)


@pytest.mark.parametrize(
    ("titles", "fit"),
    [
        (["Weiß"], True),
        (["a" * 20, "b", "c"], True),
        (["a" * 21], False),
        (["Ja", "Ja"], False),
        (["1", "2", "3", "4"], False),
        ([""], False),
    ],
)
def test_choices_fit_buttons_when_few_short_and_different(titles: list[str], fit: bool) -> None:
    choices = [Choice(f"id{place}", title) for place, title in enumerate(titles)]
    assert fit_buttons(choices, CAPS) is fit


def test_choices_without_buttons_are_numbered_and_come_back_by_number_or_words() -> None:
    assert numbered("Welche Fuge?", CHOICES, "https://x.example/a/1") == (
        "Welche Fuge?\n\n1) Weiß\n2) Manhattan\n\nhttps://x.example/a/1"
    )
    assert picked(" 2) ", CHOICES) == CHOICES[1]
    assert picked("WEISS", CHOICES) == CHOICES[0]
    assert picked("beides", CHOICES) is None


def test_a_step_survives_its_row() -> None:
    step = Step("image", new_id(), {"type": "image", "image": {"id": ""}}, "Fuge", picture())
    assert Step.from_json(json.loads(json.dumps(step.to_json()))) == step
