"""``ingest --recorder`` continues each input where it stopped: nothing is recorded twice."""

import signal
import sys
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database, encode_task
from tests.helpers.cli import (
    Process,
    Run,
    error_lines,
    first_fight,
    second_fight,
)
from tests.helpers.cli_waiting import wait_for
from tests.helpers.serving import Server

FIRST = [encode_task(task) for task in first_fight()]
SECOND = [encode_task(task) for task in second_fight()]


def write(file: Path, lines: list[bytes]) -> None:
    file.write_bytes(b"".join(line + b"\n" for line in lines))


def fights(path: Path) -> list[tuple[str, str, int, bool]]:
    with Database.open(path, record=False) as db:
        rows = db.commands.get_recent_encounters().rows
    return [(row.recorder, row.game, row.total_dmg, row.was_interrupted) for row in rows]


def position(path: Path, recorder: str) -> int:
    with Database.open(path, record=False) as db:
        return db.find_recorder(recorder).position


@pytest.fixture(params=["directly", "through a server"])
def server(request: pytest.FixtureRequest, path: Path) -> object:
    """Nothing, or a server that records the file meanwhile."""
    if request.param == "directly":
        yield None
        return
    serving = Server(path)
    yield serving
    serving.end(signal.SIGINT)


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A file with one fight."""
    file = tmp_path / "night.ndjson"
    write(file, FIRST)
    return file


def test_a_file_that_is_read_again_is_recorded_once(
    server: object, run: Run, path: Path, night: Path
) -> None:
    first = run("ingest", "--recorder", "raid", night)
    assert (first.exit_code, "tasks 9 · refused" in first.stdout) == (0, True), first.stderr
    again = run("ingest", "--recorder", "raid", night)
    assert (again.exit_code, "tasks 0 · recorded before 9" in again.stdout) == (0, True)
    assert fights(path) == [("raid", "bpsr", 5_000, False)]
    assert position(path, "raid") == 9


def test_a_file_that_has_grown_in_the_middle_of_a_fight_continues_it(
    server: object, run: Run, path: Path, night: Path
) -> None:
    night.write_bytes(b"\n".join(FIRST[:5]) + b"\n" + FIRST[5][:30])
    assert run("ingest", "--recorder", "raid", night).exit_code == 1
    assert position(path, "raid") == 5
    write(night, FIRST)
    done = run("ingest", "--recorder", "raid", night)
    assert "tasks 4 · recorded before 5" in done.stdout
    assert fights(path) == [("raid", "bpsr", 5_000, False)]


def test_files_in_turns_are_each_continued(
    server: object, run: Run, path: Path, night: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other.ndjson"
    write(other, SECOND)
    run("ingest", "--recorder", "raid", night)
    run("ingest", "--recorder", "raid", other)
    write(night, [*FIRST, *SECOND])
    done = run("ingest", "--recorder", "raid", night, other)
    assert f"tasks {len(SECOND)} · recorded before {len(FIRST) + len(SECOND)}" in done.stdout
    assert len(fights(path)) == 3


def test_a_refused_line_is_reported_once(server: object, run: Run, path: Path, night: Path) -> None:
    write(night, [*FIRST[:2], b"nonsense", *FIRST[2:]])
    first = run("ingest", "--recorder", "raid", night)
    assert first.exit_code == 1
    assert [line for line in error_lines(first.stderr) if "refused" in line] == [
        f"refused: {night}:3: not JSON: invalid character (byte 4)"
    ]
    assert position(path, "raid") == 10
    again = run("ingest", "--recorder", "raid", night)
    assert (again.exit_code, "refused:" in again.stderr) == (0, False)
    assert "recorded before 10 · refused lines 0" in again.stdout


def test_a_game_is_that_of_the_fight_and_stays_the_recorders(
    server: object, run: Run, path: Path, night: Path
) -> None:
    run("ingest", "--recorder", "raid", "--game", "wow", night)
    write(night, [*FIRST, *SECOND])
    run("ingest", "--recorder", "raid", night)
    assert {(row[0], row[1]) for row in fights(path)} == {("raid", "wow")}


def test_a_game_without_a_recorder_is_the_default_ones(run: Run, path: Path, night: Path) -> None:
    assert run("ingest", "--game", "wow", night).exit_code == 0
    assert fights(path) == [("default", "wow", 5_000, False)]


def test_from_says_where_standard_input_begins(server: object, run: Run, path: Path) -> None:
    words = ("ingest", "--recorder", "raid", "--from")
    assert run(*words, "0", "-", stdin=b"\n".join(FIRST[:6]) + b"\n").exit_code == 0
    done = run(*words, "4", "-", stdin=b"\n".join(FIRST[4:]) + b"\n")
    assert (done.exit_code, "tasks 3 · recorded before 2" in done.stdout) == (0, True)
    assert fights(path) == [("raid", "bpsr", 5_000, False)]
    gap = run(*words, "10", "-", stdin=FIRST[0])
    assert gap.exit_code == 1
    assert "begin at 10, but only 9 were accepted before; send those from 9 on" in gap.stderr


def test_a_file_that_has_lost_tasks_is_warned_of(run: Run, path: Path, night: Path) -> None:
    run("ingest", "--recorder", "raid", night)
    write(night, FIRST[:3])
    done = run("ingest", "--recorder", "raid", night)
    assert f"warning: {night} has 6 tasks less than were recorded of it before" in done.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--from", "3"), "--from needs --recorder"),
        (("--recorder", ""), "--recorder: must be text of 1 to 64 characters"),
        (("--recorder", "x" * 65), "--recorder: must be text of 1 to 64 characters"),
        (("--game", "Star Resonance"), "--game: must be an id of 1 to 64 of the characters"),
        (("--recorder", "raid", "--from", "-1"), "--from"),
    ],
)
def test_wrong_usage_says_what_is_wrong(
    run: Run, path: Path, night: Path, words: tuple[str, ...], message: str
) -> None:
    done = run("ingest", *words, night)
    assert done.exit_code == 2
    assert message in " ".join(done.stderr.replace("│", " ").split())
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGKILL])
def test_a_follower_continues_a_fight_after_a_restart(
    server: object, start: type[Process], path: Path, tmp_path: Path, stop: signal.Signals
) -> None:
    file = tmp_path / "growing.ndjson"
    words = ("ingest", "--follow", file, "--recorder", "raid", "--db", path)
    with file.open("wb", buffering=0) as growing:
        growing.write(b"\n".join(FIRST[:4]) + b"\n" + FIRST[4][:9])
        follower = start(*words)
        wait_for(lambda: path.exists() and stored(path) == 4)
        follower.popen.send_signal(stop)
        follower.end()
        growing.write(FIRST[4][9:] + b"\n" + b"\n".join(FIRST[5:7]) + b"\n")
        follower = start(*words)
        wait_for(lambda: stored(path) == 7)
        growing.write(b"\n".join(FIRST[7:]) + b"\n")
        wait_for(lambda: stored(path) == 9)
        follower.popen.send_signal(signal.SIGINT)
        assert follower.end()[0] == 0
    assert fights(path) == [("raid", "bpsr", 5_000, False)]


def stored(path: Path) -> int:
    """The position of the recorder ``raid``; 0 where there is none yet."""
    try:
        return position(path, "raid")
    except Exception:  # noqa: BLE001 - the file is being made just now
        return 0


def test_tasks_that_come_from_elsewhere_are_not_counted_as_those_of_the_file(
    server: object, run: Run, path: Path, night: Path
) -> None:
    run("ingest", "--recorder", "raid", night)
    other = b"\n".join(SECOND) + b"\n"
    run("ingest", "--recorder", "raid", "--from", str(len(FIRST)), "-", stdin=other)
    write(night, [*FIRST, *SECOND])
    done = run("ingest", "--recorder", "raid", night)
    assert f"tasks {len(SECOND)} · recorded before {len(FIRST)}" in done.stdout
    assert len(fights(path)) == 1 + 2 * len([line for line in SECOND if b"begin_encounter" in line])


def test_what_another_program_posts_is_not_counted_as_that_of_the_file(
    run: Run, path: Path, night: Path
) -> None:
    served = Server(path)
    try:
        run("ingest", "--recorder", "raid", night)
        body = b"\n".join(SECOND) + b"\n"
        httpx.post(f"{served.address}api/tasks", params={"recorder": "raid"}, content=body)
        write(night, [*FIRST, *SECOND])
        done = run("ingest", "--recorder", "raid", night)
    finally:
        served.end(signal.SIGINT)
    assert f"tasks {len(SECOND)} · recorded before {len(FIRST)}" in done.stdout


@pytest.mark.parametrize("end", [1, 40])
def test_a_line_cut_off_anywhere_is_read_again(
    server: object, run: Run, path: Path, night: Path, end: int
) -> None:
    cut = b'{"type":"insert_damage_event","timestamp_ms":1700000001000,"attacker_id":-'
    night.write_bytes(b"\n".join(FIRST[:4]) + b"\n" + cut[: end if end == 1 else None])
    run("ingest", "-q", "--recorder", "raid", night)
    assert position(path, "raid") == 4
