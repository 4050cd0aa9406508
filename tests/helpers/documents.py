"""The documents of the project, and the code blocks in them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = sorted((ROOT / "docs").glob("*.md"))
DOCUMENTS = [ROOT / "README.md", *REFERENCE]
"""What a user reads: the README and the reference pages."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A code block, and the output that the document shows right below it, if any."""

    text: str
    output: str | None


def name(document: Path) -> str:
    """What a test of this document is called."""
    return document.relative_to(ROOT).as_posix()


def blocks(document: Path, language: str) -> list[Block]:
    """The blocks of a language; a block ``text`` below one is its output."""
    text = document.read_text(encoding="utf-8")
    found = list(_BLOCK.finditer(text))
    pairs = zip_longest(found, found[1:])
    return [
        Block(match[2], _output(text, match, after))
        for match, after in pairs
        if match[1] == language
    ]


def with_blocks(language: str) -> list[Path]:
    """The documents that have blocks of a language."""
    return [each for each in DOCUMENTS if blocks(each, language)]


def shown_commands(document: Path) -> Iterator[tuple[str, list[str]]]:
    """Each command line of the ``console`` blocks, with the lines shown below it."""
    for block in blocks(document, "console"):
        for part in re.split(r"^\$ ", block.text, flags=re.MULTILINE)[1:]:
            command, *output = part.rstrip("\n").split("\n")
            yield command, output


def is_as_shown(printed: list[str], shown: list[str]) -> bool:
    """Whether an output is the one shown, in which a line ``…`` stands for any lines.

    The speed of recording depends on the machine and is not compared.
    """
    lines = [r"(?:.*\n)*" if line == "…" else _without_speed(line) + r"\n" for line in shown]
    return (
        re.fullmatch("".join(lines), "".join(f"{line.rstrip()}\n" for line in printed)) is not None
    )


def _without_speed(line: str) -> str:
    return re.sub(r"(tasks\\ per\\ second\\ )[\d,]+", r"\1[\\d,]+", re.escape(line.rstrip()))


def _output(text: str, match: re.Match[str], after: re.Match[str] | None) -> str | None:
    is_below = after is not None and not text[match.end() : after.start()].strip()
    return after[2] if after is not None and is_below and after[1] == "text" else None
