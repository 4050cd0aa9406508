"""Files are written whole: complete under their name, or not there, whatever fails on the way."""

import errno
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from resonance_logs.system import whole_files
from resonance_logs.system.whole_files import (
    create_empty,
    make_folder,
    remove_stale,
    scratch_file,
    whole_file,
    write_whole,
)

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


@contextmanager
def umask(value: int) -> Iterator[None]:
    before = os.umask(value)
    try:
        yield
    finally:
        os.umask(before)


def left_behind(folder: Path, *, steps: str) -> subprocess.CompletedProcess[str]:
    """A process that writes a file in a folder, and is killed on the way."""
    script = f"""
        import os, signal, sys
        from pathlib import Path
        from resonance_logs.system.whole_files import whole_file
        def die(*_args, **_more):
            os.kill(os.getpid(), signal.SIGKILL)
        with whole_file(Path(sys.argv[1]) / "file.txt", replaces=False) as part:
            part.write_bytes(b"half")
            part.with_name(part.name + "-wal").write_bytes(b"log")
            {steps}
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), str(folder)],
        text=True,
        check=False,
        timeout=60,
    )


def test_a_file_has_its_name_once_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    with whole_file(target) as part:
        part.write_bytes(b"content")
        assert part.parent == tmp_path
        assert f"resonance-logs-{os.getpid()}-" in part.name
        assert not target.exists()
    assert target.read_bytes() == b"content"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("step", ["open", "write", "fsync", "rename"])
@pytest.mark.parametrize("replaces", [True, False])
def test_on_a_full_disk_nothing_is_left_and_nothing_is_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, replaces: bool
) -> None:
    target = tmp_path / "file.txt"
    if replaces:
        target.write_bytes(b"old")

    def content() -> Iterator[bytes]:
        yield b"first"
        if step == "write":
            raise FULL

    def fail(*_args: object, **_more: object) -> None:
        raise FULL

    if step in {"open", "fsync"}:
        monkeypatch.setattr(os, step, fail)
    if step == "rename":
        monkeypatch.setattr(os, "link", fail)
        monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space left"):
        write_whole(target, content(), replaces=replaces)
    monkeypatch.undo()
    assert [each.read_bytes() for each in tmp_path.iterdir()] == ([b"old"] if replaces else [])


def test_an_error_names_the_file_that_was_asked_for(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "file.txt"
    with pytest.raises(FileNotFoundError) as told:
        write_whole(target, [b""])
    assert told.value.filename == str(target)


def test_a_folder_that_cannot_be_synced_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = os.fsync

    def refuse(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").is_dir():
            raise OSError(errno.EINVAL, "Invalid argument")
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", refuse)
    write_whole(tmp_path / "file.txt", [b"content"], replaces=False)
    assert [each.name for each in tmp_path.iterdir()] == ["file.txt"]


def test_where_nothing_is_to_be_replaced_the_first_one_stays(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"

    def slowly() -> Iterator[bytes]:
        yield b"second"
        write_whole(target, [b"first"], replaces=False)

    with pytest.raises(FileExistsError):
        write_whole(target, slowly(), replaces=False)
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


def test_a_file_system_without_links_replaces_nothing_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object, **_more: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    target = tmp_path / "file.txt"
    write_whole(target, [b"first"], replaces=False)
    with pytest.raises(FileExistsError):
        write_whole(target, [b"second"], replaces=False)
    assert target.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [target]


def test_new_files_and_folders_are_their_owners_only(tmp_path: Path) -> None:
    folder = tmp_path / "one" / "two"
    with umask(0):
        make_folder(folder)
        write_whole(folder / "written", [b"content"])
        create_empty(folder / "empty")
        with scratch_file(folder / "written") as scratch:
            assert mode(scratch) == 0o600
    assert [mode(each) for each in (folder, folder.parent)] == [0o700] * 2
    assert [mode(each) for each in folder.iterdir()] == [0o600] * 2


def test_existing_files_and_folders_keep_their_modes(tmp_path: Path) -> None:
    target = tmp_path / "file.txt"
    target.touch()
    target.chmod(0o640)
    tmp_path.chmod(0o755)
    make_folder(tmp_path)
    create_empty(target)
    write_whole(target, [b"content"])
    with whole_file(tmp_path / "copy", mode_of=target):
        pass
    assert [mode(each) for each in (tmp_path, target, tmp_path / "copy")] == [0o755, 0o640, 0o640]


def test_a_link_to_a_file_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "file.txt")
    write_whole(tmp_path / "link", [b"content"])
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "file.txt").read_bytes() == b"content"


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    target = tmp_path / ("\N{DRAGON}" * 63)
    write_whole(target, [b"content"])
    assert target.read_bytes() == b"content"


@pytest.mark.parametrize(
    "steps",
    ["die()", "os.fsync = die", "os.link = die", "l = os.link; os.link = lambda *a: die(l(*a))"],
    ids=["while writing", "before the sync", "before the name", "after the name"],
)
def test_what_a_killed_program_left_is_removed_with_the_next_file(
    tmp_path: Path, steps: str
) -> None:
    done = left_behind(tmp_path, steps=steps)
    assert done.returncode == -signal.SIGKILL
    assert any(".part" in each.name for each in tmp_path.iterdir())
    write_whole(tmp_path / "other.txt", [b"other"])
    assert {each.name for each in tmp_path.iterdir()} <= {"file.txt", "other.txt"}


def test_what_others_are_writing_or_own_is_left_alone(tmp_path: Path) -> None:
    names = ["X.part", "X.db.part", "fights.db.77.part", "a.resonance-logs-1-zz.part"]
    for name in names:
        (tmp_path / name).write_bytes(b"mine")
    (tmp_path / f"a.resonance-logs-{2**22 + 1}-{'0' * 16}.part").mkdir()
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path\n"
            "from resonance_logs.system.whole_files import *\n"
            "with whole_file(Path(sys.argv[1])): print('open', flush=True); sys.stdin.read()",
            str(tmp_path / "theirs"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"open\n"
        with whole_file(tmp_path / "ours"):
            remove_stale(tmp_path)
        other.communicate(b"")
    assert other.returncode == 0
    assert {each.name for each in tmp_path.iterdir()} >= {*names, "ours", "theirs"}
    assert len(list(tmp_path.iterdir())) == len(names) + 3


def test_a_file_that_is_locked_is_not_stale_whatever_its_process_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another container, the same number may be another process."""
    with whole_file(tmp_path / "file.txt") as part:
        part.write_bytes(b"content")
        monkeypatch.setattr(whole_files, "_own", set())
        remove_stale(tmp_path)
        assert part.exists()
