"""The recorders as stored: how far the tasks of each came, and the events it holds."""

import time

import pytest
from sqlalchemy import select, update

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.store import fights, journal, schema
from resonance_logs.store.recorders import (
    StoredRecorder,
    raise_position,
    read_recorders,
    read_strays,
    store_recorder,
)
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import BeginEncounter, InsertDamageEvent, InsertHealEvent

SECOND = Identity("second", "wow")
STRAYS = collect_events(
    [
        InsertDamageEvent(timestamp_ms=5, attacker_id=7, value=3, monster_name="Imp"),
        InsertHealEvent(timestamp_ms=6, healer_id=8, value=4),
    ]
)


def test_a_recorder_is_read_as_it_was_stored_last(store: Store) -> None:
    before = time.time_ns() // 1_000_000
    with store.write_transaction() as connection:
        store_recorder(connection, SECOND, 5, can_resume=False)
        store_recorder(connection, DEFAULT_IDENTITY, 3, can_resume=False)
        store_recorder(connection, SECOND, 9, can_resume=True)
    with store.read_transaction() as connection:
        default, second = read_recorders(connection)
        assert read_recorders(connection, "second") == [second]
        assert read_recorders(connection, "third") == []
    assert second.seen_at_ms is not None
    assert before <= second.seen_at_ms <= time.time_ns() // 1_000_000
    assert default == StoredRecorder("default", "bpsr", 3, False, default.seen_at_ms)
    assert second == StoredRecorder("second", "wow", 9, True, second.seen_at_ms)


@pytest.mark.parametrize(("position", "known"), [(2, 8), (9, 9)])
def test_the_position_is_the_higher_one_of_its_own_and_of_its_open_fights_journal(
    store: Store, position: int, known: int
) -> None:
    with store.write_transaction() as connection:
        store_recorder(connection, SECOND, position, can_resume=False)
        store_recorder(connection, DEFAULT_IDENTITY, 1, can_resume=False)
        fight = fights.begin(connection, BeginEncounter(started_at_ms=1), SECOND)
        for chunk, at in enumerate((4, 8)):
            journal.append(connection, fight.id, chunk, journal.Entry(STRAYS, at, ()))
        assert [each.position for each in read_recorders(connection)] == [1, known]
        assert read_recorders(connection, "second")[0].position == known


def test_the_journal_of_an_older_version_knows_no_position(store: Store) -> None:
    with store.write_transaction() as connection:
        store_recorder(connection, SECOND, 2, can_resume=False)
        fight = fights.begin(connection, BeginEncounter(started_at_ms=1), SECOND)
        journal.append(connection, fight.id, 0, journal.Entry(STRAYS, 8, ()))
        connection.execute(update(schema.encounter_journal).values(position=None))
        assert read_recorders(connection, "second")[0].position == 2
        assert journal.last_position(connection, fight.id) == 0


def test_a_position_only_rises(store: Store) -> None:
    with store.write_transaction() as connection:
        for each in (DEFAULT_IDENTITY, SECOND):
            store_recorder(connection, each, 5, can_resume=False)
        raise_position(connection, "second", 4)
        raise_position(connection, "default", 7)
        raise_position(connection, "third", 7)
        assert [each.position for each in read_recorders(connection)] == [7, 5]


def read_columns(events: Events) -> list[object]:
    return [
        events.damage.numbers.tolist(),
        events.damage.monster_names,
        events.heals.numbers.tolist(),
    ]


def test_the_events_held_outside_a_fight_are_read_as_they_were(store: Store) -> None:
    with store.write_transaction() as connection:
        store_recorder(connection, SECOND, 5, can_resume=True, strays=STRAYS)
        assert read_columns(read_strays(connection, "second")) == read_columns(STRAYS)
        assert len(read_strays(connection, "default")) == 0
        for none in (None, Events.empty()):
            store_recorder(connection, SECOND, 5, can_resume=True, strays=none)
            assert connection.execute(select(schema.recorders.c.strays)).scalar_one() is None
            assert len(read_strays(connection, "second")) == 0


def test_damaged_events_are_reported_as_lost(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with store.write_transaction() as connection:
        store_recorder(connection, SECOND, 5, can_resume=True, strays=STRAYS)
        connection.execute(update(schema.recorders).values(strays=b"nonsense"))
        assert len(read_strays(connection, "second")) == 0
    assert "the events that recorder 'second' held outside a fight are lost" in caplog.text
