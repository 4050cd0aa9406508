"""Every example that the documents show is run."""

import re
import shlex
import signal
import sqlite3
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from os import environ
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import typer

from resonance_logs import Database, EndEncounter, Settings, decode_task
from resonance_logs.cli import app
from resonance_logs.sources.simulation import Night, simulate
from tests.helpers.documents import (
    DOCUMENTS,
    ROOT,
    blocks,
    is_as_shown,
    name,
    shown_commands,
    with_blocks,
)
from tests.helpers.serving import Server

SERVED = "http://127.0.0.1:8017/"
OTHER_PROGRAMS = {"your-meter", "make", "pip", "curl", "python"}


@pytest.mark.parametrize("document", with_blocks("console"), ids=name)
def test_console_blocks_print_what_is_shown(document: Path, tmp_path: Path) -> None:
    environment = {
        **environ,
        "RESONANCE_LOGS_DB": str(tmp_path / "tour.db"),
        "COLUMNS": "96",
        "TZ": "UTC",
        "PYTHONIOENCODING": "utf-8",
    }
    for command, shown in shown_commands(document):
        program, *arguments = shlex.split(command)
        assert program == "resonance-logs"
        done = subprocess.run(
            [sys.executable, "-m", "resonance_logs", *arguments],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            timeout=300,
        )
        assert is_as_shown(done.stdout.splitlines(), shown), f"{command}\n{done.stdout}"


def test_an_output_is_compared_but_for_lines_left_out_and_speed() -> None:
    shown = ["fights 4 · tasks per second 331,557", "a (b)", "…", "z"]
    assert is_as_shown(["fights 4 · tasks per second 7", "a (b)", "c", "", "z "], shown)
    assert is_as_shown(["fights 4 · tasks per second 7", "a (b)", "z"], shown)
    assert not is_as_shown(["fights 5 · tasks per second 7", "a (b)", "z"], shown)
    assert not is_as_shown(["fights 4 · tasks per second 7", "a b", "z"], shown)
    assert not is_as_shown(["fights 4 · tasks per second 7", "a (b)", "z", "more"], shown)


@pytest.mark.parametrize("document", with_blocks("python"), ids=name)
def test_python_blocks_print_what_is_shown(document: Path, tmp_path: Path) -> None:
    for block in blocks(document, "python"):
        done = subprocess.run(
            [sys.executable, "-c", block.text],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env={**environ, "PYTHONIOENCODING": "utf-8"},
            timeout=300,
        )
        assert (done.stdout, done.stderr) == (block.output, ""), block.text


@pytest.mark.parametrize("document", with_blocks("json"), ids=name)
def test_json_blocks_are_the_tasks_of_a_whole_fight(document: Path) -> None:
    for block in blocks(document, "json"):
        tasks = [decode_task(line) for line in block.text.splitlines()]
        assert isinstance(tasks[-1], EndEncounter)


@pytest.mark.parametrize("document", with_blocks("toml"), ids=name)
def test_toml_blocks_are_settings(document: Path) -> None:
    for block in blocks(document, "toml"):
        values = tomllib.loads(block.text)
        assert values
        Settings(**values)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with a raid night."""
    path = tmp_path_factory.mktemp("night") / "fights.db"
    with Database.open(path) as database:
        database.enqueue_many(list(simulate(Night(seed=7, fights=4, seconds=5))))
        database.flush()
    return path


@pytest.mark.parametrize("document", with_blocks("sql"), ids=name)
def test_sql_blocks_find_rows(document: Path, night: Path) -> None:
    for block in blocks(document, "sql"):
        connection = sqlite3.connect(f"file:{night}?mode=ro", uri=True)
        try:
            assert connection.execute(block.text).fetchall(), block.text
        finally:
            connection.close()


def shell_lines() -> Iterator[str]:
    for document in with_blocks("sh"):
        for block in blocks(document, "sh"):
            yield from block.text.splitlines()


@pytest.mark.parametrize("line", sorted(set(shell_lines())))
def test_a_shell_line_names_programs_commands_and_options_that_exist(line: str) -> None:
    """The lines are not run: they serve, follow, install, or need a meter."""
    for part in shlex.join(shlex.split(line, comments=True)).split("'|'"):
        words = [word for word in shlex.split(part) if not re.match(r"[A-Z_]+=", word)]
        program, *arguments = words
        if program == "resonance-logs":
            _parse(arguments)
        elif program == "make":
            assert re.search(rf"^{arguments[0]}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        elif program == "pip":
            _check_extras(arguments[-1])
        else:
            assert program in OTHER_PROGRAMS


def _parse(arguments: list[str]) -> None:
    """Read the arguments as the command would; what it does not know is an error."""
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        command = command.commands[arguments.pop(0)]
    command.make_context(command.name, arguments)


def _check_extras(requirement: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for extra in re.findall(r"\[(\w+)\]", requirement):
        assert extra in project["optional-dependencies"]


@pytest.mark.skipif(which("curl") is None, reason="curl is not installed")
def test_the_requests_shown_are_answered(tmp_path: Path) -> None:
    lines = [line for line in shell_lines() if line.startswith("curl ")]
    assert lines
    night = ["simulate", "--fights", "1", "--seconds", "5", "-o", "night.ndjson"]
    subprocess.run([sys.executable, "-m", "resonance_logs", *night], cwd=tmp_path, check=True)
    server = Server(tmp_path / "fights.db")
    try:
        for line in lines:
            assert SERVED in line
            words = shlex.split(line.replace(SERVED, server.address))
            subprocess.run([*words, "--fail", "--silent"], cwd=tmp_path, check=True, timeout=120)
    finally:
        server.end(signal.SIGTERM)
    with Database.open(tmp_path / "fights.db", record=False) as database:
        assert database.commands.get_recent_encounters().total_count == 1


def test_every_language_of_a_block_is_one_that_is_tested() -> None:
    languages = {
        language
        for document in DOCUMENTS
        for language in re.findall(r"^```(\w+)$", document.read_text("utf-8"), re.MULTILINE)
    }
    assert languages <= {"console", "python", "text", "json", "toml", "sql", "sh", "nginx", "caddy"}
