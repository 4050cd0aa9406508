"""What the documents say is so: every command shown is run, every name listed is there."""

import json
import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import msgspec
import pytest

from resonance_logs import Settings, decode_task
from resonance_logs.cli import app
from resonance_logs.commands import Filters
from resonance_logs.commands.registry import REGISTRY
from resonance_logs.tasks import TASK_TYPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """The code blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def table(heading: str) -> list[list[str]]:
    """The rows of the table with this first heading, each cell without its backquotes."""
    lines = README[README.index(f"| {heading} |") :].split("\n\n")[0].splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def quoted(cell: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", cell))


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    """Each command line of the tour, with the lines shown below it."""
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            yield command, output


def test_every_command_of_the_tour_prints_what_is_shown(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "RESONANCE_LOGS_DB": str(tmp_path / "tour.db"),
        "COLUMNS": "96",
        "TZ": "UTC",
        "PYTHONIOENCODING": "utf-8",
    }
    shown = list(shown_commands())
    assert len(shown) >= 8
    for command, expected in shown:
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
            timeout=120,
        )
        printed = [line.rstrip() for line in done.stdout.splitlines()]
        assert _without_speed(printed) == _without_speed(expected), command


def _without_speed(lines: list[str]) -> list[str]:
    return [re.sub(r"(tasks a second) [\d,]+", r"\1", line) for line in lines]


def test_the_python_example_runs_and_prints_what_it_recorded(tmp_path: Path) -> None:
    (program,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert (done.stdout, done.stderr) == ("Tina's Court 250\n", "")


def test_the_tasks_shown_are_tasks(tmp_path: Path) -> None:
    (lines,) = blocks("json")
    assert len([decode_task(line) for line in lines.splitlines()]) == 4


def test_the_statement_shown_runs_on_a_database(tmp_path: Path) -> None:
    (program,), (statement,) = blocks("python"), blocks("sql")
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True, timeout=120)
    connection = sqlite3.connect(tmp_path / "fights.db")
    cursor = connection.execute(statement.replace("e.is_defeated AND", ""))
    assert [column[0] for column in cursor.description][-1] == "dps"
    assert [row[2] for row in cursor] == ["Aoi"]
    connection.close()


def test_every_task_is_listed_with_its_fields() -> None:
    listed = {
        next(iter(quoted(kind))): (quoted(required), quoted(optional))
        for kind, required, optional in table("type")
    }
    for kind in TASK_TYPES:
        struct = msgspec.structs.fields(kind)
        required = {each.encode_name for each in struct if each.required}
        optional = {each.encode_name for each in struct if not each.required}
        assert listed[str(kind.__struct_config__.tag)] == (required, optional)  # type: ignore[attr-defined]


def test_every_setting_is_listed_with_its_default() -> None:
    listed = {next(iter(quoted(name))): default for name, default, _ in table("setting")}
    assert listed == {
        each.name: str(each.default) for each in fields(Settings) if each.default is not MISSING
    }


def test_every_command_is_listed_with_its_arguments() -> None:
    rows = [row for row in table("command | arguments") if len(row) == 2]
    listed = {next(iter(quoted(name))): quoted(arguments) for name, arguments in rows}
    assert listed == {name: set(each.argument_names) for name, each in REGISTRY.items()}


def test_every_filter_is_listed() -> None:
    paragraph = next(part for part in README.split("\n\n") if part.startswith("`filters` takes"))
    aliases = {field.alias for field in Filters.model_fields.values()}
    assert aliases <= quoted(paragraph)


def test_every_command_of_the_command_line_is_listed() -> None:
    listed = {
        name.split()[0] for cell, _ in table("command | what it does") for name in quoted(cell)
    }
    groups = {group.name for group in app.registered_groups}
    assert listed == {command.name for command in app.registered_commands} | groups


@pytest.mark.parametrize("name", sorted(re.findall(r"\b[A-Z]\w*_DB\b", README)))
def test_the_environment_variable_is_the_programs(name: str) -> None:
    from resonance_logs.location import ENVIRONMENT_VARIABLE

    assert name == ENVIRONMENT_VARIABLE


def test_every_module_that_contributing_names_is_there_and_none_is_left_out() -> None:
    rows = re.findall(r"^\| (`.*?) \|", CONTRIBUTING, re.MULTILINE)
    named = {name.strip("/") for row in rows for name in quoted(row)}
    package = ROOT / "src/resonance_logs"
    there = {
        path.stem
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__", "__main__"}
    assert named == there


def test_every_target_of_make_that_the_readme_names_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"\bmake ([a-z]+)\b", README + CONTRIBUTING)) - {"sure"}
    assert named <= set(targets)


def test_documents_are_valid_text_without_tabs_and_links_lead_somewhere() -> None:
    for document in ROOT.glob("*.md"):
        text = document.read_text(encoding="utf-8")
        assert "\t" not in text
        for link in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / link).exists(), link


def test_the_registry_describes_itself_as_json() -> None:
    for command in REGISTRY.values():
        assert json.loads(json.dumps(command.description))["summary"]


def test_every_picture_is_shown_or_linked_and_is_there() -> None:
    shown = set(re.findall(r"!\[[^\]]+\]\((docs/pictures/[^)]+)\)", README))
    assert len(shown) >= 9
    assert all((ROOT / picture).read_bytes().startswith(b"\x89PNG") for picture in shown)


def test_every_page_of_the_tour_is_served(tmp_path: Path) -> None:
    chapter = README.split("## In a browser")[1].split("\n## ")[0]
    addresses = {each for each in quoted(chapter) if each.startswith("/")}
    routes = subprocess.run(
        [sys.executable, "-c", _ROUTES, str(tmp_path / "fights.db")],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    served = {re.sub(r"{\w+}", "ID", route) for route in routes}
    assert addresses <= served
    pages = {route for route in served if not route.startswith(("/api", "/_nicegui"))}
    assert pages - {"/healthz", "/metrics", "/docs", "/openapi.json"} <= addresses


_ROUTES = """
import sys
from fastapi import FastAPI
from nicegui import app as pages
from resonance_logs import Database
from resonance_logs.pages.site import add_pages

with Database.open(sys.argv[1]) as database:
    served = FastAPI()
    served.state.database = database
    add_pages(served)
    print(*{route.path for route in pages.routes if hasattr(route, "endpoint")})
"""
