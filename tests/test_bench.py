"""The benchmark runs and reports; nothing here depends on its speed."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_a_quick_run_writes_its_figures_as_json(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "--only", "floor", "--json", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert "multi-row INSERT" in done.stdout
    results = json.loads(file.read_text())
    assert {"when", "python", "sqlite", "quick", "noise", "figures"} <= results.keys()
    figure, with_numbers = results["figures"]
    assert "flags as 0 and 1" in with_numbers["name"]
    assert figure.keys() == {
        "name",
        "measured",
        "unit",
        "floor",
        "ratio",
        "target",
        "met",
        "note",
    }
    assert figure["measured"] > 0


def test_an_unknown_benchmark_is_refused() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--only", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "nonsense" in done.stderr
