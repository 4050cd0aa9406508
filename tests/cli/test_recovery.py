"""What the command line shows of interrupted fights, and of a file that is being recorded."""

import sqlite3
from pathlib import Path

from resonance_logs import BeginEncounter, Database
from tests.helpers.cli import Run, error_lines, hit


def test_a_fight_that_is_not_complete_says_what_is_missing(run: Run, path: Path) -> None:
    with Database.open(path) as db:
        db.enqueue(BeginEncounter(started_at_ms=1_000))
        db.enqueue(hit(1_100, 7, 30))
        db.enqueue(hit(1_200, 7, "many"))  # type: ignore[arg-type]
    Database.open(path).close()
    assert "interrupted" in run("list").stdout
    shown = run("show", "1").stdout
    assert "incomplete: the recorder stopped before the fight ended, 1 events were" in shown


def test_a_fight_that_is_not_what_was_written_says_so(run: Run, recorded: Path) -> None:
    connection = sqlite3.connect(recorded)
    connection.execute("UPDATE encounters SET total_dmg = 9 WHERE id = 2")
    connection.commit()
    connection.close()
    assert run("list").stdout.count("damaged") == 1
    assert "incomplete: the stored figures are damaged" in run("show", "2").stdout


def test_a_file_that_is_being_recorded_is_read_but_not_recorded_into(
    run: Run, path: Path, tmp_path: Path
) -> None:
    night = tmp_path / "night.ndjson"
    night.write_bytes(b'{"type":"begin_encounter","started_at_ms":1}\n')
    with Database.open(path):
        assert run("list").exit_code == 0
        done = run("ingest", night)
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert "is being recorded by another program" in line
