"""Work that is done once for all who ask at about the same time."""

import asyncio

import pytest

from watchword.clock import SettableClock
from watchword.issuer.revocation.briefly_kept import BrieflyKept

pytestmark = pytest.mark.anyio


class Work:
    """Counts how often it is done; waits for ``gate``."""

    def __init__(self) -> None:
        self.done = 0
        self.fails = False
        self.gate = asyncio.Event()
        self.gate.set()

    async def do(self) -> int:
        self.done += 1
        number, fails = self.done, self.fails
        await self.gate.wait()
        if fails:
            raise ValueError("it did not work")
        return number


@pytest.fixture
def kept(clock: SettableClock) -> BrieflyKept[int]:
    return BrieflyKept(seconds=1.0, most=3, clock=clock)


async def test_all_who_ask_meanwhile_wait_for_one(kept: BrieflyKept[int], clock: SettableClock) -> None:
    work = Work()
    work.gate.clear()
    asking = [asyncio.create_task(kept.get("a", work.do)) for _ in range(5)]
    await asyncio.sleep(0)
    clock.advance(10)  # however long it takes
    asking.append(asyncio.create_task(kept.get("a", work.do)))
    await asyncio.sleep(0)
    work.gate.set()
    assert await asyncio.gather(*asking) == [1] * 6


async def test_a_result_is_given_out_for_its_time_and_no_longer(kept: BrieflyKept[int], clock: SettableClock) -> None:
    work = Work()
    assert await kept.get("a", work.do) == 1
    clock.advance(0.99)
    assert await kept.get("a", work.do) == 1
    assert await kept.get("b", work.do) == 2
    clock.advance(0.01)
    assert await kept.get("a", work.do) == 3
    assert await kept.get("b", work.do) == 2


async def test_a_failure_reaches_all_who_waited_and_nobody_else(kept: BrieflyKept[int]) -> None:
    work = Work()
    work.fails = True
    work.gate.clear()
    asking = [asyncio.create_task(kept.get("a", work.do)) for _ in range(2)]
    await asyncio.sleep(0)
    work.gate.set()
    assert [type(error) for error in await asyncio.gather(*asking, return_exceptions=True)] == [ValueError] * 2
    work.fails = False
    assert await kept.get("a", work.do) == 2


async def test_who_goes_away_does_not_end_it_for_the_others(kept: BrieflyKept[int]) -> None:
    work = Work()
    work.gate.clear()
    gone, stays = (asyncio.create_task(kept.get("a", work.do)) for _ in range(2))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    work.gate.set()
    assert await stays == 1
    assert gone.cancelled()


async def test_no_more_are_kept_than_there_is_room_for(kept: BrieflyKept[int]) -> None:
    work = Work()
    for key in "abcd":
        await kept.get(key, work.do)
    assert await kept.get("d", work.do) == 4
    assert await kept.get("b", work.do) == 2
    assert await kept.get("a", work.do) == 5, "the oldest went"
