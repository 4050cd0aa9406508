"""The program that reads a damaged file like a user, and reports crashes."""

from __future__ import annotations

import sys
import traceback

from typer.testing import CliRunner

from resonance_logs.cli import app
from torture.recorder import say


def looks(path: str) -> list[list[str]]:
    """The commands that a user calls."""
    return [
        [*words, "--db", path]
        for words in (
            ["list"],
            ["list", "--kills", "--sort", "damage"],
            ["show", "1"],
            ["show", "3", "--skills", "1"],
            ["call", "get_encounter_timeline", '{"encounterId": 2}'],
            ["call", "get_player_names_filtered", '{"prefix": "o"}'],
            ["call", "get_unique_boss_names"],
            ["info"],
            ["doctor"],
            ["check"],
            ["rejects", "list"],
            ["backup", f"{path}.backup"],
            ["export", f"{path}.export", "--all"],
        )
    ]


def main() -> None:
    """Print ``broke`` and the reason for each call that does not end with an exit code."""
    for words in looks(sys.argv[1]):
        result = CliRunner().invoke(app, words)
        error = result.exception
        if error is not None and not isinstance(error, SystemExit):
            shown = traceback.format_exception(error)[-4:]
            say("broke", " ".join(words[:-2]), *" ".join(shown).split())
    say("looked")


if __name__ == "__main__":
    main()
