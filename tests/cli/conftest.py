"""A database with three fights, and two ways to run the command line on it."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from resonance_logs import (
    Database,
)
from resonance_logs.cli import app
from tests.helpers.cli import Process, Run, all_fights, write_lines


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("RESONANCE_LOGS_DB", raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data-home"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recorded once for all tests; never changed."""
    path = tmp_path_factory.mktemp("cli") / "fights.db"
    with Database.open(path) as db:
        for task in all_fights():
            db.enqueue(task)
        db.flush(30)
        db.commands.toggle_favorite_encounter(id=3, is_favorite=True)
    return path


@pytest.fixture
def recorded(template: Path, path: Path) -> Path:
    """A database with the three fights, of which the third is a favourite."""
    shutil.copy(template, path)
    return path


@pytest.fixture
def tasks_file(tmp_path: Path) -> Path:
    """The three fights as a file of tasks."""
    return write_lines(tmp_path / "night.ndjson", all_fights())


@pytest.fixture
def run(path: Path) -> Run:
    """Runs a command within this process, on the test's database unless it names another."""

    def run_command(*args: str | Path, db: Path | None = path, stdin: bytes = b"") -> Result:
        words = [str(arg) for arg in args]
        if db is not None:
            words += ["--db", str(db)]
        return CliRunner().invoke(app, words, input=stdin)

    return run_command


@pytest.fixture
def start() -> type[Process]:
    """Starts the command line in a process of its own."""
    return Process
