"""A small file system of its own for a program, which needs no right: in a namespace of its own."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_ALONE: Final = ("unshare", "--user", "--map-root-user", "--mount")
_MOUNT: Final = 'mount -t tmpfs -o size="$1" tmpfs "$2" && shift 2 && exec "$@"'


def find_obstacle() -> str:
    """Why no such file system can be had here; empty if it can."""
    if shutil.which("unshare") is None:
        return "unshare is not there to make a small file system"
    if subprocess.run([*_ALONE, "true"], capture_output=True, check=False).returncode:
        return "this system lets nobody make a file system of his own"
    return ""


def on_small_disk(folder: Path, size: str, command: Sequence[str]) -> list[str]:
    """The command that sees a file system of this size at ``folder``."""
    return [*_ALONE, "sh", "-c", _MOUNT, "sh", size, str(folder), *command]
