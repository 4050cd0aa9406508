"""What the file contains, favourites, deletion; and files that cannot be used."""

import json
import sqlite3
from pathlib import Path

import pytest

from resonance_logs.store.sqlite.migrate import SCHEMA_VERSION
from tests.helpers.cli import Run, error_lines, first_fight, write_lines

READERS = (
    ("list",),
    ("show", "1"),
    ("info",),
    ("call", "get_unique_boss_names"),
    ("favorite", "1"),
    ("delete", "1", "--yes"),
)


def ids(run: Run, *options: str) -> list[int]:
    return [row["id"] for row in json.loads(run("list", "--json", *options).stdout)["rows"]]


def test_info_tells_what_the_file_holds(run: Run, recorded: Path) -> None:
    shown = run("info").stdout
    for part in (str(recorded), f"schema {SCHEMA_VERSION}", "bytes per hit"):
        assert part in shown
    rows = dict(line.split(maxsplit=1) for line in shown.splitlines())
    assert rows["fights"].strip() == "3"
    assert rows["players"].strip() == "3"


def test_info_counts_a_fight_that_is_still_open(run: Run, tmp_path: Path, recorded: Path) -> None:
    run("ingest", write_lines(tmp_path / "open.ndjson", first_fight()[:-1]))
    assert "4 (1 still open)" in run("info").stdout


def test_info_as_json_is_the_commands_answer(run: Run, recorded: Path) -> None:
    assert json.loads(run("info", "--json").stdout)["encounters"] == 3


def test_info_of_an_empty_database_is_short(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty.ndjson").touch()
    assert run("ingest", tmp_path / "empty.ndjson").exit_code == 0
    done = run("info")
    assert done.exit_code == 0
    assert "from" not in dict(line.split(maxsplit=1) for line in done.stdout.splitlines())


def test_a_favourite_is_marked_and_unmarked(run: Run, recorded: Path) -> None:
    assert run("favorite", "1").stdout == "fight 1 is now a favourite\n"
    assert ids(run, "--favorites") == [3, 1]
    assert run("favorite", "1", "--off").stdout == "fight 1 is no longer a favourite\n"
    assert ids(run, "--favorites") == [3]


def test_a_note_and_tags_are_written_shown_and_removed(run: Run, recorded: Path) -> None:
    assert run("note", "1", "close [bold]one[/]").stdout == "fight 1 has a note\n"
    assert run("tag", "1", "wipe", "week 3").stdout == "tags of fight 1: wipe, week 3\n"
    assert ids(run, "--tag", "week 3") == [1]
    shown = run("show", "1").stdout
    assert "tags: wipe, week 3\nclose [bold]one[/]\n" in shown
    assert run("note", "1", "").stdout == "fight 1 has no note\n"
    assert run("tag", "1").stdout == "tags of fight 1: none\n"
    assert "tags" not in run("show", "1").stdout
    assert run("tag", "1", " ").stderr.startswith("error: tags.0: ")


def test_deleted_fights_are_gone(run: Run, recorded: Path) -> None:
    assert run("delete", "1", "3", "3", "--yes").stdout == "deleted 2 fights\n"
    assert ids(run) == [2]
    assert run("delete", "2", "-y").stdout == "deleted fight 2\n"
    assert ids(run) == []


def test_without_a_terminal_deleting_needs_yes(run: Run, recorded: Path) -> None:
    done = run("delete", "1")
    assert done.exit_code == 2
    assert "--yes" in done.stderr
    assert ids(run) == [3, 2, 1]


def test_where_one_of_several_is_not_there_none_is_deleted(run: Run, recorded: Path) -> None:
    done = run("delete", "1", "99", "--yes")
    assert done.exit_code == 1
    assert "99" in done.stderr
    assert ids(run) == [3, 2, 1]


@pytest.mark.parametrize("command", [("favorite", "99"), ("delete", "99", "--yes")])
def test_a_fight_that_does_not_exist_is_an_error(
    run: Run, recorded: Path, command: tuple[str, ...]
) -> None:
    done = run(*command)
    assert done.exit_code == 1
    assert error_lines(done.stderr) == ["error: there is no fight 99"]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_asking_a_missing_database_makes_none(
    run: Run, path: Path, command: tuple[str, ...]
) -> None:
    done = run(*command)
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [
        f"error: there is no database at {path}; record something first"
    ]
    assert not path.exists()


def test_the_database_is_also_named_by_the_environment(
    run: Run, recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESONANCE_LOGS_DB", str(recorded))
    assert str(recorded) in run("info", db=None).stdout


def test_without_any_name_the_database_is_in_the_data_folder(run: Run, tasks_file: Path) -> None:
    assert run("ingest", tasks_file, db=None).exit_code == 0
    path = json.loads(run("info", "--json", db=None).stdout)["path"]
    assert path.endswith("resonance-logs.db")
    assert Path(path).exists()


def refused(run: Run, db: Path, tasks_file: Path) -> str:
    """The one line that both a reader and a recorder print for an unusable file."""
    lines = []
    for command in (("info",), ("ingest", str(tasks_file))):
        done = run(*command, db=db)
        assert done.exit_code == 1
        lines += error_lines(done.stderr)
    first, second = lines
    assert first == second
    return first


def test_a_folder_is_not_a_database(run: Run, tmp_path: Path, tasks_file: Path) -> None:
    assert "is a folder" in refused(run, tmp_path, tasks_file)


def test_another_file_is_not_a_database_and_stays_as_it_is(run: Run, tasks_file: Path) -> None:
    before = tasks_file.read_bytes()
    assert "is not a database" in refused(run, tasks_file, tasks_file)
    assert tasks_file.read_bytes() == before
    assert not list(tasks_file.parent.glob(f"{tasks_file.name}.*"))


def test_a_database_of_a_newer_version_is_refused(
    run: Run, recorded: Path, tasks_file: Path
) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    assert "newer version" in refused(run, recorded, tasks_file)


def test_where_no_file_can_be_made_recording_says_so(run: Run, tasks_file: Path) -> None:
    # An unwritable folder stops everybody but root; a file in place of the folder stops root too.
    done = run("ingest", tasks_file, db=tasks_file / "below" / "fights.db")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith("error: cannot create the folder")


def test_a_check_tells_that_all_is_intact_or_what_is_not(run: Run, recorded: Path) -> None:
    assert run("check").stdout == "OK: 3 fights match their hits\n"
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE encounters SET total_dmg = total_dmg + 1 WHERE id = 2")
    connection.commit()
    connection.close()
    done = run("check")
    assert done.exit_code == 1
    assert done.stdout.splitlines() == [
        "figures: fight 2: its start, end, names or totals do not match their checksum",
        "figures: fight 2: its sums of its actors differ from its individual hits",
    ]
    assert json.loads(run("check", "--json").stdout)["isSound"] is False
    assert run("check", "--quick").exit_code == 0


def test_a_backup_is_made_and_put_back(run: Run, recorded: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.db"
    assert f" to {saved}" in run("backup", saved).stdout
    assert run("delete", "1", "--yes").exit_code == 0
    restored = run("restore", saved)
    assert restored.exit_code == 0
    assert "the previous database is kept as" in restored.stdout
    assert json.loads(run("list", "--json").stdout)["totalCount"] == 3
    again = run("backup", saved)
    assert again.exit_code == 1
    assert error_lines(again.stderr) == [f"error: {saved} already exists; choose another name"]


def test_a_damaged_file_is_repaired_and_kept(run: Run, recorded: Path) -> None:
    assert run("salvage").stdout == "OK: the database is not damaged\n"
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE damage_skill_stats SET hits = hits + 1 WHERE encounter_id = 2")
    connection.commit()
    connection.close()
    assert run("check").exit_code == 1
    done = run("salvage")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert sorted(lines[0].removeprefix("fights: ").split(", ")) == [
        "1 rebuilt from the individual hits",
        "2 saved completely",
    ]
    assert lines[1] == "fight 2 rebuilt from the individual hits: damage_skill_stats"
    assert lines[2].startswith("the damaged file is kept as ")
    assert run("check").exit_code == 0
    missing = run("salvage", db=recorded.with_name("nowhere.db"))
    assert missing.exit_code == 1
    assert "there is no database" in missing.stderr
