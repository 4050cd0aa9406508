"""Settings: every invalid one is named."""

import subprocess
import sys
from dataclasses import fields, replace

import pytest

from resonance_logs import Durability, Settings

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


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("batch_tasks", "5", 5),
        ("keep_fights_newest", " 5 ", 5),
        ("batch_seconds", "0.1", 0.1),
        ("batch_seconds", 2, 2.0),
        ("keep_hits_days", "30", 30.0),
        ("keep_hits_days", None, None),
        ("archive", "true", True),
        ("archive", "No", False),
        ("salvage", "0", False),
        ("durability", "full", Durability.FULL),
        ("durability", Durability.NORMAL, Durability.NORMAL),
    ],
)
def test_a_value_given_as_text_gets_its_type(name: str, given: object, expected: object) -> None:
    value = getattr(Settings(**{name: given}), name)  # type: ignore[arg-type]
    assert (value, type(value)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("name", "given", "message"),
    [
        ("batch_tasks", "many", "expected a number, got 'many'"),
        ("batch_tasks", "1.5", "expected a number, got '1.5'"),
        ("batch_tasks", "0", "expected a number above 0, got 0"),
        ("batch_tasks", True, "expected a number above 0, got True"),
        ("batch_tasks", None, "expected a number above 0, got None"),
        ("batch_seconds", "nan", "expected a number above 0, got nan"),
        ("batch_seconds", "9e9", "expected at most 1,000,000, got '9e9'"),
        ("archive", "perhaps", "expected true or false, got 'perhaps'"),
        ("archive", 1, "expected true or false, got 1"),
        ("archive", None, "expected true or false, got None"),
        ("durability", "FULL", "expected normal or full, got 'FULL'"),
        ("durability", None, "expected normal or full, got None"),
    ],
)
def test_a_value_of_a_wrong_type_is_named(name: str, given: object, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{name}: {message}$"):
        Settings(**{name: given})  # type: ignore[arg-type]


def test_the_old_name_of_a_setting_is_deprecated_and_still_accepted() -> None:
    with pytest.warns(DeprecationWarning, match="use max_batch_tasks") as warned:
        settings = Settings(most_batch_tasks="7")  # type: ignore[call-arg]
    assert [each.filename for each in warned] == [__file__]
    assert settings == Settings(max_batch_tasks=7)
    with pytest.warns(DeprecationWarning, match="use max_batch_tasks"):
        assert settings.most_batch_tasks == 7
    assert replace(settings, batch_tasks=3) == Settings(max_batch_tasks=7, batch_tasks=3)


@pytest.mark.filterwarnings("ignore:most_batch_tasks:DeprecationWarning")
def test_an_old_name_is_checked_like_the_current_one() -> None:
    with pytest.raises(ValueError, match="max_batch_tasks: expected a number above 0, got 0"):
        Settings(most_batch_tasks=0)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="most_batch_tasks is the old name of max_batch_tasks"):
        Settings(most_batch_tasks=1, max_batch_tasks=1)  # type: ignore[call-arg]


def test_unknown_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match="min_batch_tasks"):
        Settings(min_batch_tasks=1)  # type: ignore[call-arg]


def test_importing_the_settings_loads_nothing_heavy() -> None:
    heavy = ("pydantic", "msgspec", "sqlalchemy", "numpy")
    program = (
        f"import sys, resonance_logs.settings; print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", ()),
        ("10.0.0.1, 192.168.0.0/24,", ("10.0.0.1", "192.168.0.0/24")),
        (["::1"], ("::1",)),
    ],
)
def test_proxies_are_addresses_and_networks(given: object, expected: tuple[str, ...]) -> None:
    assert Settings(trusted_proxies=given).trusted_proxies == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("given", ["localhost", "10.0.0.1/8", 7, [7], None])
def test_what_is_no_address_of_a_proxy_is_named(given: object) -> None:
    with pytest.raises(ValueError, match="trusted_proxies: "):
        Settings(trusted_proxies=given)  # type: ignore[arg-type]
