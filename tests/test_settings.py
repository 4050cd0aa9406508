"""Settings: each that makes no sense is named."""

from dataclasses import fields

import pytest

from resonance_logs import Settings

NUMBERS = [each.name for each in fields(Settings) if each.name != "archive"]


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("value", [0, -1, float("nan")])
def test_a_number_that_is_not_above_zero_is_named(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name}: expected a number above 0"):
        Settings(**{name: value})  # type: ignore[arg-type]
