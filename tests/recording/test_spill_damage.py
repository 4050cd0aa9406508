"""A spill that is not whole is set aside with a message: never fatal, and recorded at most once."""

import errno
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from resonance_logs import Database, DatabaseUnavailable, Settings, Task, encode_task
from resonance_logs.cli import app
from resonance_logs.recording import recovery
from resonance_logs.recording.spill import find_spills
from resonance_logs.tasks import SKIPPED_LINE, StreamItem
from tests.helpers.recording import fight, record, rows


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.BUSY_TIMEOUT_MS", 20)


@pytest.fixture
def other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked file is waited for only briefly."""
    monkeypatch.setattr("resonance_logs.store.sqlite.connections.WRITER_BUSY_TIMEOUT_MS", 5)


def stop_while_locked(
    path: Path, after: list[StreamItem], before: list[Task] | None = None, sender: str | None = None
) -> str:
    """Record some tasks, then others while the file is locked, and close; returns the error.

    A sender has a recorder of its own, and says where its tasks begin.
    """
    settings = Settings(close_seconds=0.1)
    db = Database.open(path, settings=settings, recorder=sender or "default", resume=bool(sender))
    record(db, [])
    if sender:
        with db.own_recorder.sending(db.own_recorder.position):
            db.enqueue_many(before or [])
            db.flush()
    else:
        record(db, before or [])
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    db.enqueue_many(after)
    with pytest.raises(DatabaseUnavailable) as told:
        db.close()
    blocker.close()
    return str(told.value)


def names(path: Path) -> set[str]:
    return {each.name for each in path.parent.iterdir() if "spill" in each.name}


def totals(path: Path) -> list[tuple[object, ...]]:
    return rows(path, "SELECT recorder, total_dmg FROM encounters ORDER BY id")


def findings(path: Path) -> list[str]:
    with Database.open(path, record=False) as db:
        return [each for each in db.commands.get_database_health().findings if "spill" in each]


def ingest(command: str) -> Result:
    """Run the command of a message."""
    program, *args = shlex.split(command)
    assert program == "resonance-logs"
    return CliRunner().invoke(app, args)


def empty(file: Path) -> None:
    file.write_bytes(b"")


def cut(file: Path) -> None:
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])


def cut_last_line(file: Path) -> None:
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[:-1]))


def cut_within_last_line(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def fill_with_zeros(file: Path) -> None:
    file.write_bytes(bytes(file.stat().st_size))


def double(file: Path) -> None:
    file.write_bytes(file.read_bytes() * 2)


@pytest.mark.parametrize(
    "harm", [empty, cut, cut_last_line, cut_within_last_line, fill_with_zeros, double]
)
def test_tasks_that_are_not_whole_are_set_aside_and_a_copy_records_them_once(
    path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    stop_while_locked(path, [*fight()])
    file = path.with_name("fights.db.spill-1.ndjson")
    copy = shutil.copy(file, path.with_name("copy.ndjson"))
    harm(file)
    with Database.open(path) as db:
        record(db, fight(started=60_000))
    assert totals(path) == [("default", 30)]
    assert names(path) == {"fights.db.damaged-spill-1.ndjson", "fights.db.damaged-spill-1.json"}
    assert "the tasks of an earlier run are not recorded" in caplog.text
    (finding,) = findings(path)
    assert f"{path}.damaged-spill-1.ndjson holds tasks that could not be written" in finding
    Database.open(path).close()
    assert totals(path) == [("default", 30)]
    for _ in range(2):
        ingest(f"resonance-logs ingest --db {path} --recorder default {copy}")
    assert totals(path) == [("default", 30)] * 2


def test_a_spill_of_an_older_version_has_no_owner_and_is_the_default_recorders(path: Path) -> None:
    stop_while_locked(path, [*fight()])
    path.with_name("fights.db.spill-1.json").unlink()
    Database.open(path).close()
    assert totals(path) == [("default", 30)]
    assert names(path) == set()


@pytest.mark.parametrize("harm", [empty, cut, fill_with_zeros])
def test_tasks_without_their_owner_are_set_aside(
    path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    stop_while_locked(path, [*fight()], sender="raid")
    harm(path.with_name("fights.db.spill-1.json"))
    Database.open(path).close()
    assert totals(path) == []
    assert "fights.db.damaged-spill-1.ndjson" in names(path)
    assert find_spills(path) == {}
    assert "the tasks of an earlier run are not recorded" in caplog.text
    assert "ingest --db" in findings(path)[0]
    Database.open(path).close()


def test_an_owner_without_tasks_is_set_aside(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    stop_while_locked(path, [*fight()])
    path.with_name("fights.db.spill-1.ndjson").unlink()
    Database.open(path).close()
    assert names(path) == {"fights.db.damaged-spill-1.json"}
    assert "tasks of run 1 are lost" in caplog.text
    caplog.clear()
    Database.open(path).close()
    assert caplog.text == ""


def test_an_owner_that_could_not_be_deleted_with_its_tasks_is_deleted(path: Path) -> None:
    stop_while_locked(path, [*fight()])
    owner = path.with_name("fights.db.spill-1.json")
    content = owner.read_bytes()
    Database.open(path).close()
    owner.write_bytes(content)
    Database.open(path).close()
    assert names(path) == set()


def test_two_empty_files_of_a_full_disk_do_not_hinder_recording(path: Path) -> None:
    """Regression: from then on, nothing could be recorded (IndexError)."""
    Database.open(path).close()
    for name in ("fights.db.spill-1.ndjson", "fights.db.spill-1.json"):
        path.with_name(name).touch()
    with Database.open(path) as db:
        record(db, fight())
    assert totals(path) == [("default", 30)]


def test_a_second_damaged_spill_of_the_same_name_is_kept_too(path: Path) -> None:
    stop_while_locked(path, [*fight()])
    for name in ("fights.db.damaged-spill-1.ndjson", "fights.db.spill-1.ndjson"):
        path.with_name(name).write_bytes(name.encode())
    Database.open(path).close()
    assert names(path) == {
        "fights.db.damaged-spill-1.ndjson",
        "fights.db.damaged-spill-1.2.ndjson",
        "fights.db.damaged-spill-1.2.json",
    }
    assert len(findings(path)) == 2


def test_of_several_recorders_only_what_is_not_whole_is_set_aside(path: Path) -> None:
    db = Database.open(path, settings=Settings(close_seconds=0.1))
    second = db.recorder("second")
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    db.enqueue_many(fight())
    second.enqueue_many(fight(hits=5))
    with pytest.raises(DatabaseUnavailable):
        db.close()
    blocker.close()
    file = path.with_name("fights.db.spill-1-1.ndjson")
    content, owner = file.read_bytes(), file.with_suffix(".json").read_bytes()
    cut(file)
    Database.open(path).close()
    assert totals(path) == [("default", 30)]
    file.write_bytes(content)  # from a copy; its run counts as read, but not this file of it
    file.with_suffix(".json").write_bytes(owner)
    Database.open(path).close()
    assert file.with_name("fights.db.damaged-spill-1-1.2.ndjson").read_bytes() == content
    assert totals(path) == [("default", 30)]


def test_what_a_sender_has_sent_again_is_not_recorded_from_the_spill_too(path: Path) -> None:
    """The spill was moved away, and is moved back after the sender has gone on."""
    stop_while_locked(path, [SKIPPED_LINE, *fight()], sender="raid")
    away = path.with_name("away")
    away.mkdir()
    for name in ("fights.db.spill-1.ndjson", "fights.db.spill-1.json"):
        path.with_name(name).rename(away / name)
    with Database.open(path, recorder="raid", resume=True) as db, db.own_recorder.sending(0):
        db.enqueue_many([SKIPPED_LINE, *fight()[:4]])
    for file in list(away.iterdir()):
        file.rename(path.with_name(file.name))
    with Database.open(path, recorder="raid", resume=True) as db:
        assert db.own_recorder.position == 7
    assert totals(path) == [("raid", 30)]


def test_tasks_that_cannot_be_applied_do_not_hinder_recording(
    path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_args: object, **_more: object) -> None:
        raise ValueError("nonsense")

    stop_while_locked(path, [*fight()])
    with monkeypatch.context() as broken:
        broken.setattr(recovery, "_write_spill", fail)
        Database.open(path).close()
    assert "nonsense" in caplog.text
    assert totals(path) == []
    assert "fights.db.damaged-spill-1.ndjson" in names(path)


@pytest.mark.parametrize("step", ["open", "fsync", "link"])
@pytest.mark.parametrize("calls", [0, 1, 2, 3])
def test_on_a_full_disk_the_temporary_folder_serves_and_the_message_says_how_to_record(
    path: Path, other: Path, monkeypatch: pytest.MonkeyPatch, step: str, calls: int
) -> None:
    """Each step of writing either file fails, from the given call on."""
    real: Callable[..., object] = getattr(os, step)
    left = [calls]

    def fail(*args: object, **more: object) -> object:
        where = str(args[0])
        if step == "fsync":
            where = str(Path(f"/proc/self/fd/{args[0]}").resolve())
        if ".resonance-logs-" in where and not where.startswith(str(other)):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*args, **more)

    Database.open(path).close()
    with monkeypatch.context() as full:
        full.setattr(os, step, fail)
        if step == "link":
            full.setattr(Path, "replace", fail)
        told = stop_while_locked(path, [*fight()], sender="raid")
    is_beside = bool(names(path))
    if is_beside:
        assert names(path) == {"fights.db.spill-2.ndjson", "fights.db.spill-2.json"}
        assert [each.name for each in other.iterdir() if "-locks-" not in each.name] == []
        assert "ingest" not in told
        Database.open(path).close()
    else:
        (file,) = other.rglob("*.ndjson")
        assert f"6 tasks of recorder 'raid' are kept in {file} (once" in told
        command = told.partition("record them with: ")[2].removesuffix(")")
        assert "--recorder raid --game bpsr --from 0" in command
        for _ in range(2):
            assert ingest(command).exit_code == 0
    assert not list(path.parent.glob("*.part*"))
    assert totals(path) == [("raid", 30)]


def test_a_spill_of_a_recorder_without_positions_is_recorded_by_hand_once(
    path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also after other tasks were recorded, which take the positions of those in the file."""

    told = stop_without_room(path, [*fight()], [], monkeypatch)
    with Database.open(path) as db:
        record(db, fight(started=60_000, hits=5))
    command = told.partition("record them with: ")[2].removesuffix(")")
    for _ in range(2):
        assert ingest(command).exit_code == 0
    assert totals(path) == [("default", 50), ("default", 30)]


def stop_without_room(
    path: Path, after: list[StreamItem], before: list[Task], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Stop while nothing can be written beside the database either; returns the error."""

    def refuse(source: Path, target: Path) -> None:
        if target.parent == path.parent:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        source.rename(target)

    Database.open(path).close()
    with monkeypatch.context() as full:
        full.setattr(os, "link", refuse)
        full.setattr(Path, "replace", refuse)
        return stop_while_locked(path, after, before)


def test_the_rest_of_a_fight_that_was_ended_meanwhile_is_a_fight_of_its_own(
    path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its hits would be outside any fight: opening the database ends the fight at its last hit."""
    tasks = fight(hits=5)
    told = stop_without_room(path, [*tasks[4:]], tasks[:4], monkeypatch)
    Database.open(path).close()
    command = told.partition("record them with: ")[2].removesuffix(")")
    for _ in range(2):
        assert ingest(command).exit_code == 0
    assert totals(path) == [("default", 20), ("default", 30)]
    assert (
        rows(path, "SELECT started_at_ms, scene_name FROM encounters")
        == [(1_000, "Tina's Court")] * 2
    )


def test_a_spill_of_a_fight_that_is_open_still_continues_it_and_begins_none(path: Path) -> None:
    tasks = fight(hits=5)
    stop_while_locked(path, [*tasks[4:]], tasks[:4])
    Database.open(path).close()
    assert totals(path) == [("default", 50)]


def test_a_spill_without_the_begin_that_it_says_to_have_is_set_aside(path: Path) -> None:
    tasks = fight(hits=5)
    stop_while_locked(path, [*tasks[4:]], tasks[:4])
    (file,) = path.parent.glob("*.spill-*.ndjson")
    file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))
    Database.open(path).close()
    assert totals(path) == [("default", 20)]
    assert findings(path)


def test_where_nothing_can_be_written_nothing_is_left_and_the_message_says_it(
    path: Path, other: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    Database.open(path).close()
    with monkeypatch.context() as full:
        full.setattr(os, "fsync", fail)
        told = stop_while_locked(path, [*fight()])
    assert "6 tasks are lost: they could not be saved to a file either" in told
    assert names(path) == set()
    assert [each.name for each in other.iterdir() if "-locks-" not in each.name] == []


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from resonance_logs import decode_task
    from resonance_logs.fights.identity import DEFAULT_IDENTITY
    from resonance_logs.recording.spill import Unwritten, remove_spill, write_spill
    path, step, calls = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    tasks = [decode_task(line) for line in sys.stdin.buffer]
    def dying(step, real):
        def call(*args, **more):
            global calls
            calls -= 1
            if calls < 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **more)
        return call
    owner = Path if step == "unlink" else os
    hook = dying(step, getattr(owner, step))
    setattr(owner, step, hook)
    write_spill(path, 1, 0, Unwritten(DEFAULT_IDENTITY, tasks, len(tasks)))
"""


@pytest.mark.parametrize(
    ("step", "calls"),
    [("fsync", 0), ("fsync", 1), ("fsync", 2), ("link", 0), ("link", 1), ("unlink", 3)],
)
def test_a_program_killed_while_it_saves_its_tasks_leaves_nothing_that_hinders(
    path: Path, step: str, calls: int
) -> None:
    Database.open(path).close()
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), path, step, str(calls)],
        input=b"".join(encode_task(task) + b"\n" for task in fight()),
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    for _ in range(2):
        with Database.open(path) as db:
            db.flush()
    assert not list(path.parent.glob("*.part*"))
    assert find_spills(path) == {}
    assert totals(path) in ([], [("default", 30)])
