"""``python -m torture.fuzz``: thousands of damaged inputs, with counts as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from torture.fuzz.material import RECORDED
from torture.fuzz.watch import Broken, kind_of, run


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fuzzer; returns 0 if every claim held, 1 if one did not."""
    options = _options(arguments)
    numbers = range(options.inputs) if options.only is None else [options.only]
    found = run(options.seed, numbers, folder=options.recordings)
    if isinstance(found, Broken):
        print(found.details, file=sys.stderr)
        print(json.dumps(_broken(found, options.seed)))
        return 1
    total = Counter[str]()
    for counts in found.values():
        total.update(counts)
    parts = {kind: dict(counts) for kind, counts in found.items()}
    print(json.dumps({"seed": options.seed, **total, **parts}, indent=2))
    return 0


def _broken(found: Broken, seed: int) -> dict[str, object]:
    kind = None if found.number is None else kind_of(found.number)
    return {"seed": seed, "number": found.number, "kind": kind, "claim": found.claim}


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m torture.fuzz", description=__doc__)
    parser.add_argument(
        "--inputs", type=int, default=2_000, help="number of inputs, half of each kind"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, metavar="NUMBER", help="only this input")
    parser.add_argument(
        "--recordings",
        type=Path,
        default=RECORDED,
        metavar="FOLDER",
        help="recorded fights to start from, besides the simulated night (by default %(default)s)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
