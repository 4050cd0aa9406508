"""Of repeated log messages the first are written, and the others counted."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from resonance_logs import Database, EndEncounter
from resonance_logs.system.repeated_messages import (
    PER_SECOND,
    REPEATED_MESSAGES,
    RepeatedMessages,
    limited_logger,
)


@pytest.fixture
def logger(caplog: pytest.LogCaptureFixture) -> Iterator[logging.Logger]:
    logger = limited_logger("resonance_logs.tested")
    yield logger
    REPEATED_MESSAGES.report()


def counted(messages: list[str]) -> int:
    """How many messages these stand for."""
    more = [re.search(r" … and ([\d,]+) more like it$", each) for each in messages]
    return len(messages) + sum(int(each[1].replace(",", "")) for each in more if each)


def test_the_first_are_written_and_the_rest_is_counted(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(12_346):
        logger.warning("%d %% bad", number)
    REPEATED_MESSAGES.report()
    assert caplog.messages[:PER_SECOND] == [f"{n} % bad" for n in range(PER_SECOND)]
    assert caplog.messages[PER_SECOND:] == ["12345 % bad … and 12,340 more like it"]
    assert counted(caplog.messages) == 12_346


def test_the_count_is_written_without_a_further_message(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(PER_SECOND + 2):
        logger.warning("once")
    for _ in range(1_000):
        if len(caplog.messages) > PER_SECOND:
            break
        time.sleep(0.01)
    assert caplog.messages[-1] == "once … and 1 more like it"


def test_messages_of_other_kinds_are_written(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(PER_SECOND):
        logger.warning("one %d", number)
        logger.warning("other %d", number)
        logger.error("one %d", number)
    assert len(caplog.messages) == 3 * PER_SECOND


def test_a_critical_message_is_always_written(
    logger: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    """It may hold what could not be stored anywhere else."""
    for number in range(100):
        logger.critical("lost: %d", number)
    assert len(caplog.messages) == 100


def test_very_many_kinds_take_bounded_memory(logger: logging.Logger) -> None:
    for number in range(10_000):
        logger.warning(f"kind {number}")
    assert len(REPEATED_MESSAGES._counts) <= 1_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_counts_anew() -> None:
    counting = RepeatedMessages()
    with counting._lock:
        child = os.fork()
        if child == 0:
            record = logging.makeLogRecord({"msg": "of the child", "levelno": logging.ERROR})
            try:
                os._exit(0 if counting.filter(record) else 1)
            finally:
                os._exit(1)
    assert os.waitpid(child, 0)[1] == 0


def test_a_client_cannot_fill_the_log(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    count = 20_000
    with Database.open(path) as db:
        db.enqueue_many([EndEncounter(ended_at_ms=n) for n in range(count)], timeout=30)
        db.flush(60)
    REPEATED_MESSAGES.report()
    ignored = [each for each in caplog.messages if "no fight is open" in each]
    assert len(ignored) < 200
    assert counted(ignored) == count
