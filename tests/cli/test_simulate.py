"""A simulated night as tasks, and recorded into a database."""

import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from resonance_logs import BeginEncounter, EndEncounter, UpsertEntity, decode_task
from tests.helpers.cli import Run, error_lines

SMALL = ("--fights", "2", "--seconds", "5", "--players", "5")


def test_the_tasks_go_to_standard_output_one_a_line(run: Run) -> None:
    done = run("simulate", *SMALL, db=None)
    assert done.exit_code == 0
    tasks = [decode_task(line) for line in done.stdout_bytes.splitlines()]
    assert sum(isinstance(task, BeginEncounter) for task in tasks) == 2
    assert sum(isinstance(task, EndEncounter) for task in tasks) == 2
    assert len({task.entity_id for task in tasks if isinstance(task, UpsertEntity)}) == 5


def test_the_same_seed_gives_the_same_night_and_another_another(run: Run) -> None:
    one, same, other = (
        run("simulate", *SMALL, "--seed", seed, db=None).stdout_bytes for seed in ("1", "1", "2")
    )
    assert one == same != other


def test_the_night_can_be_written_to_a_file_and_recorded(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "night.ndjson"
    done = run("simulate", *SMALL, "-o", file, db=None)
    assert (done.exit_code, done.stdout) == (0, "")
    count = len(file.read_bytes().splitlines())
    assert error_lines(done.stderr) == [f"{count:,} tasks written to {file}"]
    recorded = run("ingest", file)
    assert recorded.exit_code == 0
    assert recorded.stdout.startswith(f"fights 2 · tasks {count:,} · refused lines 0")


def test_the_names_of_its_skills_can_be_loaded_into_the_catalog(
    run: Run, tmp_path: Path, path: Path
) -> None:
    names = tmp_path / "skills.json"
    assert run("simulate", *SMALL, "--names", names, db=None).exit_code == 0
    assert run("catalog", "load", names).exit_code == 0


@pytest.mark.parametrize(
    "wrong", [("--players", "4"), ("--players", "21"), ("--fights", "0"), ("--seconds", "0")]
)
def test_a_size_out_of_range_is_wrong_usage(run: Run, wrong: tuple[str, str]) -> None:
    assert run("simulate", *wrong, db=None).exit_code == 2


def test_a_file_that_cannot_be_written_is_an_error(run: Run, tmp_path: Path) -> None:
    done = run("simulate", *SMALL, "-o", tmp_path, db=None)
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [f"error: {tmp_path}: Is a directory"]


def test_a_night_that_is_cut_off_leaves_the_old_file(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file = tmp_path / "night.ndjson"
    file.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    done = run("simulate", *SMALL, "-o", file, db=None)
    assert done.exit_code == 1
    assert error_lines(done.stderr) == ["error: No space left on device"]
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"old"]


def test_what_is_no_file_is_written_to_as_it_is(run: Run, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as reader:
        content = reader.submit(pipe.read_bytes)
        assert run("simulate", *SMALL, "-o", pipe, db=None).exit_code == 0
        assert len(content.result(30).splitlines()) > 10
    assert pipe.is_fifo()
