"""The command line over a database of two games by two recorders."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.helpers.cli import Run, error_lines
from tests.helpers.two_games import record_two_games


@pytest.fixture(scope="module")
def two_games_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recorded once; never changed."""
    file = tmp_path_factory.mktemp("games") / "fights.db"
    record_two_games(file)
    return file


@pytest.fixture
def two_games(two_games_file: Path, path: Path) -> Path:
    shutil.copy(two_games_file, path)
    return path


@pytest.mark.usefixtures("two_games")
@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), [4, 3, 2, 1]),
        (("--game", "wow"), [3, 2]),
        (("--game", " WoW "), [3, 2]),
        (("--game", "wow", "--game", "bpsr"), [4, 3, 2, 1]),
        (("--recorder", "alt"), [3, 2]),
        (("--recorder", "ALT", "--kills"), [3]),
        (("--recorder", "default"), [4, 1]),
        (("--boss", "ogre", "--game", "bpsr"), [4, 1]),
        (("--class", "1"), [4, 3, 2, 1]),
        (("--class", "1", "--game", "wow"), [3, 2]),
        (("--class", "Stormblade"), [4, 1]),
        (("--class", "stormblade", "--game", "bpsr"), [4, 1]),
        (("--class", "8", "--game", "bpsr"), []),
    ],
    ids=str,
)
def test_the_list_is_filtered_by_game_and_recorder(
    run: Run, options: tuple[str, ...], ids: list[int]
) -> None:
    done = run("list", "--json", *options)
    assert done.exit_code == 0, done.stderr
    assert [row["id"] for row in json.loads(done.stdout)["rows"]] == ids


@pytest.mark.usefixtures("two_games")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--game", "wo"), ["unknown game 'wo'; similar: wow"]),
        (("--game", "zzz"), ["unknown game 'zzz'; no games have a similar name"]),
        (("--recorder", "alte"), ["unknown recorder 'alte'; similar: alt"]),
        (("--scene", "voi", "--game", "wow"), ["unknown scene 'voi' of wow; similar: Void"]),
        (
            ("--scene", "Void", "--game", "bpsr"),
            ["unknown scene 'Void' of bpsr; no scenes have a similar name"],
        ),
        (
            ("--player", "Thral", "--game", "wow"),
            ["unknown player 'Thral' of wow; similar: Thrall"],
        ),
    ],
    ids=str,
)
def test_unknown_names_are_told_with_similar_ones(
    run: Run, options: tuple[str, ...], told: list[str]
) -> None:
    done = run("list", *options)
    assert done.exit_code == 0
    assert error_lines(done.stderr) == told


@pytest.mark.usefixtures("two_games")
@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--class", "Shaman"), "unknown class 'Shaman'; the classes are Stormblade, "),
        (("--class", "Shaman", "--game", "wow"), "those of this game have no names, only numbers"),
        (("--game", "w o w"), "the characters a-z, 0-9 and -"),
        (("--recorder", ""), "recorders: "),
    ],
    ids=str,
)
def test_what_cannot_be_a_class_game_or_recorder_is_a_usage_error(
    run: Run, options: tuple[str, ...], told: str
) -> None:
    done = run("list", *options)
    assert done.exit_code == 2
    assert told in " ".join(done.stderr.split())


@pytest.mark.usefixtures("two_games")
def test_recorder_and_game_are_columns_where_there_are_several(run: Run) -> None:
    heading, _, *rows = run("list").stdout.splitlines()
    assert heading.split()[:5] == ["id", "started", "recorder", "game", "scene"]
    assert ["alt" in row and "wow" in row for row in rows[:4]] == [False, True, True, False]
    assert ["default" in row and "bpsr" in row for row in rows[:4]] == [True, False, False, True]


@pytest.mark.usefixtures("two_games")
def test_a_fight_names_its_recorder_its_game_and_the_classes_of_the_game(run: Run) -> None:
    lines = run("show", "2").stdout.splitlines()
    assert lines[2] == "recorder alt · game wow"
    thrall, jaina = (next(line for line in lines if name in line) for name in ("Thrall", "Jaina"))
    assert "Class 1 · Spec 2" in thrall
    assert "Class 8" in jaina
    skills = run("show", "2", "--skills", "Thrall").stdout
    assert "recorder alt · game wow" in skills
    assert "Chain Lightning" in skills
    assert "Stormblade · Moonstrike" in run("show", "1").stdout


@pytest.mark.usefixtures("recorded")
def test_one_recorder_and_one_game_are_not_named(run: Run) -> None:
    assert "recorder" not in run("list").stdout
    assert "recorder" not in run("show", "1").stdout


def test_the_recorders_are_listed(run: Run, two_games: Path) -> None:
    heading, _, alt, default = run("recorders").stdout.splitlines()
    assert heading.split() == [
        *("recorder", "game", "position", "fights"),
        *("last", "seen", "open", "fight"),
    ]
    assert alt.split()[:4] == ["alt", "wow", "10", "2"]
    assert default.split()[:4] == ["default", "bpsr", "8", "2"]
    rows = json.loads(run("recorders", "--json").stdout)
    assert [row["name"] for row in rows] == ["alt", "default"]
    connection = sqlite3.connect(two_games)
    connection.execute("DELETE FROM recorders WHERE name = 'alt'")
    connection.execute("UPDATE encounters SET ended_at_ms = NULL WHERE id = 4")
    connection.commit()
    connection.close()
    _, _, alt, default = run("recorders").stdout.splitlines()
    assert alt.split() == ["alt", "wow", "0", "2", "never"]
    assert default.split()[-1] == "4"


def test_a_database_without_fights_has_no_recorders(run: Run, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text('{"5": "Slash"}')
    assert run("catalog", "load", names).exit_code == 0
    assert run("recorders").stdout == "no recorders\n"


def test_rejected_tasks_tell_whose_they_are(run: Run, two_games: Path) -> None:
    connection = sqlite3.connect(two_games)
    connection.execute(
        "INSERT INTO rejected_tasks (rejected_at_ms, task, error, recorder, game) "
        "VALUES (1700000000000, '{}', 'bad', 'alt', 'wow')"
    )
    connection.commit()
    connection.close()
    assert run("rejects", "list").stdout.splitlines()[0].endswith(" · recorder alt · game wow")


@pytest.mark.usefixtures("two_games")
def test_names_are_loaded_for_a_game(run: Run, tmp_path: Path) -> None:
    names = tmp_path / "names.json"
    names.write_text('{"5": "Lava Burst", "6": "Frostbolt"}')
    assert run("catalog", "load", names, "--game", "WOW").exit_code == 0
    skills = run("show", "2", "--skills", "Thrall").stdout
    assert "Lava Burst" in skills
    assert "Slash" in run("show", "1", "--skills", "Aoi").stdout
    assert run("catalog", "load", names, "--game", "w!").exit_code == 2
