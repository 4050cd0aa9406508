"""A small file system of its own for a program, which needs no right: in a namespace of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

_MOUNT = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'


def run_on_small_disk(
    folder: Path, size: str, command: Sequence[str]
) -> subprocess.CompletedProcess[str]:
    """Run a command that sees a file system of this size at ``folder``; skips where none can be
    had.
    """
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not there to make a small file system")
    alone = ["unshare", "--user", "--map-root-user", "--mount"]
    if subprocess.run([*alone, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets nobody make a file system of his own")
    folder.mkdir()
    return subprocess.run(
        [*alone, "sh", "-c", _MOUNT, "sh", size, str(folder), *command],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
