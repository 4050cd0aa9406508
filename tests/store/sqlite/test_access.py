"""How a database file can be opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from resonance_logs.store.sqlite.access import Access, find_access


def test_a_missing_file_can_be_written(tmp_path: Path) -> None:
    assert find_access(tmp_path / "fights.db") is Access.WRITE


@pytest.mark.parametrize("removed", [("-wal", "-shm"), ("", "-wal", "-shm")])
def test_files_that_another_process_removes_meanwhile_deny_nothing(
    removed: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fights.db"
    for suffix in ("", "-wal", "-shm"):
        path.with_name(f"{path.name}{suffix}").touch()
    real = os.access

    def access_after_another_closed(checked: Path, mode: int) -> bool:
        for suffix in removed:
            path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)
        return real(checked, mode)

    monkeypatch.setattr("resonance_logs.store.sqlite.access.os.access", access_after_another_closed)
    assert find_access(path) is Access.WRITE


def test_a_file_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "fights.db"
    path.touch()
    monkeypatch.setattr("resonance_logs.store.sqlite.access.os.access", lambda *_: False)
    assert find_access(path) is Access.FROZEN_READ
    path.with_name(f"{path.name}-shm").touch()
    assert find_access(path) is Access.SHARED_READ
