"""The demo, at full speed."""

import json
import shlex
from pathlib import Path

import pytest

from tests.helpers.cli import Run, error_lines

COMMANDS = {"list", "show", "info", "favorite", "call", "simulate", "ingest"}


def demonstrate(run: Run, **where: Path | None) -> str:
    done = run("demo", "--seconds", "0", **where)
    assert done.exit_code == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


def test_the_demo_shows_the_history_a_fight_a_players_skills_and_the_file(
    run: Run, path: Path
) -> None:
    shown = demonstrate(run)
    for part in ("fights 1 to 5 of 5", "bytes per hit", "damage dealt", "Try next:"):
        assert part in shown
    assert "Skill " not in shown.replace("Unknown Skill", "")
    assert json.loads(run("info", "--json").stdout)["encounters"] == 5


def test_every_command_that_the_demo_names_works(
    run: Run, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    # The last command serves until it is stopped; it has a test of its own.
    lines = [line.strip().removeprefix("$ ") for line in demonstrate(run).splitlines()][:-1]
    words = [shlex.split(line) for line in lines if " --db " in line or " simulate " in line]
    commands = [each[min(map(each.index, COMMANDS & set(each))) :] for each in words]
    assert len(commands) >= 8
    for arguments in commands:
        if arguments[0] == "simulate":
            arguments += ["--fights", "1", "--seconds", "5"]
        assert run(*arguments, db=None).exit_code == 0, arguments


@pytest.mark.parametrize("name", ["fights.db", "a night's fights.db"])
def test_it_ends_with_the_command_that_shows_its_database_in_a_browser(
    run: Run, tmp_path: Path, name: str
) -> None:
    db = tmp_path / name
    head, last = demonstrate(run, db=db).splitlines()[-2:]
    assert head == "See this database in a browser:"
    assert shlex.split(last)[-4:] == ["serve", "--db", str(db), "--open"]
    assert run("serve", "--help", db=None).stdout.count("--open") == 1


def test_an_existing_database_is_not_touched(run: Run, recorded: Path) -> None:
    before = recorded.read_bytes()
    done = run("demo")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"error: {recorded} already exists")
    assert recorded.read_bytes() == before


def test_the_demos_own_database_is_recreated_each_time(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_DB", str(recorded))
    before = recorded.read_bytes()
    for _ in range(2):
        assert "demo.db" in demonstrate(run, db=None)
    assert recorded.read_bytes() == before
