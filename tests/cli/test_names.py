"""Names of many languages in the terminal: found in any case and form, shown as they are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.cells import cell_len

from resonance_logs import BeginEncounter, Database, EndEncounter, UpsertEntity
from tests.helpers.cli import Run, hit
from tests.helpers.truth import load_tasks, needs_data

NAMES = ["👨\u200d👩\u200d👧 Fam", "می\u200cخواهم", "İstanbul", "IĞDIR", "Ce\u0301line", "ＡＯＩ"]


def record(path: Path, *tasks: object) -> None:
    with Database.open(path) as database:
        database.enqueue_many(tasks)  # type: ignore[arg-type]


@pytest.fixture
def named(path: Path) -> Path:
    """A database with one fight of NAMES."""
    players = enumerate(NAMES, 1)
    record(
        path,
        BeginEncounter(started_at_ms=1_000),
        *(UpsertEntity(entity_id=number, seen_at_ms=1_000, name=name) for number, name in players),
        *(hit(2_000, number, 10 * number) for number in range(1, len(NAMES) + 1)),
        EndEncounter(ended_at_ms=9_000),
    )
    return path


SEARCHES = [
    ("istanbul", "İstanbul"),
    ("ISTANBUL", "İstanbul"),
    ("ığdır", "IĞDIR"),
    ("Iğdır", "IĞDIR"),
    ("c\u00e9line", "Ce\u0301line"),
    ("CE\u0301LINE", "Ce\u0301line"),
    ("aoi", "ＡＯＩ"),
]


@pytest.mark.parametrize(("search", "name"), SEARCHES)
def test_a_player_is_found_in_any_case_and_form(
    named: Path, run: Run, search: str, name: str
) -> None:
    listed = run("list", "--json", "--player-name", search)
    assert json.loads(listed.stdout)["totalCount"] == 1
    assert name in run("show", "1", "--skills", search).stdout
    found = json.loads(run("call", "get_players", json.dumps({"search": search})).stdout)
    assert [row["name"] for row in found["rows"]] == [name]


def test_joiners_are_shown_as_they_are_and_columns_stay_straight(named: Path, run: Run) -> None:
    shown = run("show", "1").stdout
    lines = [line for line in shown.splitlines() for name in NAMES if name in line]
    assert len(lines) == len(NAMES)
    assert len({cell_len(line.rstrip()) for line in lines}) == 1, shown
    assert "\\u" not in shown


def test_a_player_who_is_not_there_is_named_as_typed(named: Path, run: Run) -> None:
    failed = run("show", "1", "--skills", "x\u200d\u202ey")
    assert "fight 1 has no player 'x\u200d\\u202ey'" in failed.stderr
    assert NAMES[0] in failed.stderr


@needs_data
def test_the_names_of_the_case_are_found_and_shown(path: Path, run: Run) -> None:
    record(path, *load_tasks("cases/names"))
    for search, count in (("istanbul", 1), ("ığdır", 1), ("strasse", 2), ("c\u00e9line", 2)):
        found = json.loads(run("call", "get_players", json.dumps({"search": search})).stdout)
        assert found["totalCount"] == count, search
    shown = run("show", "1").stdout
    assert "👨\u200d👩\u200d👧 Fam" in shown
    assert "می\u200cخواهم" in shown
    assert "\\u202eevil" in shown
    assert "\u202e" not in shown
    assert "\\u200d" not in shown
