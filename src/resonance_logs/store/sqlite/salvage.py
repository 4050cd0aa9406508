"""Save the readable parts of a damaged file, fight by fight, into a new one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Table, insert
from sqlalchemy.exc import SQLAlchemyError

from resonance_logs.errors import DatabaseUnavailable
from resonance_logs.fights.name_folding import fold_name
from resonance_logs.fights.text_limits import cut_name, cut_text
from resonance_logs.store import schema
from resonance_logs.store.checksums import CHECKED
from resonance_logs.store.runs import note_repaired
from resonance_logs.store.sqlite.connections import Store, describe, is_transient
from resonance_logs.store.sqlite.damaged_file import DamagedFile
from resonance_logs.store.sqlite.file_copies import (
    check_room,
    collapse_wal,
    copy_files,
    free_name,
    keep_copy,
    whole_database,
)
from resonance_logs.store.sqlite.migrate import prepare
from resonance_logs.store.sqlite.salvaged_fight import Outcome, SalvagedFight
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import scratch_file, write_whole
from resonance_logs.tasks import MAX_INTEGER

_logger = limited_logger(__name__)

MAX_ID_GAP: Final = 1_000_000
"""A highest id that exceeds all existing ones by this much is treated as damaged."""


@dataclass(slots=True)
class SalvageReport:
    """The result of salvaging a damaged file."""

    damaged: Path
    """Where the damaged file is kept, unchanged."""
    outcomes: Counter[Outcome] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)
    """One line for each fight that was not saved completely."""

    def note(self, encounter_id: int, outcome: Outcome, why: str = "") -> None:
        """Count a fight."""
        self.outcomes[outcome] += 1
        if outcome is not Outcome.WHOLE:
            self.notes.append(f"fight {encounter_id} {outcome}{why and f': {why}'}")

    @property
    def summary(self) -> str:
        """Everything in one line."""
        counts = ", ".join(f"{self.outcomes[each]:,} {each}" for each in Outcome)
        return f"fights: {counts}; the damaged file is kept as {self.damaged}"


def salvage(path: Path, is_stopped: Callable[[], bool] = lambda: False) -> SalvageReport:
    """Put a damaged database aside with its log, and save its readable parts into a new one.

    Only for the one who holds the recorder's lock. A report is written beside the damaged file.
    Where ``is_stopped`` becomes true on the way, nothing is changed.

    Raises:
        DatabaseUnavailable: it was stopped, or the damaged file cannot be read now.
        DatabaseError: there is no room, or the folder is not writable; nothing was changed.
    """
    log = path.with_name(f"{path.name}-wal")
    size = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    check_room(3 * size, path.parent)
    _logger.warning("%s is damaged; saving what can be read of it, which may take a while", path)
    kept = free_name(path, "damaged")
    report = SalvageReport(kept)
    new = _salvaged_path(path)
    with (
        whole_database(new, replaces=True, mode_of=path) as part,
        scratch_file(kept) as copy,
    ):
        copy_files(path, copy)
        prepare(part)
        try:
            with closing(Store(part)) as store, DamagedFile(copy) as damaged_file:
                _save(damaged_file, store, report, is_stopped)
        except SQLAlchemyError as error:
            raise DatabaseUnavailable(
                f"{path} cannot be repaired now: {describe(error)}"
            ) from error
        collapse_wal(part)
        # A copy, not a second name: whoever still has the file open keeps writing to it.
        keep_copy(path, kept)
    finish_salvage(path)
    lines = [report.summary, *report.notes]
    try:
        text = "\n".join(lines) + "\n"
        write_whole(kept.with_name(f"{kept.name}.txt"), [text.encode(errors="replace")])
    except OSError as error:
        _logger.error("the report could not be written: %s", error)
    _logger.warning("%s was damaged; %s", path, report.summary)
    return report


def finish_salvage(path: Path) -> None:
    """Put the repaired file, if there is one, in place of the damaged one, of which a copy is kept;
    also if the program was stopped in the middle of that.
    """
    if _salvaged_path(path).exists():
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        _salvaged_path(path).replace(path)


def _salvaged_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.mended")


def _save(
    damaged_file: DamagedFile, store: Store, report: SalvageReport, is_stopped: Callable[[], bool]
) -> None:
    with store.write_transaction() as connection:
        for table, key in (
            (schema.entities, "rowid"),
            (schema.recorder_runs, "id"),
            (schema.recorders, "id"),
            (schema.recorder_inputs, "rowid"),
        ):
            _save_rows(connection, table, damaged_file.scan(table.name, key))
        _save_rows(connection, schema.rejected_tasks, damaged_file.scan("rejected_tasks", "id"))
        note_repaired(connection)
        names = damaged_file.all_rows("catalog_names")
        _save_rows(connection, schema.catalog_names, iter(names))
    ids = set(damaged_file.distinct_ids("encounters", "id"))
    for table in (*CHECKED.values(), schema.encounter_archives, schema.encounter_journal):
        ids |= set(damaged_file.distinct_ids(table.name, "encounter_id"))
    ids = {each for each in ids if 0 < each < MAX_INTEGER}
    for encounter_id in sorted(ids):
        if is_stopped():
            raise DatabaseUnavailable("saving what can be read of the damaged file was stopped")
        _save_fight(damaged_file, store, encounter_id, report)
    last = max(ids, default=0)
    if last < (given := damaged_file.sequence("encounters")) < last + MAX_ID_GAP:
        last = given
    with store.write_transaction() as connection:
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = 'encounters'")
        connection.exec_driver_sql("INSERT INTO sqlite_sequence VALUES ('encounters', ?)", (last,))


def _save_rows(connection: Connection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """Save the rows that the table accepts; a damaged one is skipped and logged."""
    known = set(table.c.keys())
    for row in rows:
        values = {name: value for name, value in row.items() if name in known}
        values |= _short_texts(values)
        if isinstance(name := values.get("name"), str) and "name_folded" in known:
            values["name_folded"] = fold_name(name)  # an older version folded less
        try:
            with connection.begin_nested():
                connection.execute(insert(table).prefix_with("OR IGNORE"), values)
        except (SQLAlchemyError, OverflowError) as error:
            if is_transient(error):
                raise  # a full disk is not damage
            _logger.warning("a row of %s is lost: %s", table.name, describe(error))


def _short_texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The name and the attributes of a row, cut if they are too long."""
    limits: dict[str, Callable[[str], str]] = {"name": cut_name, "attributes": cut_text}
    return {
        name: limit(text)
        for name, limit in limits.items()
        if isinstance(text := values.get(name), str)
    }


def _save_fight(
    damaged_file: DamagedFile, store: Store, encounter_id: int, report: SalvageReport
) -> None:
    fight = SalvagedFight.read(damaged_file, encounter_id)
    if fight.is_empty:
        return
    why = "it cannot be read"
    for attempt in fight.attempts():
        try:
            with store.write_transaction() as connection:
                outcome = attempt(connection)
        except DatabaseUnavailable:
            raise  # an error of the new file: nothing is wrong with the fight
        except Exception as error:  # noqa: BLE001 - damaged values may be anything
            why = describe(error)
        else:
            if outcome is not None:
                report.note(encounter_id, outcome, ", ".join(fight.faults))
                return
    report.note(encounter_id, Outcome.LOST, why)
