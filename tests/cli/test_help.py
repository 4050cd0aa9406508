"""Help is complete, and fast."""

import subprocess
import sys
from typing import Any

import pytest
import typer
from typer.core import TyperGroup, TyperOption

from resonance_logs.cli import app
from tests.helpers.cli import Run

HEAVY = ("numpy", "sqlalchemy", "pydantic", "msgspec", "alembic", "zstandard", "rich.table")
COMMANDS = (
    ("ingest",),
    ("list",),
    ("show",),
    ("call",),
    ("simulate",),
    ("info",),
    ("check",),
    ("doctor",),
    ("serve",),
    ("rejects", "list"),
    ("rejects", "retry"),
    ("rejects", "delete"),
    ("backup",),
    ("restore",),
    ("export",),
    ("import",),
    ("salvage",),
    ("prune",),
    ("delete",),
    ("favorite",),
    ("note",),
    ("tag",),
    ("catalog", "load"),
    ("demo",),
)
PROGRAM = """
import sys
from resonance_logs.cli import main
sys.argv[0] = "resonance-logs"
try:
    main()
finally:
    sys.stderr.write(" ".join(m for m in %r if m in sys.modules))
"""


def click_command(names: tuple[str, ...]) -> Any:
    """The command of the command line with this name."""
    found: Any = typer.main.get_command(app)
    for name in names:
        assert isinstance(found, TyperGroup)
        found = found.commands[name]
    return found


@pytest.mark.parametrize("command", [(), ("list",), ("catalog", "load"), ("demo",)])
def test_help_imports_nothing_heavy(command: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM % (HEAVY,), *command, "--help"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: resonance-logs")
    assert done.stderr == ""


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(run: Run, command: tuple[str, ...]) -> None:
    done = run(*command, "--help", db=None)
    assert done.exit_code == 0
    assert f"Usage: resonance-logs {' '.join(command)}" in done.stdout
    assert "--db" in done.stdout or command == ("simulate",)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_help_text(run: Run, command: tuple[str, ...]) -> None:
    shown = " ".join(run(*command, "--help", db=None).stdout.split())
    options = [each for each in click_command(command).params if isinstance(each, TyperOption)]
    assert options
    for option in options:
        assert option.help, option.opts
        assert " ".join(option.help.split()) in shown, option.opts


@pytest.mark.parametrize("command", COMMANDS)
def test_the_database_may_be_named_before_the_command(run: Run, command: tuple[str, ...]) -> None:
    """To show the help is enough: an option that is not known fails before."""
    done = run("--db", "somewhere.db", *command, "--help", db=None)
    if command == ("simulate",):
        assert done.exit_code == 2
        assert "simulate has no option --db" in done.stderr
    else:
        assert done.exit_code == 0, done.stderr


def test_without_a_command_the_help_is_shown(run: Run) -> None:
    done = run(db=None)
    assert "Usage: resonance-logs" in done.output
    assert all(command[0] in done.output for command in COMMANDS)


def test_the_version_is_reported(run: Run) -> None:
    done = run("--version", db=None)
    assert done.exit_code == 0
    assert done.stdout.startswith("resonance-logs 0.")


@pytest.mark.parametrize("wrong", [("bogus",), ("list", "--bogus"), ("show",), ("show", "x")])
def test_wrong_usage_ends_with_2(run: Run, wrong: tuple[str, ...]) -> None:
    done = run(*wrong, db=None)
    assert done.exit_code == 2
    assert "Error" in done.stderr
