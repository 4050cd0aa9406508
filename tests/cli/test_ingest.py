"""Recording from files and standard input, and what bad input gets."""

import gzip
import os
import subprocess
from functools import partial
from pathlib import Path

import pytest
import zstandard

from resonance_logs import BeginEncounter, Database, UpsertEntity
from resonance_logs.tasks import encode_task
from tests.helpers.cli import Process, Run, all_fights, error_lines, first_fight, write_lines
from tests.helpers.cli_waiting import wait_for

BAD_LINES = [
    b"nonsense",
    b'{"type": "dance"}',
    b'{"type": "end_encounter", "ended_at_ms": 1, "extra": 2}',
    b'{"type": "end_encounter"}',
    b'{"type": "end_encounter", "ended_at_ms": "now"}',
    b'{"type": "end_encounter", "ended_at_ms": 9007199254740992}',
    b"\xff\xfe",
]
REASONS = [
    "not JSON",
    "type: unknown type 'dance'",
    "extra: unknown field",
    "ended_at_ms: missing",
    "ended_at_ms: expected int, got str",
    "ended_at_ms: expected int",
    "not",
]


def holds(file: Path, content: bytes) -> bool:
    return file.exists() and file.read_bytes() == content


def totals(path: Path) -> list[int]:
    with Database.open(path, record=False) as db:
        return [fight.total_dmg for fight in db.commands.get_recent_encounters().rows]


@pytest.fixture
def spoiled_file(tmp_path: Path) -> Path:
    """A whole fight, with an invalid line after each of its tasks."""
    good = [encode_task(task) for task in first_fight()]
    lines = [line for pair in zip(good, BAD_LINES, strict=False) for line in pair]
    lines += good[len(BAD_LINES) :]
    file = tmp_path / "spoiled.ndjson"
    file.write_bytes(b"\n".join(lines) + b"\n")
    return file


def test_the_fights_of_a_file_are_recorded_and_summed_up(
    run: Run, path: Path, tasks_file: Path
) -> None:
    done = run("ingest", tasks_file)
    assert done.exit_code == 0
    assert done.stdout.startswith(
        "fights 3 · tasks 16 · refused lines 0 · ignored 0 · strays 0 · rejected 0 · tasks per sec"
    )
    assert done.stderr == ""
    assert totals(path) == [10, 12_345_678, 5_000]


def test_packed_files_are_read_like_others(run: Run, path: Path, tmp_path: Path) -> None:
    lines = b"".join(encode_task(task) + b"\n" for task in all_fights())
    (tmp_path / "a.gz").write_bytes(gzip.compress(lines))
    (tmp_path / "b.zst").write_bytes(zstandard.compress(lines))
    assert run("ingest", tmp_path / "a.gz", tmp_path / "b.zst").exit_code == 0
    assert totals(path) == [10, 10, 12_345_678, 12_345_678, 5_000, 5_000]


def test_several_files_are_one_stream_in_their_order(run: Run, path: Path, tmp_path: Path) -> None:
    tasks = first_fight()
    halves = [
        write_lines(tmp_path / "1.ndjson", tasks[:4]),
        write_lines(tmp_path / "2.ndjson", tasks[4:]),
    ]
    assert run("ingest", *halves).exit_code == 0
    assert totals(path) == [5_000]


def test_standard_input_is_read_for_a_dash(run: Run, path: Path, tasks_file: Path) -> None:
    assert run("ingest", "-", stdin=tasks_file.read_bytes()).exit_code == 0
    assert len(totals(path)) == 3


def test_each_refused_line_is_named_with_its_reason_and_the_others_are_recorded(
    run: Run, path: Path, spoiled_file: Path
) -> None:
    done = run("ingest", spoiled_file)
    assert done.exit_code == 1
    assert "refused lines 7" in done.stdout
    assert totals(path) == [5_000]
    lines = error_lines(done.stderr)
    for index, (line, reason) in enumerate(zip(lines, REASONS, strict=True)):
        assert line.startswith(f"refused: {spoiled_file}:{2 * index + 2}: {reason}")


def test_quiet_continues_silently(run: Run, path: Path, spoiled_file: Path) -> None:
    done = run("ingest", "--quiet", spoiled_file)
    assert (done.exit_code, done.output) == (0, "")
    assert totals(path) == [5_000]


def test_refused_lines_are_written_verbatim_to_a_file(
    run: Run, spoiled_file: Path, tmp_path: Path
) -> None:
    done = run("ingest", "-q", spoiled_file, "--rejects", tmp_path / "refused")
    assert done.exit_code == 0
    assert (tmp_path / "refused").read_bytes() == b"\n".join(BAD_LINES) + b"\n"


def test_files_that_are_read_again_begin_the_file_for_refused_lines_anew(
    run: Run, spoiled_file: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        run("ingest", "-q", spoiled_file, "--rejects", tmp_path / "refused")
    assert (tmp_path / "refused").read_bytes() == b"\n".join(BAD_LINES) + b"\n"
    assert (tmp_path / "refused").stat().st_mode & 0o777 == 0o600
    assert run("ingest", "-q", spoiled_file, "--rejects", os.devnull).exit_code == 0


def test_what_a_recorder_has_refused_stays_when_it_continues(
    run: Run, spoiled_file: Path, tmp_path: Path
) -> None:
    for _ in range(2):
        words = ("--recorder", "raid", "--rejects", tmp_path / "refused")
        assert run("ingest", "-q", spoiled_file, *words).exit_code == 0
    assert (tmp_path / "refused").read_bytes() == b"\n".join(BAD_LINES) + b"\n"


def test_what_was_refused_of_a_pipe_survives_a_kill(
    start: type[Process], path: Path, tmp_path: Path
) -> None:
    refused = tmp_path / "refused"
    for number in (1, 2):
        words = ("ingest", "-q", "-", "--follow", "--rejects", refused, "--db", path)
        killed = start(*words, stdin=subprocess.PIPE)
        assert killed.popen.stdin is not None
        killed.popen.stdin.write(b"nonsense\n")
        killed.popen.stdin.flush()
        wanted = b"nonsense\n" * number
        wait_for(partial(holds, refused, wanted))
        killed.popen.kill()
        killed.end()


def test_junk_before_a_fight_costs_only_itself(run: Run, path: Path, tmp_path: Path) -> None:
    lines = b"".join(encode_task(task) + b"\n" for task in first_fight())
    file = tmp_path / "night.ndjson"
    file.write_bytes(lines + lines[:50] + lines + b"\0" * 4096 + lines)
    done = run("ingest", file, "--rejects", tmp_path / "refused")
    assert done.exit_code == 1
    assert "fights 3 · tasks 27 · refused lines 2" in done.stdout
    assert error_lines(done.stderr) == [
        f"refused: {file}:10: cut off: the JSON ends in the middle; "
        "the task at byte 50 was accepted",
        f"refused: {file}:19: not JSON: 4,096 zero bytes; the task at byte 4096 was accepted",
    ]
    assert (tmp_path / "refused").read_bytes() == lines[:50] + b"\n" + b"\0" * 4096 + b"\n"
    assert totals(path) == [5_000] * 3


def test_the_file_for_refused_lines_must_not_be_the_one_that_is_read(
    run: Run, tasks_file: Path
) -> None:
    before = tasks_file.read_bytes()
    done = run("ingest", tasks_file, "--rejects", tasks_file)
    assert done.exit_code == 2
    assert "would overwrite" in done.stderr
    assert tasks_file.read_bytes() == before


def test_a_file_for_refused_lines_that_cannot_be_written_is_an_error(
    run: Run, tasks_file: Path
) -> None:
    done = run("ingest", tasks_file, "--rejects", tasks_file / "below")
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [f"error: {tasks_file / 'below'}: Not a directory"]


def test_a_fight_without_its_end_is_said_to_be_open(run: Run, tmp_path: Path) -> None:
    done = run("ingest", write_lines(tmp_path / "open.ndjson", first_fight()[:-1]))
    assert done.exit_code == 0
    assert "fights 0" in done.stdout
    assert "the last fight is still open" in done.stdout


def test_what_is_ignored_is_warned_of_and_counted(run: Run, tmp_path: Path) -> None:
    tasks = [*first_fight(), first_fight()[-1]]
    done = run("ingest", write_lines(tmp_path / "twice.ndjson", tasks))
    assert done.exit_code == 0
    assert "ignored 1" in done.stdout
    (line,) = error_lines(done.stderr)
    assert line.startswith("warning: end_encounter at")


@pytest.mark.parametrize(
    "words", [("--follow", "a", "b"), ("-", "-")], ids=["two followed", "stdin twice"]
)
def test_what_cannot_be_read_together_is_wrong_usage(run: Run, words: tuple[str, ...]) -> None:
    assert run("ingest", *words).exit_code == 2


def test_a_missing_file_or_a_folder_is_an_error_and_nothing_is_recorded(
    run: Run, path: Path, tasks_file: Path, tmp_path: Path
) -> None:
    for wrong, words in ((tmp_path / "nope", "no such file"), (tmp_path, "a folder")):
        done = run("ingest", tasks_file, wrong)
        assert done.exit_code == 1
        (line,) = error_lines(done.stderr)
        assert line.startswith(f"error: {wrong}: ")
        assert words in line
    assert not path.exists()


def test_a_truncated_gz_is_read_up_to_its_fault(
    run: Run, path: Path, tmp_path: Path, tasks_file: Path
) -> None:
    lines = tasks_file.read_bytes()
    cut = tmp_path / "cut.gz"
    cut.write_bytes(gzip.compress(lines, compresslevel=0)[:-60])
    done = run("ingest", cut, tasks_file)
    assert done.exit_code == 1
    assert totals(path) == [12_345_678, 5_000]
    last = error_lines(done.stderr)[-1]
    assert last.startswith(f"error: {cut}: ")
    assert "truncated" in last
    assert last.endswith(f"not started: {tasks_file}")


def test_a_line_of_100_mb_is_refused_and_its_neighbours_are_recorded(
    run: Run, path: Path, tmp_path: Path
) -> None:
    good = [encode_task(task) for task in first_fight()]
    with zstandard.open(tmp_path / "long.zst", "wb") as file:
        file.write(b"\n".join(good[:4]) + b"\n")
        for _ in range(100):
            file.write(b"x" * 1_000_000)
        file.write(b"\n" + b"\n".join(good[4:]) + b"\n")
    done = run("ingest", tmp_path / "long.zst")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"refused: {tmp_path / 'long.zst'}:5: too long")
    assert totals(path) == [5_000]


def test_a_truncated_last_line_is_refused(run: Run, path: Path) -> None:
    lines = b"".join(encode_task(task) + b"\n" for task in first_fight())
    done = run("ingest", "-", stdin=lines + lines[:30])
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line == "refused: standard input:10: cut off: the JSON ends in the middle"
    assert totals(path) == [5_000]


def test_refused_lines_never_overwrite_the_database(
    run: Run, spoiled_file: Path, recorded: Path
) -> None:
    before = recorded.read_bytes()
    done = run("ingest", spoiled_file, "--rejects", recorded)
    assert done.exit_code == 2
    assert "--rejects would overwrite the database" in done.stderr
    assert recorded.read_bytes() == before


def test_names_that_are_too_long_are_counted_in_the_summary(run: Run, tmp_path: Path) -> None:
    begin = BeginEncounter(started_at_ms=1_700_000_000_000, scene_name="S" * 300)
    named = UpsertEntity(entity_id=7, seen_at_ms=1_700_000_000_000, name="N" * 300)
    file = tmp_path / "long.ndjson"
    file.write_bytes(b"".join(encode_task(each) + b"\n" for each in (begin, named)))
    told = "2 names or attributes were too long and were cut: names have up to 256 characters"
    assert told in run("ingest", file).stdout


def test_names_of_skills_that_are_too_long_are_counted(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "skills.json"
    file.write_text('{"1": "Slash", "2": "' + "S" * 300 + '"}')
    done = run("catalog", "load", file)
    assert done.exit_code == 0
    assert "1 names were longer than 256 characters and were cut" in done.stdout
