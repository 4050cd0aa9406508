"""Fights that are open, their players, and figures that follow an older rule."""

from sqlalchemy import Connection, insert, select, update

from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.identity import DEFAULT_IDENTITY
from resonance_logs.store import fights, schema
from resonance_logs.store.players import EntityCache
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.tasks import BeginEncounter, InsertDamageEvent, UpsertEntity

BEGIN = BeginEncounter(started_at_ms=1_000, local_player_id=7, scene_id=3, scene_name="Court")


def mark_ended(connection: Connection, encounter_id: int) -> None:
    table = schema.encounters
    connection.execute(update(table).where(table.c.id == encounter_id).values(ended_at_ms=9_000))


def test_open_fights_are_read_in_order_as_begun(store: Store) -> None:
    with store.write_transaction() as connection:
        first, ended, last = (fights.begin(connection, BEGIN, DEFAULT_IDENTITY) for _ in range(3))
        mark_ended(connection, ended.id)
        fights.set_lost_events(connection, last.id, 5)
        left_open = fights.read_open(connection)
    assert [each.id for each in left_open] == [first.id, last.id]
    assert [each.lost_events for each in left_open] == [0, 5]
    assert left_open[0].chunks == first.chunks
    assert (left_open[0].local_player_id, left_open[0].scene_name) == (7, "Court")


def test_the_party_is_the_players_last_stored(store: Store) -> None:
    events = collect_events([InsertDamageEvent(2_000, 7, 10, 99, "Golem")])
    with store.write_transaction() as connection:
        draft = EntityCache().draft()
        for actor in (7, 8):
            draft.upsert(connection, UpsertEntity(entity_id=actor, seen_at_ms=1_000))
        begun = fights.begin(connection, BEGIN, DEFAULT_IDENTITY)
        other = fights.begin(connection, BEGIN, DEFAULT_IDENTITY)
        fights.store_live(connection, begun.adding(events).with_party([7, 8]), draft, {})
        assert fights.read_party(connection, begun.id) == [7, 8]
        assert fights.read_party(connection, other.id) == []


def test_an_open_fight_is_removed(store: Store) -> None:
    with store.write_transaction() as connection:
        begun = fights.begin(connection, BEGIN, DEFAULT_IDENTITY)
        kept = fights.begin(connection, BEGIN, DEFAULT_IDENTITY)
        fights.remove_open(connection, begun.id)
        assert [each.id for each in fights.read_open(connection)] == [kept.id]


def test_outdated_figures_are_listed_until_they_are_forgotten(store: Store) -> None:
    with store.write_transaction() as connection:
        old, older = (fights.begin(connection, BEGIN, DEFAULT_IDENTITY).id for _ in range(2))
        rows = [{"encounter_id": each} for each in (old, older)]
        connection.execute(insert(schema.outdated_figures), rows)
        assert fights.read_outdated(connection) == [old, older]
        fights.forget_outdated(connection, old)
        assert fights.read_outdated(connection) == [older]
        assert len(connection.execute(select(schema.encounters)).all()) == 2
