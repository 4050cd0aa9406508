"""``python -m bench``: run the benchmarks, show them as a table, write them as JSON."""

from __future__ import annotations

import argparse
import gc
import json
import platform
import sqlite3
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench import (
    archive,
    browser,
    busy,
    finish,
    floor,
    from_file,
    history,
    journal,
    latency,
    memory,
    pace,
    sustained,
    web,
    window,
)
from bench.figures import Figure
from bench.noise import Noise, measure_noise
from bench.run import Benchmark, Run

BENCHMARKS: Final[dict[str, Benchmark]] = {
    "floor": floor.measure,
    "sustained": sustained.measure,
    "from_file": from_file.measure,
    "busy": busy.measure,
    "latency": latency.measure,
    "pace": pace.measure,
    "finish": finish.measure,
    "archive": archive.measure,
    "journal": journal.measure,
    "window": window.measure,
    "history": history.measure,
    "memory": memory.measure,
    "web": web.measure,
    "browser": browser.measure,
}

RESULTS: Final = Path(__file__).parent / "results"


def main(arguments: Sequence[str] | None = None) -> int:
    options = _options(arguments)
    console = Console(stderr=True)
    before = measure_noise()
    figures: list[Figure] = []
    for name in options.only or BENCHMARKS:
        figures += _run(name, console, quick=options.quick)
    noise = [before, measure_noise()]
    _show(figures, noise)
    _write(options.json or _default_path(quick=options.quick), figures, noise, quick=options.quick)
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=BENCHMARKS, help="only these")
    parser.add_argument("--quick", action="store_true", help="small sizes, less than a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where to write the results")
    return parser.parse_args(arguments)


def _run(name: str, console: Console, *, quick: bool) -> list[Figure]:
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="resonance-bench-") as folder:
        figures = list(BENCHMARKS[name](Run(quick, Path(folder))))
    gc.collect()
    console.print(f"{name}: {time.perf_counter() - started:.0f} s")
    return figures


def _show(figures: list[Figure], noise: list[Noise]) -> None:
    table = Table(caption="\n".join(map(str, noise)))
    table.add_column("name")
    for heading in ("measured", "floor", "ratio", "target"):
        table.add_column(heading, justify="right")
    table.add_column("met")
    table.add_column("note")
    for each in figures:
        met = "" if each.met is None else "yes" if each.met else "NO"
        table.add_row(
            each.name,
            f"{_number(each.measured)} {each.unit}",
            _number(each.floor),
            _number(each.ratio),
            each.target or "",
            met,
            each.note,
            style="bold red" if each.met is False else None,
        )
    Console(width=None if sys.stdout.isatty() else 180).print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def _write(path: Path, figures: list[Figure], noise: list[Noise], *, quick: bool) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    answer = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "machine": platform.platform(),
        "quick": quick,
        "noise": [asdict(each) for each in noise],
        "figures": [each.as_json() for each in figures],
    }
    path.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")


def _default_path(*, quick: bool) -> Path:
    kind = "quick" if quick else "full"
    return RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}-{kind}.json"


if __name__ == "__main__":
    sys.exit(main())
