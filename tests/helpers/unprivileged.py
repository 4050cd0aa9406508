"""Folders that may only be read, and the command line as a user who has no right beyond that."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

WITHOUT_ROOT = (
    "setpriv",
    "--bounding-set=-dac_override,-dac_read_search",
    "--inh-caps=-dac_override,-dac_read_search",
)
"""Root may write everywhere, but not without these two capabilities."""


@contextmanager
def unlocked_afterwards(folder: Path) -> Iterator[Path]:
    """A folder that ``lock_up`` may be used on; it can be deleted afterwards."""
    try:
        yield folder
    finally:
        folder.chmod(0o755)


def lock_up(folder: Path, *, folder_mode: int = 0o555, file_mode: int = 0o444) -> None:
    """Leave only the right to read."""
    for file in folder.iterdir():
        file.chmod(file_mode)
    folder.chmod(folder_mode)


def run_unprivileged(*args: str | Path) -> subprocess.CompletedProcess[str]:
    """Run the command line with no more rights than the files give; skips where it has more."""
    within: Sequence[str] = ()
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root may write everywhere, and setpriv is not there to take that from it")
        within = WITHOUT_ROOT
    return subprocess.run(
        [*within, sys.executable, "-m", "resonance_logs", *map(str, args)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "COLUMNS": "160"},
    )
