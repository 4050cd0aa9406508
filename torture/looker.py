"""The program that looks at a damaged file as a user does, and says what broke."""

from __future__ import annotations

import sys
import traceback

from typer.testing import CliRunner

from resonance_logs.cli import app
from torture.recorder import say


def looks(path: str) -> list[list[str]]:
    """What a user calls."""
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
    """Say ``broke`` and why for each call that ends with anything but an exit code."""
    for words in looks(sys.argv[1]):
        result = CliRunner().invoke(app, words)
        error = result.exception
        if error is not None and not isinstance(error, SystemExit):
            told = traceback.format_exception(error)[-4:]
            say("broke", " ".join(words[:-2]), *" ".join(told).split())
    say("looked")


if __name__ == "__main__":
    main()
