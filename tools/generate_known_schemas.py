"""Writes what the tables and indexes of every version look like, or checks it.

``python tools/generate_known_schemas.py --write`` writes the file in the package, ``--check`` (the
default) fails if it is out of date.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import SCRIPTS, create_empty_database
from resonance_logs.store.sqlite.schema_check import KNOWN_SCHEMAS, digests, read_schema

_ADVICE: Final = "run: python tools/generate_known_schemas.py --write"


def known_schemas() -> Mapping[str, Mapping[str, str]]:
    """The digest of every table and index of every version, as the migrations make them."""
    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    versions = ScriptDirectory.from_config(config).walk_revisions()
    found = {}
    with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
        for version in sorted(each.revision for each in versions):
            path = Path(folder) / f"{version}.db"
            create_empty_database(path)
            _upgrade(path, config, version)
            with closing(sqlite3.connect(path)) as connection:
                found[version] = dict(sorted(digests(read_schema(connection)).items()))
    return found


def _upgrade(path: Path, config: Config, version: str) -> None:
    with closing(Store(path)) as store, store.write_transaction() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; the exit code."""
    parser = argparse.ArgumentParser(description="Write or check the known schemas.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only check; the default")
    mode.add_argument("--write", action="store_true", help="write the file if it is out of date")
    parser.add_argument("file", nargs="?", type=Path, default=KNOWN_SCHEMAS, help="where it is")
    given = parser.parse_args(words)
    new = json.dumps(known_schemas(), indent=1) + "\n"
    if given.file.exists() and given.file.read_text(encoding="utf-8") == new:
        return 0
    if not given.write:
        print(f"{given.file.name} is out of date; {_ADVICE}", file=sys.stderr)
        return 1
    given.file.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
