"""Check the pinned dependencies for known vulnerabilities.

``pip-audit`` asks the package registry's database. Where that cannot be reached, this says so and
succeeds; a vulnerability that is known fails.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

CONSTRAINTS: Final = Path(__file__).parents[1] / "constraints.txt"
REQUEST_S: Final = 10
TOTAL_S: Final = 90


def main() -> int:
    """Print what was found; the exit code is 1 if a dependency is vulnerable."""
    command = [
        *(sys.executable, "-m", "pip_audit", "--requirement", str(CONSTRAINTS)),
        *("--no-deps", "--disable-pip", "--format", "json", "--progress-spinner", "off"),
        *("--timeout", str(REQUEST_S)),
    ]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TOTAL_S)
        report = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return _say(0, [f"the dependencies were not checked: no answer within {TOTAL_S} s"])
    except json.JSONDecodeError:
        lines = done.stderr.strip().splitlines() or ["no report"]
        return _say(0, [f"the dependencies were not checked: {lines[-1]}"])
    return _say(*judge(report))


def judge(report: dict[str, Any]) -> tuple[int, list[str]]:
    """The exit code and the lines to print for a report of ``pip-audit``."""
    dependencies = report["dependencies"]
    checked = [each for each in dependencies if "skip_reason" not in each]
    lines = [
        f"{each['name']} {each['version']}: {found['id']}, {_remedy(found['fix_versions'])}"
        for each in checked
        for found in each["vulns"]
    ]
    if lines:
        return 1, lines
    if not checked:
        return 0, ["the dependencies were not checked: no database of vulnerabilities is reached"]
    missing = len(dependencies) - len(checked)
    unknown = f", {missing} not checked" if missing else ""
    return 0, [f"{len(checked)} dependencies have no known vulnerability{unknown}"]


def _remedy(versions: list[str]) -> str:
    return f"mended in {', '.join(versions)}" if versions else "not mended yet"


def _say(code: int, lines: list[str]) -> int:
    print("\n".join(lines))
    return code


if __name__ == "__main__":
    sys.exit(main())
