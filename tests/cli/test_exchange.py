"""``export`` writes selected fights to a file, ``import`` reads it."""

import json
from pathlib import Path

from tests.helpers.cli import Run, error_lines


def test_fights_go_to_another_database_and_twice_adds_nothing(
    run: Run, recorded: Path, tmp_path: Path
) -> None:
    raid, other = tmp_path / "raid.rlog", tmp_path / "new" / "other.db"
    done = run("export", raid, "1", "2")
    assert done.stdout.startswith(f"exported 2 fights to {raid}, ")
    assert run("import", raid, db=other).stdout == (
        f"{raid}: imported 2, already stored 0, damaged 0\n"
    )
    assert "imported 0, already stored 2" in run("import", raid, db=other).stdout
    assert json.loads(run("list", "--json", db=other).stdout)["totalCount"] == 2
    assert "The Court" in run("list", db=raid).stdout


def test_all_fights_or_all_favourites_are_exported(
    run: Run, recorded: Path, tmp_path: Path
) -> None:
    assert run("export", tmp_path / "a.rlog", "--all").stdout.startswith("exported 3 fights to ")
    assert run("export", tmp_path / "b.rlog", "--favorites").stdout.startswith(
        "exported 1 fight to "
    )


def test_what_is_to_be_exported_must_be_said_once(run: Run, recorded: Path, tmp_path: Path) -> None:
    for extra in ((), ("1", "--all"), ("--all", "--favorites")):
        done = run("export", tmp_path / "a.rlog", *extra)
        assert done.exit_code == 2
        assert "give fight ids" in done.stderr


def test_what_cannot_be_exported_or_imported_is_reported(
    run: Run, recorded: Path, tmp_path: Path
) -> None:
    for command, message in (
        (("export", tmp_path / "a.rlog", "77"), "error: there is no fight 77"),
        (("import", tmp_path / "nowhere"), f"error: {tmp_path}/nowhere: there is no such file"),
    ):
        done = run(*command)
        assert done.exit_code == 1
        assert error_lines(done.stderr)[0].startswith(message)
    assert not (tmp_path / "a.rlog").exists()
