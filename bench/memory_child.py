"""The process that ingests, and then reports its peak memory."""

from __future__ import annotations

import json
import sys
import time

from bench.children import proc_number


def _ingest(file: str, path: str) -> float:
    from resonance_logs.cli import main

    sys.argv = ["resonance-logs", "ingest", file, "--db", path]
    started = time.perf_counter()
    try:
        main()
    except SystemExit as ended:
        if ended.code:
            raise
    return time.perf_counter() - started


if __name__ == "__main__":
    import resonance_logs.database
    import resonance_logs.sources.task_source  # noqa: F401 - loaded by the program anyway

    before = proc_number("status", "VmRSS")
    took = _ingest(*sys.argv[1:])
    peak = proc_number("status", "VmHWM")
    print(json.dumps({"before_kb": before, "peak_kb": peak, "seconds": took}))
