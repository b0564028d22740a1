"""Several asked at the same moment share a unit; one's failure is its own."""

import asyncio
from collections.abc import Sequence

import pytest

from server.worker.together import Together


async def test_alone_it_is_done_at_once_and_what_comes_meanwhile_goes_together() -> None:
    groups: list[list[int]] = []
    open_ = asyncio.Event()

    async def many(asked: Sequence[int]) -> None:
        groups.append(list(asked))
        await open_.wait()

    together = Together(many)
    first = asyncio.create_task(together.do(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(together.do(number)) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    assert groups == [[1]]
    assert not first.done()
    open_.set()
    await asyncio.gather(first, *others)
    assert groups == [[1], [2, 3, 4]]
    await together.do(5)
    assert groups[-1] == [5]


async def test_one_failure_is_told_to_whom_it_belongs() -> None:
    done: list[int] = []

    async def many(asked: Sequence[int]) -> None:
        if 2 in asked:
            raise OSError("two")
        done.extend(asked)

    together = Together(many)
    ended = await asyncio.gather(*(together.do(number) for number in (1, 2, 3)), return_exceptions=True)
    assert [type(one) for one in ended] == [type(None), OSError, type(None)]
    assert sorted(done) == [1, 3]
    await together.do(4)
    assert done[-1] == 4


async def test_who_gives_up_keeps_nobody_else_waiting() -> None:
    async def many(asked: Sequence[int]) -> None:
        await asyncio.sleep(0.01)

    together = Together(many)
    gone, stays = (asyncio.create_task(together.do(number)) for number in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    await stays
    with pytest.raises(asyncio.CancelledError):
        await gone
