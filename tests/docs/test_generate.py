"""The reference pages say what the program has."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.documents import ROOT

GENERATE = ROOT / "docs/generate.py"


def generate(*words: str | Path) -> tuple[int, list[str]]:
    """The exit code of the program, and the problems that it found."""
    done = subprocess.run(
        [sys.executable, GENERATE, *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    return done.returncode, done.stderr.splitlines()


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A copy of the reference pages."""
    for page in GENERATE.parent.glob("*.md"):
        shutil.copy(page, tmp_path)
    return tmp_path


def change(page: Path, old: str, new: str) -> None:
    text = page.read_text(encoding="utf-8")
    assert old in text
    page.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_pages_are_up_to_date() -> None:
    assert generate("--check") == (0, [])


def test_what_is_out_of_date_is_found_and_written_anew(pages: Path) -> None:
    change(pages / "commands.md", "| `get_unique_tags` |", "| `get_unique_tag` |")
    change(pages / "settings.md", "| `200000` |", "| `300000` |")
    code, problems = generate("--check", pages)
    assert code == 1
    assert [problem.split(":")[0] for problem in problems] == ["commands.md", "settings.md"]
    assert generate("--write", pages) == (0, [])
    assert generate("--check", pages) == (0, [])
    for name in ("commands.md", "settings.md"):
        assert (pages / name).read_bytes() == (GENERATE.parent / name).read_bytes()


def test_a_row_without_a_meaning_is_an_error_also_when_written(pages: Path) -> None:
    row = "| `archive` | `True` |"
    change(pages / "settings.md", row, row.replace("archive", "archives"))
    assert generate("--write", pages) == (1, ["settings.md: settings: `archive` has no meaning"])


def test_a_part_that_no_page_has_and_a_part_that_is_none_are_errors(pages: Path) -> None:
    change(pages / "settings.md", "<!-- generated: settings -->", "<!-- generated: setings -->")
    assert generate("--check", pages) == (
        1,
        ["settings.md: there is no part 'setings'", "no page has the part 'settings'"],
    )
