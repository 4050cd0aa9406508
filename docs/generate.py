"""Writes the generated parts of the reference pages, or checks them.

``python docs/generate.py --write`` writes them, ``--check`` (the default) fails where one is out of
date. A part is between ``<!-- generated: NAME -->`` and ``<!-- end -->``.

In a table whose last heading is ``meaning``, that column is written by hand: it is kept, by the
first cell of its row. A row without a meaning is an error in both modes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from reference import MEANING, PARTS, Part, Table

FOLDER: Final = Path(__file__).parent
_PART: Final = re.compile(
    r"(<!-- generated: (?P<name>[^>]+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL
)
_CELL: Final = re.compile(r"(?<!\\)\|")


def render(text: str, parts: Mapping[str, Part], problems: list[str]) -> str:
    """The text of a page with its generated parts updated; problems are added to ``problems``."""

    def written(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in parts:
            problems.append(f"there is no part {name!r}")
            return match[0]
        made = parts[name]()
        new = made if isinstance(made, str) else _table(name, made, match["text"], problems)
        return f"{match[1]}\n{new}\n\n{match[4]}"

    return _PART.sub(written, text)


def run(folder: Path, *, write: bool) -> list[str]:
    """Write or check the pages of a folder; returns one line per problem."""
    problems: list[str] = []
    seen: list[str] = []
    for page in sorted(folder.glob("*.md")):
        old = page.read_text(encoding="utf-8")
        seen += [match["name"] for match in _PART.finditer(old)]
        found: list[str] = []
        new = render(old, PARTS, found)
        if new != old and write:
            page.write_text(new, encoding="utf-8")
        elif new != old:
            found.append("is out of date; run: python docs/generate.py --write")
        problems += [f"{page.name}: {each}" for each in found]
    problems += [f"no page has the part {name!r}" for name in sorted(PARTS.keys() - set(seen))]
    return problems


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; returns the exit code."""
    parser = argparse.ArgumentParser(description="Write or check the generated parts of the pages.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only check; the default")
    mode.add_argument("--write", action="store_true", help="write what is out of date")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="the pages' folder")
    given = parser.parse_args(words)
    problems = run(given.folder, write=given.write)
    for each in problems:
        print(each, file=sys.stderr)
    return 1 if problems else 0


def _table(name: str, table: Table, old: str, problems: list[str]) -> str:
    rows = table.rows
    if table.headings[-1] == MEANING:
        kept = _meanings(old)
        rows = [(*row, kept.get(row[0], "")) for row in rows]
        problems += [f"{name}: {row[0]} has no meaning" for row in rows if not row[-1]]
    lines = [table.headings, tuple("---" for _ in table.headings), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _meanings(old: str) -> dict[str, str]:
    """The last cell of each row by its first one."""
    rows = [_CELL.split(line.strip())[1:-1] for line in old.splitlines() if line.startswith("|")]
    return {row[0].strip(): row[-1].strip() for row in rows[2:] if len(row) > 1}


if __name__ == "__main__":
    sys.exit(main())
