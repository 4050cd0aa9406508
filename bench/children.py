"""Separate processes, for measurements that apply to a whole process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def run_child(module: str, *arguments: object) -> dict[str, Any]:
    """Run a module of this package; returns the JSON object it printed last."""
    done = subprocess.run(
        [sys.executable, "-m", f"bench.{module}", *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def proc_number(file: str, name: str) -> int:
    """A number from /proc/self, as the kernel counts it for this process."""
    for line in Path("/proc/self", file).read_text().splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    raise LookupError(f"/proc/self/{file} has no {name}")
