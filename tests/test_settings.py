"""Settings: each that makes no sense is named."""

from dataclasses import fields

import pytest

from resonance_logs import Settings

NUMBERS = [each.name for each in fields(Settings) if each.type in {"int", "float"}]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1])
def test_a_number_that_is_not_above_zero_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected a number above 0"):
        Settings(**{name: value})  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_time_that_never_comes_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="batch_seconds: expected a number above 0"):
        Settings(batch_seconds=value)


def test_a_number_of_tasks_is_a_whole_one() -> None:
    with pytest.raises(ValueError, match=r"queue_tasks: expected a whole number, got 1\.5"):
        Settings(queue_tasks=1.5)  # type: ignore[arg-type]


def test_a_durability_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ValueError, match="durability: expected normal or full, got 'high'"):
        Settings(durability="high")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "value"),
    [("batch_seconds", 1e12), ("keep_fights_days", 1e20), ("keep_rejected", 10**400)],
)
def test_a_number_that_no_clock_or_file_can_hold_is_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected"):
        Settings(**{name: value})  # type: ignore[arg-type]
