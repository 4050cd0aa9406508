"""Turns are taken one at a time, the short ones first, and nobody blocks the rest."""

import asyncio

import pytest

from resonance_logs.web.turns import Turns


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def _practise(turns: Turns, kind: str, seconds: float) -> None:
    for _ in range(5):
        async with turns.take(kind):
            await asyncio.sleep(seconds)


def test_only_one_has_the_turn() -> None:
    async def scene() -> int:
        turns, inside, most = Turns(), 0, 0

        async def work() -> None:
            nonlocal inside, most
            async with turns.take("any"):
                inside += 1
                most = max(most, inside)
                await asyncio.sleep(0)
                inside -= 1

        await asyncio.gather(*(work() for _ in range(20)))
        async with turns.take("any"):
            return most

    assert asyncio.run(scene()) == 1


def test_who_usually_takes_least_goes_first() -> None:
    async def scene() -> list[str]:
        turns, order = Turns(), []
        await _practise(turns, "long", 0.02)
        await _practise(turns, "short", 0)

        async def work(kind: str) -> None:
            async with turns.take(kind):
                order.append(kind)

        async with turns.take("short"):
            waiting = [asyncio.create_task(work(kind)) for kind in ("long", "short", "long")]
            await _settle()
        await asyncio.gather(*waiting)
        return order

    assert asyncio.run(scene()) == ["short", "long", "long"]


@pytest.mark.parametrize("is_called", [False, True])
def test_who_goes_away_while_waiting_holds_nobody_up(is_called: bool) -> None:
    async def scene() -> bool:
        turns, done = Turns(), []

        async def work(name: int) -> None:
            async with turns.take("any"):
                done.append(name)

        async with turns.take("any"):
            waiting = [asyncio.create_task(work(name)) for name in range(3)]
            await _settle()
            if not is_called:
                waiting[0].cancel()
                await _settle()
        waiting[0].cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return done == [1, 2] and waiting[0].cancelled()

    assert asyncio.run(asyncio.wait_for(scene(), 10))


def test_an_error_ends_the_turn() -> None:
    async def scene() -> None:
        turns = Turns()
        with pytest.raises(ZeroDivisionError):
            async with turns.take("any"):
                raise ZeroDivisionError
        async with turns.take("any"):
            pass

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_who_is_held_up_holds_nobody_else_up() -> None:
    async def scene() -> list[str]:
        turns, order = Turns(), []
        is_free = asyncio.Event()

        async def stuck() -> None:
            async with turns.take("any"):
                await is_free.wait()
                order.append("stuck")

        async def work(name: str) -> None:
            async with turns.take("any"):
                order.append(name)

        first = asyncio.create_task(stuck())
        await _settle()
        await asyncio.gather(work("a"), work("b"))
        is_free.set()
        await first
        return order

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == ["a", "b", "stuck"]
