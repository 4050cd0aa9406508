"""The scheduler answers one request at a time, the fastest first; equal simultaneous requests share
an answer, which is never stale."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from resonance_logs.commands.registry import find_command
from resonance_logs.errors import NotFound
from resonance_logs.web.command_scheduler import CommandScheduler

LIVE = find_command("get_live_encounter")
LIST = find_command("get_recent_encounters")


class Slow:
    """Commands that count how often they ran, and can be held the first time."""

    def __init__(self) -> None:
        self.asked = 0
        self.may = threading.Event()

    def call_json(self, _name: str, body: bytes) -> str:
        self.asked += 1
        number = self.asked
        assert self.may.wait(10)
        if body == b"wrong":
            raise NotFound("there is none")
        return f"answer {number}"


async def _ask(scheduler: CommandScheduler, slow: Any, *questions: tuple[Any, bytes]) -> list[Any]:
    """The answers to several simultaneous requests, while another one is being answered."""
    first = asyncio.create_task(scheduler.answer(slow, LIVE, b""))
    while not slow.asked:
        await asyncio.sleep(0.001)
    asked = [asyncio.create_task(scheduler.answer(slow, *each)) for each in questions]
    await asyncio.sleep(0.01)
    slow.may.set()
    assert await first == "answer 1"
    return await asyncio.gather(*asked, return_exceptions=True)


def test_equal_requests_are_answered_once_and_after_all_were_made() -> None:
    slow = Slow()
    questions = [(LIVE, b""), (LIVE, b""), (LIST, b""), (LIST, b"{}")]
    answers = asyncio.run(_ask(CommandScheduler(), slow, *questions))
    assert answers[0] == answers[1] != "answer 1"
    assert len(set(answers)) == 3
    assert slow.asked == 4


def test_an_error_is_reported_to_all_who_asked_for_it_and_to_nobody_later() -> None:
    scheduler, slow = CommandScheduler(), Slow()

    async def scene() -> None:
        answers = await _ask(scheduler, slow, (LIST, b"wrong"), (LIST, b"wrong"))
        assert [type(each) for each in answers] == [NotFound, NotFound]
        with pytest.raises(NotFound):
            await scheduler.answer(slow, LIST, b"wrong")  # type: ignore[arg-type]

    asyncio.run(scene())
    assert slow.asked == 3


def test_a_cancelled_request_leaves_the_answer_to_the_others() -> None:
    scheduler, slow = CommandScheduler(), Slow()

    async def scene() -> str:
        first = asyncio.create_task(scheduler.answer(slow, LIVE, b""))  # type: ignore[arg-type]
        gone, stays = (
            asyncio.create_task(scheduler.answer(slow, LIST, b""))  # type: ignore[arg-type]
            for _ in range(2)
        )
        await asyncio.sleep(0.01)
        gone.cancel()
        slow.may.set()
        await first
        return await stays

    assert asyncio.run(scene()).startswith("answer")


class Kept:
    """Commands of which some are slow or blocked."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self.inside = self.most = 0
        self.may = threading.Event()

    def call_json(self, name: str, body: bytes) -> str:
        with self._counted():
            if body.startswith(b"stuck"):
                assert self.may.wait(10)
            if name == LIST.name:
                time.sleep(0.02)
        self.order.append(body.decode())
        return "{}"

    @contextmanager
    def _counted(self) -> Iterator[None]:
        self.inside += 1
        self.most = max(self.most, self.inside)
        yield
        self.inside -= 1


async def _held(scheduler: CommandScheduler, kept: Any) -> asyncio.Task[str]:
    """A request that runs until it is released."""
    first = asyncio.create_task(scheduler.answer(kept, LIVE, b"stuck"))
    while not kept.inside:
        await asyncio.sleep(0.001)
    return first


def test_only_one_question_is_answered_at_a_time() -> None:
    async def scene() -> tuple[int, int]:
        scheduler, kept = CommandScheduler(), Kept()
        questions: Any = [(kept, (LIVE, LIST)[n % 2], str(n).encode()) for n in range(20)]
        await asyncio.gather(*(scheduler.answer(*each) for each in questions))
        return kept.most, len(kept.order)

    assert asyncio.run(scene()) == (1, 20)


def test_the_usually_fastest_request_goes_first() -> None:
    async def scene() -> list[str]:
        scheduler, kept = CommandScheduler(), Kept()
        questions: Any = [(kept, LIST, b"long a"), (kept, LIVE, b"short"), (kept, LIST, b"long b")]
        for each in questions:
            await scheduler.answer(*each)
        kept.order.clear()
        first = await _held(scheduler, kept)
        asked = [asyncio.create_task(scheduler.answer(*each)) for each in questions]
        await asyncio.sleep(0.01)
        kept.may.set()
        await asyncio.gather(first, *asked)
        return kept.order

    assert asyncio.run(scene()) == ["stuck", "short", "long a", "long b"]


def test_a_blocked_request_blocks_no_other() -> None:
    async def scene() -> list[str]:
        scheduler, kept = CommandScheduler(), Kept()
        first = await _held(scheduler, kept)
        others: Any = [(kept, LIVE, b"a"), (kept, LIVE, b"b")]
        await asyncio.gather(*(scheduler.answer(*each) for each in others))
        kept.may.set()
        await first
        await scheduler.answer(kept, LIVE, b"later")  # type: ignore[arg-type]
        return kept.order

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == ["a", "b", "stuck", "later"]


def test_a_question_that_comes_after_all_were_answered_is_answered_too() -> None:
    async def scene() -> list[str]:
        scheduler, kept = CommandScheduler(), Kept()
        for name in "abc":
            await scheduler.answer(kept, LIVE, name.encode())  # type: ignore[arg-type]
            await asyncio.sleep(0.3)  # longer than anybody waits
        return kept.order

    assert asyncio.run(asyncio.wait_for(scene(), 10)) == ["a", "b", "c"]
