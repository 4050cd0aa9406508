"""The end of a fight is stored, and its journal deleted last; again, it keeps what was counted."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection, event, select

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.finished_fight import Ending
from resonance_logs.fights.identity import DEFAULT_IDENTITY
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.store import fights, journal, schema
from resonance_logs.store.finished_fights import finish, rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.tasks import BeginEncounter, InsertDamageEvent

BEGIN = BeginEncounter(started_at_ms=1_000, local_player_id=1)
EVENTS = collect_events([InsertDamageEvent(at, 1, 10, 99, "Golem") for at in (2_000, 3_000)])


def begin(connection: Connection, events: Events = EVENTS) -> OpenEncounter:
    """A fight with these events in its journal."""
    begun = fights.begin(connection, BEGIN, DEFAULT_IDENTITY)
    journal.append(connection, begun.id, 0, journal.Entry(events, len(events), ()))
    return replace(begun, chunks=1).adding(events)


def end(connection: Connection, fight: OpenEncounter, events: Events = EVENTS) -> None:
    finish(connection, fight, events, Ending(9_000), EntityCache().draft(), archive=True)


def read_row(connection: Connection, encounter_id: int) -> dict[str, Any]:
    statement = select(schema.encounters).where(schema.encounters.c.id == encounter_id)
    return dict(connection.execute(statement).one()._mapping)


def test_a_fight_is_stored_whole_and_its_journal_is_deleted(store: Store) -> None:
    with store.write_transaction() as connection:
        fight = begin(connection)
        size = journal.size(connection, fight.id)
        end(connection, fight)
        stored = StoredFight.read(connection, fight.id)
        left = journal.size(connection, fight.id)
    assert stored is not None
    assert (stored.faults, stored.row["total_dmg"]) == ([], 20)
    assert stored.archive is not None
    assert stored.archive[0] == 2
    assert (left, stored.row["journal_bytes"]) == (0, size)
    assert size > 0


def test_the_journal_is_deleted_by_the_last_statement(store: Store) -> None:
    statements: list[str] = []

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    with store.write_transaction() as connection:
        fight = begin(connection)
        event.listen(connection, "before_cursor_execute", note)
        end(connection, fight)
        event.remove(connection, "before_cursor_execute", note)
    deleting = [n for n, each in enumerate(statements) if "DELETE FROM encounter_journal" in each]
    assert deleting == [len(statements) - 1]


def test_a_fight_that_cannot_be_archived_is_stored_without_its_hits(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_events: Events, *, compact: bool) -> bytes:
        raise ValueError(f"too many, compact={compact}")

    monkeypatch.setattr("resonance_logs.fights.finished_fight.encode_events", fail)
    with store.write_transaction() as connection:
        fight = begin(connection)
        end(connection, fight)
        stored = StoredFight.read(connection, fight.id)
    assert stored is not None
    assert (stored.archive, stored.faults, stored.row["total_dmg"]) == (None, [], 20)
    assert f"fight {fight.id} is stored without its individual hits: too many" in caplog.text


@pytest.mark.parametrize("archive", [True, False])
def test_a_fight_computed_again_keeps_its_row(store: Store, archive: bool) -> None:
    with store.write_transaction() as connection:
        fight = begin(connection)
        end(connection, fight)
        before = read_row(connection, fight.id)
        stored = StoredFight.read(connection, fight.id)
        assert stored is not None
        rebuild(connection, fight.id, stored.row, EVENTS, stored.players(), archive=archive)
        again = StoredFight.read(connection, fight.id)
        assert read_row(connection, fight.id) == before
    assert again == stored
