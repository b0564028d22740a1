"""What a stolen password file costs to guess; in all other tests passwords are light (tests/conftest.py)."""

from argon2 import Parameters, extract_parameters
from argon2.low_level import Type

from server.actions import passwords

# As they were before the first test began.
HASHER, NOBODY = passwords._HASHER, passwords._NOBODY


def test_a_password_is_kept_as_owasp_asks() -> None:
    asked = Parameters(Type.ID, 19, 16, 32, time_cost=1, memory_cost=46 * 1024, parallelism=1)
    assert extract_parameters(HASHER.hash("Kelle-Wasserwaage-7")) == asked


def test_an_unknown_login_costs_as_much_as_a_wrong_password() -> None:
    assert extract_parameters(NOBODY) == extract_parameters(HASHER.hash("Kelle-Wasserwaage-7"))
