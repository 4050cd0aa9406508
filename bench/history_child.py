"""A fresh process that opens a file."""

from __future__ import annotations

import json
import sys
import time

if __name__ == "__main__":
    started = time.perf_counter()
    from resonance_logs.database import Database

    imported = time.perf_counter()
    with Database.open(sys.argv[1]):
        opened = time.perf_counter()
    print(json.dumps({"import": imported - started, "open": opened - imported}))
