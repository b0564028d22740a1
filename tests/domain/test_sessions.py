from datetime import UTC, datetime, timedelta

import pytest

from server.domain.sessions import SessionKind, Tries, delay_s, device_name, idle_until
from server.domain.users import Role

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_the_delay_grows_to_a_minute_and_no_further() -> None:
    assert [delay_s(failures) for failures in range(14)] == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert delay_s(10**9) == 60


def test_a_part_of_a_second_still_waits() -> None:
    tries = Tries(5, AT + timedelta(seconds=1), AT)
    assert tries.wait_s(AT + timedelta(seconds=0.9)) == 1
    assert tries.wait_s(AT + timedelta(seconds=1)) == 0
    assert tries.wait_s(AT + timedelta(days=1)) == 0


def test_a_day_without_failures_is_forgotten() -> None:
    tries = Tries(11, AT, AT)
    assert tries.failed(AT + timedelta(hours=23)).failures == 12
    assert tries.failed(AT + timedelta(hours=25)).failures == 1


def test_a_worker_stays_signed_in_all_season_the_office_half_a_day() -> None:
    assert idle_until(SessionKind.BROWSER, Role.WORKER, AT) == AT + timedelta(days=180)
    assert idle_until(SessionKind.BROWSER, Role.ADMIN, AT) == AT + timedelta(hours=12)
    assert idle_until(SessionKind.TOKEN, Role.OFFICE, AT) is None


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
            "Version/18.1 Mobile/15E148 Safari/604.1",
            "iPhone, Safari",
        ),
        (
            "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Mobile Safari/537.36",
            "Android-Handy, Chrome",
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 "
            "Safari/537.36 Edg/142.0.0.0",
            "Windows-PC, Edge",
        ),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Linux-PC, Firefox"),
        ("curl/8.5", "Unbekanntes Gerät"),
        ("", "Unbekanntes Gerät"),
    ],
)
def test_a_device_is_called_what_a_person_would_call_it(agent: str, name: str) -> None:
    assert device_name(agent) == name
