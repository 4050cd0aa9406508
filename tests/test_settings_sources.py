"""Settings from the environment and from a file; each reports its origin."""

from pathlib import Path

import pytest

from resonance_logs import Durability, InputError, Settings
from resonance_logs.settings import Configuration, settings_file


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings file named by the environment, which does not exist yet."""
    path = tmp_path / "mine.toml"
    monkeypatch.setenv("RESONANCE_LOGS_SETTINGS", str(path))
    return path


def test_without_a_file_and_variables_all_is_by_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    loaded = Configuration.load()
    assert loaded.settings == Settings()
    assert set(loaded.origins.values()) == {"default"}
    assert settings_file() == tmp_path / "resonance-logs" / "settings.toml"


def test_the_environment_goes_before_the_file_and_that_before_defaults(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text('keep_fights_newest = 9\nkeep_hits_days = 30\ndurability = "full"\n')
    monkeypatch.setenv("RESONANCE_LOGS_KEEP_FIGHTS_NEWEST", "7")
    monkeypatch.setenv("RESONANCE_LOGS_ARCHIVE", "no")
    loaded = Configuration.load(queue_tasks=5, keep_hits_days=1.0)
    assert loaded.settings == Settings(
        queue_tasks=5,
        keep_fights_newest=7,
        keep_hits_days=30,
        durability=Durability.FULL,
        archive=False,
    )
    assert loaded.origins["keep_fights_newest"] == "RESONANCE_LOGS_KEEP_FIGHTS_NEWEST"
    assert loaded.origins["keep_hits_days"] == str(file)
    assert loaded.origins["queue_tasks"] == "default"


def test_the_file_may_give_values_as_text(file: Path) -> None:
    file.write_text('keep_fights_newest = "9"\nlive_seconds = "0.1"\narchive = "false"\n')
    assert Configuration.load().settings == Settings(
        keep_fights_newest=9, live_seconds=0.1, archive=False
    )


def test_the_old_name_of_a_setting_is_accepted(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("most_batch_tasks = 7\n")
    loaded = Configuration.load()
    assert loaded.settings == Settings(max_batch_tasks=7)
    assert loaded.origins["max_batch_tasks"] == str(file)
    monkeypatch.setenv("RESONANCE_LOGS_MOST_BATCH_TASKS", "8")
    loaded = Configuration.load()
    assert loaded.settings == Settings(max_batch_tasks=8)
    assert loaded.origins["max_batch_tasks"] == "RESONANCE_LOGS_MOST_BATCH_TASKS"
    monkeypatch.setenv("RESONANCE_LOGS_MAX_BATCH_TASKS", "9")
    with pytest.raises(InputError, match="most_batch_tasks is the old name of max_batch_tasks"):
        Configuration.load()


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    file.write_text("")
    monkeypatch.setenv("RESONANCE_LOGS_KEEP_FIGHTS_NEWEST", " ")
    assert Configuration.load().settings == Settings()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "keep_fight_newest = 1",
            "unknown setting 'keep_fight_newest'; did you mean keep_fights_new",
        ),
        ("keep_fights_newest = 0", "keep_fights_newest: expected a number above 0, got 0"),
        ("keep_fights_newest = true", "keep_fights_newest: expected a number above 0, got True"),
        ("keep_fights_newest = 'many'", "keep_fights_newest: expected a number, got 'many'"),
        ("max_batch_tasks = 1\nmost_batch_tasks = 1", "most_batch_tasks is the old name of max_ba"),
        ("most_batch_tasks = 0", "max_batch_tasks: expected a number above 0, got 0"),
        ("archive = 1", "archive: expected true or false, got 1"),
        ("archive =\nx = 1", "line 1"),
        ("durability = 'half'", "durability: expected normal or full, got 'half'"),
    ],
)
def test_what_is_wrong_in_the_file_is_reported_with_its_name(
    file: Path, content: str, message: str
) -> None:
    file.write_text(content)
    with pytest.raises(InputError) as error:
        Configuration.load()
    assert str(error.value).startswith(f"{file}: ")
    assert message in str(error.value)


def test_a_file_that_is_named_and_not_there_is_reported(file: Path) -> None:
    with pytest.raises(InputError, match="no such file; check RESONANCE_LOGS_SETTINGS"):
        Configuration.load()


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\x00"])
def test_a_file_that_is_not_text_is_reported(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    with pytest.raises(InputError, match=file.name):
        Configuration.load()


@pytest.mark.parametrize(
    ("variable", "text", "message"),
    [
        ("KEEP_FIGHTS_NEWEST", "many", "expected a number, got 'many'"),
        ("KEEP_FIGHTS_NEWEST", "1.5", "expected a number, got '1.5'"),
        ("KEEP_HITS_DAYS", "inf", "expected a number above 0, got inf"),
        ("ARCHIVE", "perhaps", "expected true or false, got 'perhaps'"),
        ("DURABILITY", "half", "expected normal or full, got 'half'"),
        ("QUEUE_TASK", "1", "unknown setting 'queue_task'; did you mean queue_tasks?"),
    ],
)
def test_what_is_wrong_in_the_environment_is_reported_with_its_name(
    file: Path, monkeypatch: pytest.MonkeyPatch, variable: str, text: str, message: str
) -> None:
    file.write_text("")
    monkeypatch.setenv(f"RESONANCE_LOGS_{variable}", text)
    with pytest.raises(InputError) as error:
        Configuration.load()
    assert str(error.value).startswith(f"RESONANCE_LOGS_{variable}: ")
    assert message in str(error.value)


@pytest.mark.parametrize(
    "content",
    [
        "keep_fights_newest = " + "[" * 100_000 + "]" * 100_000,
        "keep_fights_newest = " + "{a=" * 100_000 + "1" + "}" * 100_000,
        "keep_fights_newest = " + "9" * 10_000,
    ],
)
def test_values_without_end_are_refused_with_the_name_of_the_file(file: Path, content: str) -> None:
    file.write_text(content)
    with pytest.raises(InputError, match=file.name):
        Configuration.load()
