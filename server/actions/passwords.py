"""Passwords at rest: argon2id, at most two at a time so that a flood of guesses leaves the rest of the house alone."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

# OWASP password storage cheat sheet, 2025: 46 MiB, one pass, one lane.
_HASHER = PasswordHasher(time_cost=1, memory_cost=46 * 1024, parallelism=1)
_TWO = ThreadPoolExecutor(2, thread_name_prefix="password")
# Of a random password nobody kept: an unknown login costs the same as a wrong password.
_NOBODY = "$argon2id$v=19$m=47104,t=1,p=1$mnSrHXYnF9hEgKSzFwAbdA$yZ/V8Q94HuRhVJ+qd8a2cVeBUcjajsugvlTu2pEwJJw"


async def hash_password(password: str) -> str:
    """Return the hash to keep."""
    return await asyncio.get_running_loop().run_in_executor(_TWO, _HASHER.hash, password)


async def fits(password: str, password_hash: str | None) -> bool:
    """Say whether the password belongs to the hash; None fits nothing and takes as long."""
    known = await asyncio.get_running_loop().run_in_executor(
        _TWO, _verify, password_hash or _NOBODY, password
    )
    return known and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
