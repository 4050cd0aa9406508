"""Where the database file is."""

from pathlib import Path

import platformdirs
import pytest

from resonance_logs import DatabaseUnavailable
from resonance_logs.settings import default_path, find_path


def test_the_argument_goes_before_the_environment_and_that_before_the_platforms_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_DB", str(tmp_path / "env.db"))
    assert find_path(tmp_path / "arg.db") == tmp_path / "arg.db"
    assert find_path() == tmp_path / "env.db"
    monkeypatch.delenv("RESONANCE_LOGS_DB")
    assert find_path() == default_path()


def test_an_empty_environment_variable_names_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_DB", "")
    assert find_path() == default_path()


def test_the_default_lies_in_the_users_local_data_directory() -> None:
    folder = platformdirs.user_data_path("resonance-logs", appauthor=False)
    assert default_path() == folder / "resonance-logs.db"


def test_a_tilde_is_the_home_folder_and_a_relative_path_the_present_folder(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_path("x.db") == tmp_path / "x.db"
    assert find_path("~/x.db") == Path.home() / "x.db"


def test_a_home_folder_of_nobody_is_reported() -> None:
    with pytest.raises(DatabaseUnavailable, match="~nobody-of-that-name/x"):
        find_path("~nobody-of-that-name/x.db")
