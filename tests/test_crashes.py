"""Whatever writes a file can be killed at any moment: nothing is lost, and nothing is left over."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.crashes.writers import WRITERS
from tests.helpers.small_disk import find_obstacle, on_small_disk

POINTS = 7
"""A longer run is the scenario ``writers`` of ``torture``."""

pytestmark = [
    pytest.mark.attack,
    pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork"),
]


@pytest.mark.parametrize("writer", WRITERS)
def test_a_writer_of_files_can_be_killed_at_any_moment(writer: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.helpers.crashes", writer, str(tmp_path), str(POINTS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout.endswith("wrong after []\n"), done.stdout + done.stderr
    assert f"killed at {POINTS} of" in done.stdout
    assert done.returncode == 0


def test_a_disk_that_is_full_at_any_moment_of_a_stop_loses_nothing(tmp_path: Path) -> None:
    if why := find_obstacle():
        pytest.skip(why)
    program = [sys.executable, "-m", "tests.helpers.crashes.full_disk", str(tmp_path), str(POINTS)]
    command = on_small_disk(tmp_path, "4m", program)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.stdout.endswith("wrong after []\n"), done.stdout + done.stderr
    assert done.returncode == 0
