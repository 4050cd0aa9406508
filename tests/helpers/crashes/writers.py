"""What writes files, each with a folder to begin with and what must be so after a crash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from resonance_logs import Database
from resonance_logs.fights.identity import DEFAULT_IDENTITY
from resonance_logs.recording.spill import Unwritten, write_spill
from resonance_logs.system.whole_files import remove_stale
from tests.helpers.damage import run_sql, zero_root
from tests.helpers.fights import rich_fight
from tests.helpers.frozen import FROZEN, thaw

MINE: Final = (1_000, 100_000)
OTHERS: Final = (200_000, 300_000)
"""The starts of the fights in a database, and in another one."""

SPILLED: Final = 400_000


@dataclass(frozen=True)
class Writer:
    """Something that writes files in a folder, and can do so again after a crash."""

    prepare: Callable[[Path], None]
    write: Callable[[Path], None]
    check: Callable[[Path], None]


def starts(path: Path) -> list[int]:
    """The starts of a database's fights, once it was opened for recording; all must be whole."""
    with Database.open(path) as database:
        found = database.commands.check_database()
        assert found.is_sound, found.findings
        fights = database.commands.get_recent_encounters(limit=1_000)
    return sorted(fight.started_at_ms for fight in fights.rows)


def record(path: Path, begun: Sequence[int]) -> None:
    """Record a fight at each of these times."""
    with Database.open(path) as database:
        for started in begun:
            database.enqueue_many(rich_fight(started))


def _prepare_one(folder: Path) -> None:
    record(folder / "fights.db", MINE)


def _prepare_two(folder: Path) -> None:
    record(folder / "fights.db", MINE)
    record(folder / "other.db", OTHERS)


def _back_up(folder: Path) -> None:
    with Database.open(folder / "fights.db", record=False) as database:
        database.backup(folder / "copy.db")


def _export(folder: Path) -> None:
    with Database.open(folder / "fights.db", record=False) as database:
        database.export_fights([1, 2], folder / "copy.db")


def _check_copy(write: Callable[[Path], None]) -> Callable[[Path], None]:
    """The copy is whole, or there is none and it can be made."""

    def check(folder: Path) -> None:
        if not (folder / "copy.db").exists():
            write(folder)
        assert starts(folder / "copy.db") == list(MINE)
        assert starts(folder / "fights.db") == list(MINE)

    return check


def _import(folder: Path) -> None:
    with Database.open(folder / "fights.db", record=False) as database:
        database.import_fights(folder / "other.db")


def _check_import(folder: Path) -> None:
    """Each fight is there or not, and importing again brings those that are missing."""
    found = starts(folder / "fights.db")
    assert set(MINE) <= set(found) <= {*MINE, *OTHERS}
    _import(folder)
    assert starts(folder / "fights.db") == [*MINE, *OTHERS]
    assert starts(folder / "other.db") == list(OTHERS)


def _restore(folder: Path) -> None:
    Database.restore(folder / "other.db", folder / "fights.db")


def _check_restore(folder: Path) -> None:
    """The database is the old one or the backup; once it is the backup, the old one is kept."""
    if starts(folder / "fights.db") == list(MINE):
        _restore(folder)
    assert starts(folder / "fights.db") == list(OTHERS)
    kept = [file for file in folder.glob("fights.before-restore-*") if file.suffix == ".db"]
    assert kept
    assert all(starts(file) == list(MINE) for file in kept)


def _prepare_damaged(folder: Path) -> None:
    record(folder / "fights.db", MINE)
    zero_root(folder / "fights.db", "rejected_tasks")


def _salvage(folder: Path) -> None:
    Database.salvage(folder / "fights.db")


def _check_salvage(folder: Path) -> None:
    """Salvage finishes what was begun, and every fight is there."""
    _salvage(folder)
    assert starts(folder / "fights.db") == list(MINE)


def _prepare_old(folder: Path) -> None:
    thaw(FROZEN[0], folder / "fights.db")
    run_sql(folder / "fights.db", "DELETE FROM encounter_archives")


def _migrate(folder: Path) -> None:
    Database.open(folder / "fights.db", record=False).close()


def _check_migration(folder: Path) -> None:
    """The file is of this version or as it was; a copy made before is whole."""
    copies = [file for file in folder.glob("*.before-*") if file.suffix == ".db"]
    found = [len(starts(file)) for file in [folder / "fights.db", *copies]]
    assert found[0] > 0
    assert set(found) == {found[0]}


def _spill(folder: Path) -> None:
    tasks = rich_fight(SPILLED)
    write_spill(folder / "fights.db", 1, 0, Unwritten(DEFAULT_IDENTITY, tasks, 1_000))


def _check_spill(folder: Path) -> None:
    """The tasks are recorded once, or the program died before they were kept."""
    is_kept = (folder / "fights.db.spill-1.ndjson").exists()
    expected = [*MINE, SPILLED] if is_kept else [*MINE]
    assert starts(folder / "fights.db") == expected
    assert starts(folder / "fights.db") == expected
    assert not list(folder.glob("*spill*.ndjson"))


WRITERS: Final = {
    "backup": Writer(_prepare_one, _back_up, _check_copy(_back_up)),
    "export": Writer(_prepare_one, _export, _check_copy(_export)),
    "import": Writer(_prepare_two, _import, _check_import),
    "restore": Writer(_prepare_two, _restore, _check_restore),
    "salvage": Writer(_prepare_damaged, _salvage, _check_salvage),
    "migration": Writer(_prepare_old, _migrate, _check_migration),
    "spill": Writer(_prepare_one, _spill, _check_spill),
}


def check_clean(folder: Path) -> None:
    """Nothing temporary is there, once the next file has been written."""
    remove_stale(folder)
    left = [file.name for file in folder.iterdir() if ".part" in file.name]
    assert not left, left
