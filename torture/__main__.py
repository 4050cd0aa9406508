"""``python -m torture``: crash the program, damage its files, and report what was lost."""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from torture.scenario import Outcome, Run
from torture.scenarios import SCENARIOS


@dataclass
class Result:
    """The result of one scenario."""

    name: str
    seconds: float = 0.0
    outcomes: list[Outcome] = field(default_factory=list)

    @property
    def bad(self) -> list[Outcome]:
        """Whether something was lost or wrong."""
        return [each for each in self.outcomes if not each.is_good]

    def __str__(self) -> str:
        done = [each for each in self.outcomes if not each.skipped]
        skipped = len(self.outcomes) - len(done)
        return (
            f"{self.name:<12} {len(done):>4} times  "
            f"{sum(each.verdict.flushed for each in done):>10,} tasks flushed  "
            f"{sum(each.verdict.fights for each in done):>8,} {_of(done)}fights  "
            f"{sum(each.verdict.events for each in done):>10,} events  "
            f"lost {sum(each.verdict.lost for each in done):,}  wrong {len(self.bad)}  "
            f"{self.seconds:.0f} s" + (f"  ({skipped} skipped)" if skipped else "")
        )


def _of(outcomes: Sequence[Outcome]) -> str:
    there = sum(each.verdict.of for each in outcomes)
    return f"of {there:,} " if there else ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios; returns 1 if anything was lost or wrong."""
    options = _options(arguments)
    logging.getLogger("resonance_logs").setLevel(logging.CRITICAL)
    results = []
    for name in options.only or SCENARIOS:
        results.append(_run(name, options))
        print(results[-1], flush=True)
    for each in results:
        _explain(each)
    if options.json:
        answer = [asdict(each) for each in results]
        options.json.write_text(json.dumps(answer, indent=2, ensure_ascii=False) + "\n")
    return int(any(each.bad for each in results))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=SCENARIOS, help="only these")
    parser.add_argument("--moments", type=int, default=200, help="moments to kill at, in all")
    parser.add_argument(
        "--seconds", type=float, default=600.0, help="duration of crowd, and of attacks, in seconds"
    )
    parser.add_argument("--seed", type=int, default=1, help="random seed")
    parser.add_argument("--moment", type=int, help="repeat only this moment of each scenario")
    parser.add_argument(
        "--json", type=Path, metavar="FILE", help="also write the results to this file"
    )
    return parser.parse_args(arguments)


def _run(name: str, options: argparse.Namespace) -> Result:
    result = Result(name)
    started = time.perf_counter()
    folder = Path(tempfile.mkdtemp(prefix="resonance-torture-"))
    run = Run(folder, options.seed, options.moments, options.seconds, options.moment)
    for outcome in SCENARIOS[name](run):
        result.outcomes.append(outcome)
        if not outcome.is_good:
            print(_describe_failure(outcome), file=sys.stderr, flush=True)
    result.seconds = time.perf_counter() - started
    if result.bad:
        print(f"its files are kept in {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder)
    return result


def _explain(result: Result) -> None:
    for reason in sorted({each.skipped for each in result.outcomes if each.skipped}):
        print(f"{result.name}: skipped: {reason}")
    for outcome in result.bad:
        print(_describe_failure(outcome))


def _describe_failure(outcome: Outcome) -> str:
    """Describe what is wrong, and how to repeat it."""
    lines = [
        f"{outcome.what}: seed {outcome.seed}, moment {outcome.moment}: "
        f"{outcome.verdict.lost} of {outcome.verdict.flushed} flushed tasks lost"
    ]
    return "\n    ".join([*lines, *outcome.verdict.wrong])


if __name__ == "__main__":
    sys.exit(main())
