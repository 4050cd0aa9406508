"""Those who ask the same at once are answered together, and never with what is older."""

import asyncio
import threading
from typing import Any

import pytest

from resonance_logs.commands.registry import find_command
from resonance_logs.errors import NotFound
from resonance_logs.web.commands import Desk

LIVE = find_command("get_live_encounter")
LIST = find_command("get_recent_encounters")


class Slow:
    """Commands that answer how often they were asked, the first time when they may."""

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


async def _ask(desk: Desk, slow: Any, *questions: tuple[Any, bytes]) -> list[Any]:
    """The answers of some who ask at once, while another question is being answered."""
    first = asyncio.create_task(desk.answer(slow, LIVE, b""))
    while not slow.asked:
        await asyncio.sleep(0.001)
    asked = [asyncio.create_task(desk.answer(slow, *each)) for each in questions]
    await asyncio.sleep(0.01)
    slow.may.set()
    assert await first == "answer 1"
    return await asyncio.gather(*asked, return_exceptions=True)


def test_the_same_asked_at_once_is_answered_once_and_after_all_asked() -> None:
    slow = Slow()
    questions = [(LIVE, b""), (LIVE, b""), (LIST, b""), (LIST, b"{}")]
    answers = asyncio.run(_ask(Desk(), slow, *questions))
    assert answers[0] == answers[1] != "answer 1"
    assert len(set(answers)) == 3
    assert slow.asked == 4


def test_an_error_is_told_to_all_who_asked_for_it_and_to_nobody_later() -> None:
    desk, slow = Desk(), Slow()

    async def scene() -> None:
        answers = await _ask(desk, slow, (LIST, b"wrong"), (LIST, b"wrong"))
        assert [type(each) for each in answers] == [NotFound, NotFound]
        with pytest.raises(NotFound):
            await desk.answer(slow, LIST, b"wrong")  # type: ignore[arg-type]

    asyncio.run(scene())
    assert slow.asked == 3


def test_who_goes_away_takes_the_answer_from_nobody() -> None:
    desk, slow = Desk(), Slow()

    async def scene() -> str:
        first = asyncio.create_task(desk.answer(slow, LIVE, b""))  # type: ignore[arg-type]
        gone, stays = (
            asyncio.create_task(desk.answer(slow, LIST, b""))  # type: ignore[arg-type]
            for _ in range(2)
        )
        await asyncio.sleep(0.01)
        gone.cancel()
        slow.may.set()
        await first
        return await stays

    assert asyncio.run(scene()).startswith("answer")
