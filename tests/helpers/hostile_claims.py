"""What holds for every hostile file: a clear error or a correct result, and nothing lost."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from torture.fuzz.claims import STEERING

from resonance_logs import AlteredDatabase, DamagedDatabase, Database, ResonanceLogsError
from tests.helpers.hostile_files import HostileFile
from tests.helpers.recording import fight, record

MAX_MESSAGE = 2_000


class HostileClaims:
    """A database with fights of its own, into which hostile files are imported, and which they
    are to replace; counts what became of them.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.counts: Counter[str] = Counter()
        self.broken: list[str] = []
        self._folder = folder
        self._own = folder / "own.db"
        with Database.open(self._own) as db:
            for number in range(3):
                record(db, fight(started=1_600_000_000_000 + 10_000 * number, hits=5 + number))
            self._told = told(db)
        self._db = Database.open(self._own, record=False)

    def check(self, file: HostileFile) -> None:
        """Import, restore and open a file; what is not as it should be is added to ``broken``."""
        for way in (self._import, self._restore, self._open):
            name = way.__name__[1:]
            try:
                with self._refused(file, name):
                    way(file)
                    self.counts[f"{name}: accepted"] += 1
                    if file.is_active:
                        self._break(file, f"{name}: was accepted")
            except Exception as error:  # noqa: BLE001 - each is a finding
                self._break(file, f"{name}: {type(error).__name__}: {error}")

    def finish(self) -> None:
        """See that nothing of the database was lost, and that it is sound."""
        with self._db as db:
            if told(db) != self._told or not db.commands.check_database().is_sound:
                self.broken.append("the database that the files were imported into was harmed")

    @contextmanager
    def _refused(self, file: HostileFile, name: str) -> Iterator[None]:
        try:
            yield
        except ResonanceLogsError as error:
            self.counts[f"{name}: {type(error).__name__}"] += 1
            if STEERING.search(str(error)) or not 0 < len(str(error)) <= MAX_MESSAGE:
                self._break(file, f"{name}: the message {error!r} is not readable")
            if file.is_active and not isinstance(error, AlteredDatabase | DamagedDatabase):
                self._break(file, f"{name}: was refused for another reason: {error!r}")

    def _break(self, file: HostileFile, what: str) -> None:
        self.broken.append(f"{file.story}: {what}"[:2_000])

    def _import(self, file: HostileFile) -> None:
        try:
            report = self._db.import_fights(file.path)
            self._look(self._db, report.imported, "import")
            self._db.commands.delete_encounters(ids=list(report.imported))
        finally:
            if told(self._db) != self._told:
                self._break(file, "import: the database was harmed")

    def _restore(self, file: HostileFile) -> None:
        target = self._folder / "target.db"
        shutil.copyfile(self._own, target)
        before = target.read_bytes()
        try:
            Database.restore(file.path, target)
        except ResonanceLogsError:
            if target.read_bytes() != before:
                self._break(file, "restore: the database was harmed though it was not replaced")
            raise
        else:
            with Database.open(target, record=False) as db:
                json.loads(db.commands.call_json("get_recent_encounters", b"{}"))
        finally:
            for each in self._folder.glob("target*"):
                each.unlink()

    def _open(self, file: HostileFile) -> None:
        path = self._folder / "opened.db"
        shutil.copyfile(file.path, path)
        try:
            with Database.open(path, record=False) as db:
                self._look(db, [each[0] for each in told(db)], "open")
                db.commands.check_database()
                db.commands.get_database_info()
        finally:
            for each in self._folder.glob("opened*"):
                each.unlink()

    def _look(self, db: Database, ids: Iterable[object], way: str) -> None:
        """Every command answers, or says why not."""
        ask = db.commands
        json.loads(ask.call_json("get_recent_encounters", b'{"limit": 100}'))
        for each in ids:
            assert isinstance(each, int)
            for call in (ask.get_encounter_by_id, ask.get_encounter_timeline):
                try:
                    call(each)
                except ResonanceLogsError:
                    self.counts[f"{way}: a fight that cannot be shown"] += 1


def told(db: Database) -> list[tuple[object, ...]]:
    """The fights of the database, as the list shows them."""
    found = db.commands.get_recent_encounters(1_000).rows
    return [(each.id, each.started_at_ms, each.total_dmg, each.is_complete) for each in found]
