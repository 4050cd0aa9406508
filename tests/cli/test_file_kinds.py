"""A command given a file of another kind says what it is, and which command reads it."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from resonance_logs.cli.file_kinds import FileKind, kind_of
from tests.helpers.cli import Run, error_lines

TASK = b'{"type":"end_encounter","ended_at_ms":1}\n'
NAMES = b'{"17": "Flip", "18": "Flop"}'
PRETTY_NAMES = b'\xef\xbb\xbf{\n  "17": "Flip",\n  "18": "Flop"\n}\n'
SQLITE = b"SQLite format 3\0" + bytes(500)


def packed(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


COMMANDS = {"import": ("import",), "restore": ("restore",), "catalog load": ("catalog", "load")}
RIGHT = {
    FileKind.DATABASE: {"import", "restore"},
    FileKind.COMPRESSED_DATABASE: set(),
    FileKind.TASKS: set(),
    FileKind.NAMES: {"catalog load"},
}


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (SQLITE, FileKind.DATABASE),
        (packed(SQLITE), FileKind.COMPRESSED_DATABASE),
        (zstandard.compress(SQLITE), FileKind.COMPRESSED_DATABASE),
        (TASK, FileKind.TASKS),
        (b"nonsense\n" + TASK * 5_000, FileKind.TASKS),
        (b"\0" * 4_096 + TASK, FileKind.TASKS),
        (packed(TASK * 5_000), FileKind.TASKS),
        (zstandard.compress(TASK * 5_000), FileKind.TASKS),
        (NAMES, FileKind.NAMES),
        (PRETTY_NAMES, FileKind.NAMES),
        (b"", None),
        (b"SQLite", None),
        (b"{}", None),
        (b"nonsense", None),
        (b"PK\x03\x04", None),
        (packed(TASK)[:-9], FileKind.TASKS),
        (b"\x1f\x8b\xff\xff", None),
    ],
)
def test_a_kind_is_reported_by_the_beginning(
    tmp_path: Path, data: bytes, kind: FileKind | None
) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    assert kind_of(file) is kind


def test_what_cannot_be_read_is_of_no_kind(tmp_path: Path) -> None:
    assert kind_of(tmp_path) is kind_of(tmp_path / "nowhere") is kind_of(Path("a\0b")) is None


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (SQLITE, FileKind.DATABASE),
        (packed(SQLITE), FileKind.COMPRESSED_DATABASE),
        (TASK, FileKind.TASKS),
        (packed(TASK), FileKind.TASKS),
        (NAMES, FileKind.NAMES),
    ],
)
def test_the_right_command_is_named(
    run: Run, recorded: Path, tmp_path: Path, command: str, data: bytes, kind: FileKind
) -> None:
    file = tmp_path / "file"
    file.write_bytes(data)
    before = recorded.read_bytes()
    done = run(*COMMANDS[command], file)
    if command in RIGHT[kind]:
        assert kind.value not in done.stderr
        return
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [f"error: {file} {kind.value}"]
    assert recorded.read_bytes() == before


@pytest.mark.parametrize("pack", [bytes, packed, zstandard.compress])
def test_ingest_of_a_database_names_import(
    run: Run, recorded: Path, tmp_path: Path, pack: Callable[[bytes], bytes]
) -> None:
    export = tmp_path / "raid.rlog"
    assert run("export", export, "1").exit_code == 0
    file = tmp_path / "packed"
    file.write_bytes(pack(export.read_bytes()))
    done = run("ingest", file, db=tmp_path / "new.db")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"error: {file}: is an SQLite database, not a file of tasks; ")
    assert "resonance-logs import" in line


def test_ingest_of_names_names_catalog_load(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "skills.json"
    file.write_bytes(PRETTY_NAMES)
    done = run("ingest", file)
    assert done.exit_code == 1
    assert error_lines(done.stderr)[-1] == f"{file} {FileKind.NAMES.value}"


def test_of_several_files_none_is_imported_where_one_is_of_another_kind(
    run: Run, recorded: Path, tmp_path: Path
) -> None:
    export, tasks = tmp_path / "raid.rlog", tmp_path / "night.ndjson"
    run("export", export, "1")
    tasks.write_bytes(TASK)
    done = run("import", export, tasks, db=tmp_path / "new.db")
    assert done.exit_code == 1
    assert not (tmp_path / "new.db").exists()
