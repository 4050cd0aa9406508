"""The documents are complete: what they name is there, and what is there they name."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import resonance_logs
from resonance_logs import Database
from resonance_logs.commands.registry import REGISTRY
from tests.helpers.documents import DOCUMENTS, REFERENCE, ROOT, name

README = (ROOT / "README.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
USERS = "\n".join(document.read_text(encoding="utf-8") for document in DOCUMENTS)
ALL = [*sorted(ROOT.glob("*.md")), *REFERENCE]


def reference(page: str) -> str:
    """The text of a reference page."""
    return (ROOT / "docs" / page).read_text(encoding="utf-8")


def quoted(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))


def test_the_readme_is_short_and_links_every_reference_page() -> None:
    assert len(README.splitlines()) < 200
    linked = set(re.findall(r"\]\((docs/[\w-]+\.md)\)", README))
    assert linked == {name(page) for page in REFERENCE}


@pytest.mark.parametrize("document", ALL, ids=name)
def test_documents_have_no_tabs_and_their_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    assert "\t" not in text
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, heading = link.partition("#")
        target = document.parent / path if path else document
        assert target.exists(), link
        assert not heading or heading in _anchors(target), link


def _anchors(document: Path) -> set[str]:
    """The headings of a document as a link names them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_picture_is_shown_and_is_a_picture() -> None:
    shown = {
        (document.parent / path).resolve()
        for document in DOCUMENTS
        for path in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", document.read_text(encoding="utf-8"))
    }
    assert shown == set((ROOT / "docs/pictures").iterdir())
    assert all(picture.read_bytes().startswith(b"\x89PNG") for picture in shown)


def test_every_environment_variable_is_one_that_the_program_reads() -> None:
    from resonance_logs.cli.handover import TOKEN_VARIABLE
    from resonance_logs.settings import (
        ENVIRONMENT_VARIABLE,
        FILE_VARIABLE,
        PREFIX,
        TRACEBACK_VARIABLE,
        Settings,
    )

    named = set(re.findall(r"\bRESONANCE_LOGS_\w+", USERS))
    special = {TOKEN_VARIABLE, FILE_VARIABLE, TRACEBACK_VARIABLE, ENVIRONMENT_VARIABLE}
    assert special <= named
    assert {each.removeprefix(PREFIX).lower() for each in named - special} <= set(
        Settings.__slots__
    )


def test_every_export_and_every_method_of_a_database_is_named() -> None:
    named = set(re.findall(r"\w+", reference("python.md")))
    methods = {each for each in vars(Database) if not each.startswith("_")}
    assert {*resonance_logs.__all__, *methods} <= named


def test_every_module_that_contributing_names_is_there_and_none_is_left_out() -> None:
    rows = re.findall(r"^\| (`.*?) \|", CONTRIBUTING, re.MULTILINE)
    named = {module.strip("/") for row in rows for module in quoted(row)}
    package = ROOT / "src/resonance_logs"
    there = {
        path.stem
        for path in package.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").exists()
    } - {"__init__", "__main__"}
    assert named == there


def test_every_target_of_make_that_is_named_is_there() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    named = set(re.findall(r"`make ([a-z]+)`", USERS + CONTRIBUTING))
    assert {"demo", "test"} <= set(re.findall(r"^make ([a-z]+)", README, re.MULTILINE))
    assert named <= set(targets)


def test_every_benchmark_is_named() -> None:
    from bench.__main__ import BENCHMARKS

    rows = re.findall(r"^\| `(\w+)` \|", reference("performance.md"), re.MULTILINE)
    assert set(rows) == set(BENCHMARKS)


def test_the_registry_describes_itself_as_json() -> None:
    for command in REGISTRY.values():
        assert json.loads(json.dumps(command.description))["summary"]


def test_every_page_of_the_tour_is_served(tmp_path: Path) -> None:
    addresses = {each for each in quoted(reference("pages.md")) if each.startswith("/")}
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
from nicegui import app as pages
from resonance_logs import Database
from resonance_logs.web.app import create_app
from resonance_logs.web.guard import Rules
from resonance_logs.web.pages.routes import add_pages

with Database.open(sys.argv[1]) as database:
    add_pages(create_app(database, Rules()))
    print(*{route.path for route in pages.routes if hasattr(route, "endpoint")})
"""
