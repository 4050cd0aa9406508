"""What is recorded agrees with the independent model, for any tasks and batches.

``helpers/model.py`` reads the specification in plain Python. Here its fights are compared with the
stored ones: totals, actors, skills, bosses, snapshots, and the single events in the archive.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, select

from resonance_logs import Database, Task
from resonance_logs.fights.events import Events
from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.fights.kinds.values import CRIT, LUCKY, UNKNOWN
from resonance_logs.fights.tally import Tally
from resonance_logs.recording.batch import Batch
from resonance_logs.recording.recovery import end_open_fights, read_state, recover
from resonance_logs.recording.settlement import Settlement
from resonance_logs.recording.state import RecorderState
from resonance_logs.store import schema
from resonance_logs.store.players import EntityCache
from resonance_logs.store.recorders import read_recorders
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.migrate import prepare
from tests.helpers import model
from tests.helpers.stored import of_fight, stored_entities, stored_events, stored_fight
from tests.helpers.strategies import tasks_in_batches
from tests.helpers.truth import each_truth, load_tasks, load_truth, needs_data


def assert_same_events(stored: Events, expected: model.Fight) -> None:
    """The archive contains every event, in order."""
    damage, heals = stored.damage, stored.heals
    names = [None if code < 0 else damage.monster_names[code] for code in damage.monster.tolist()]
    assert names == [task.monster_name for task in expected.damage_events]
    assert damage.numbers.T.tolist() == [
        [
            task.timestamp_ms,
            task.attacker_id,
            UNKNOWN if task.defender_id is None else task.defender_id,
            -1 if task.skill_id is None else task.skill_id,
            task.value,
            task.hp_loss,
            task.shield_loss,
            UNKNOWN if task.defender_max_hp is None else task.defender_max_hp,
        ]
        for task in expected.damage_events
    ]
    assert damage.flags.tolist() == [
        task.is_crit + 2 * task.is_lucky + 4 * task.is_boss for task in expected.damage_events
    ]
    assert heals.timestamp_ms.tolist() == [task.timestamp_ms for task in expected.heal_events]
    assert heals.value.tolist() == [task.value for task in expected.heal_events]
    assert heals.flags.tolist() == [
        task.is_crit * CRIT + task.is_lucky * LUCKY for task in expected.heal_events
    ]


def assert_archive_agrees(connection: Connection, row: Any) -> None:
    """Statistics computed from the archive equal those stored."""
    events = stored_events(connection, row["id"])
    for table, computed in (
        (schema.damage_skill_stats, events.damage.sums().skill_rows()),
        (schema.heal_skill_stats, events.heals.sums().skill_rows()),
    ):
        stored = [tuple(each.values())[1:] for each in of_fight(connection, table, row["id"])]
        assert sorted(stored) == sorted(computed)
    actors = of_fight(connection, schema.actor_encounter_stats, row["id"])
    counters = Tally.from_events(events).counters({a["actor_id"] for a in actors if a["is_player"]})
    for actor in actors:
        expected = counters.get(actor["actor_id"], [0] * 24)
        assert [actor[name] for name in model.COUNTERS] == expected


def assert_as_modelled(
    connection: Connection, expected: model.Model, whose: Identity = DEFAULT_IDENTITY
) -> None:
    encounters = schema.encounters
    finished = connection.execute(
        select(encounters)
        .where(encounters.c.ended_at_ms.is_not(None), encounters.c.recorder == whose.recorder)
        .order_by(encounters.c.id)
    ).mappings()
    rows = list(finished)
    assert len(rows) == len(expected.fights)
    for row, fight in zip(rows, expected.fights, strict=True):
        assert row["game"] == whose.game
        assert stored_fight(connection, row, fight) == fight
        assert row["duration_ms"] == fight.duration_ms
        assert row["damage_events"] == len(fight.damage_events)
        assert row["heal_events"] == len(fight.heal_events)
        assert_same_events(stored_events(connection, row["id"]), fight)
        assert_archive_agrees(connection, row)
        assert not of_fight(connection, schema.encounter_journal, row["id"])
    assert stored_entities(connection, whose.game) == expected.entities


def modelled(tasks: Sequence[Task]) -> model.Model:
    expected = model.Model()
    for task in tasks:
        expected.apply(task)
    return expected


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    path = tmp_path_factory.mktemp("model") / "fights.db"
    prepare(path)
    store = Store(path)
    yield store
    store.close()


def in_transaction(store: Store, work: Callable[[Connection], Callable[[], None]]) -> None:
    with store.write_transaction() as connection:
        keep = work(connection)
    keep()


def emptied(store: Store) -> RecorderState:
    with store.write_transaction() as connection:
        for table in reversed(schema.metadata.sorted_tables):
            connection.execute(delete(table))
    return RecorderState()


@given(batches=tasks_in_batches())
@settings(
    deadline=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_any_tasks_in_any_batches_give_what_the_model_gives(
    store: Store, batches: list[list[Task]]
) -> None:
    state = emptied(store)

    def apply(connection: Connection, tasks: list[Task]) -> Callable[[], None]:
        batch = Batch(connection, state, archive=True)
        batch.apply(tasks)
        return batch.publish

    for tasks in batches:
        in_transaction(store, lambda connection, tasks=tasks: apply(connection, tasks))  # type: ignore[misc]
    if state.fight is not None:
        assert_live_counters(store, state)
    in_transaction(store, lambda connection: Settlement(connection, state).publish)
    expected = modelled([task for tasks in batches for task in tasks])
    with store.read_transaction() as connection:
        assert_as_modelled(connection, expected)
    assert state.ignored == expected.counters.ignored
    assert state.unmatched_bosses == expected.counters.unmatched_bosses
    assert state.unknown_dmg == sum(fight.unknown_dmg for fight in expected.fights)
    assert state.strays.dropped + len(state.strays.held) >= expected.counters.strays_dropped


class Streamed:
    """A recorder and the model of what its tasks give."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.state = RecorderState(identity, entities=EntityCache(identity.game))
        self.expected = model.Model()
        self.sent = 0

    def write(self, store: Store, tasks: Sequence[Task]) -> None:
        def apply(connection: Connection) -> Callable[[], None]:
            batch = Batch(connection, self.state, archive=True)
            batch.apply(tasks)
            return batch.publish

        in_transaction(store, apply)
        self.expected.apply_all(tasks)
        self.sent += len(tasks)

    def close(self, store: Store) -> None:
        if not self.state.is_settled:
            in_transaction(store, lambda connection: Settlement(connection, self.state).publish)

    def open(self, store: Store, *, resume: bool) -> None:
        with store.write_transaction() as connection:
            state = read_state(
                connection, self.identity.recorder, self.identity.game, resume=resume
            )
            if state is None:
                end_open_fights(connection, self.identity.recorder, archive=True)
                state = read_state(
                    connection, self.identity.recorder, self.identity.game, resume=False
                )
        assert state is not None
        self.state = state
        self.state.can_resume = resume
        self.expected.reopen(resume=resume)


STREAMS = (Identity(), Identity("second", "wow"))


@st.composite
def interleaved(draw: st.DrawFn) -> list[list[Task] | None]:
    """Batches of two streams in any order (the streams alternate where a batch is empty), with
    restarts (None).
    """
    streams = [[[*each] for each in draw(tasks_in_batches())] for _ in STREAMS]
    steps: list[list[Task] | None] = []
    current = 0
    while any(streams):
        step = draw(st.integers(0, 9))
        if step == 0:
            steps.append(None)
        elif step < 5 or not streams[current]:
            current = 1 - current
            steps.append([])
        if streams[current]:
            steps.append(streams[current].pop(0))
    return steps


@given(steps=interleaved(), resume=st.tuples(st.booleans(), st.booleans()))
@settings(
    deadline=None,
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_two_streams_in_any_order_give_each_what_it_gives_alone(
    store: Store, steps: list[list[Task] | None], resume: tuple[bool, bool]
) -> None:
    """Whatever restarts come between, whether a recorder resumes after all of them or none."""
    emptied(store)
    streams = [Streamed(identity) for identity in STREAMS]
    for each, resumes in zip(streams, resume, strict=True):
        each.state.can_resume = resumes
    current = 0
    for step in steps:
        if step is None:
            for each in streams:
                each.close(store)
            recover(store, archive=True)
            for each, resumes in zip(streams, resume, strict=True):
                each.open(store, resume=resumes)
        elif not step:
            current = 1 - current
        else:
            streams[current].write(store, step)
    for each in streams:
        each.close(store)
        assert each.state.position == each.sent
        with store.read_transaction() as connection:
            assert_as_modelled(connection, each.expected, each.identity)
            stored = read_recorders(connection, each.identity.recorder)
        assert (stored[0].position if stored else 0) == each.sent


def assert_live_counters(store: Store, state: RecorderState) -> None:
    """The live counters equal what the journal adds up to."""
    from resonance_logs.store import journal

    in_transaction(store, lambda connection: Settlement(connection, state).publish)
    assert state.fight is not None
    with store.read_transaction() as connection:
        rows = of_fight(connection, schema.actor_encounter_stats, state.fight.id)
        events = journal.read(connection, state.fight.id).events
    counters = Tally.from_events(events).counters(
        {row["actor_id"] for row in rows if row["is_player"]}
    )
    for row in rows:
        expected = counters.get(row["actor_id"], [0] * 24)
        assert [row[name] for name in model.COUNTERS] == expected


@needs_data
@each_truth()
def test_a_real_night_comes_out_as_the_model_and_as_its_truth_say(name: str, path: Path) -> None:
    tasks = load_tasks(name)
    with Database.open(path) as db:
        for task in tasks:
            db.enqueue(task)
        db.flush()
        page = db.commands.get_recent_encounters(limit=1_000, offset=0)
        ids = [row.id for row in reversed(page.rows)]
        truth = load_truth(name)["encounters"]
        assert len(ids) == len(truth)
        for encounter_id, expected in zip(ids, truth, strict=True):
            assert_true(db, encounter_id, expected)
        with db._store.read_transaction() as connection:
            assert_as_modelled(connection, modelled(tasks))


def assert_true(db: Database, encounter_id: int, truth: dict[str, Any]) -> None:
    """The commands' answers equal every figure of the truth file."""
    fight = db.commands.get_encounter_by_id(encounter_id=encounter_id)
    for name in ("started_at_ms", "ended_at_ms", "scene_id", "scene_name"):
        assert getattr(fight, name) == truth[name]
    assert (fight.total_dmg, fight.total_heal) == (truth["total_dmg"], truth["total_heal"])
    assert {str(actor.actor_id) for actor in fight.actors} == set(truth["players"])
    for actor in fight.actors:
        for name, value in truth["players"][str(actor.actor_id)].items():
            assert getattr(actor, name) == value
    window = db.commands.get_encounter_range(encounter_id=encounter_id)
    pairs = {
        f"{row.attacker_id}|{row.defender_id}|{row.skill_id}": row.hits
        for row in window.damage_skills
    }
    assert pairs == truth["pairs"]
    not_hit = {name for name in truth["defeated_bosses"] or () if name not in truth["bosses"]}
    assert {boss.monster_name: (boss.is_defeated, boss.max_hp) for boss in fight.bosses} == {
        **{name: (boss["defeated"], boss["max_hp"]) for name, boss in truth["bosses"].items()},
        **dict.fromkeys(not_hit, (True, None)),
    }


@needs_data
def test_the_order_of_the_desktop_application_gives_the_same_fight(tmp_path: Path) -> None:
    totals = []
    for name in ("bpsr-dummy-fight", "bpsr-dummy-fight.original-order"):
        with Database.open(tmp_path / f"{name}.db") as db:
            for task in load_tasks(name):
                db.enqueue(task)
            db.flush()
            (row,) = db.commands.get_recent_encounters(limit=10, offset=0).rows
            (player,) = db.commands.get_encounter_by_id(encounter_id=row.id).actors
            totals.append((row.total_dmg, player.hits_dealt, db.stats().strays))
    assert totals == [(27_354, 19, 0), (27_354, 19, 0)]


@needs_data
def test_a_town_of_repeated_updates_is_104_players_and_unknown_numbers_overwrite_nothing(
    path: Path,
) -> None:
    tasks = load_tasks("bpsr-town")
    with Database.open(path) as db:
        for task in tasks:
            db.enqueue(task)
        db.flush()
        with db._store.read_transaction() as connection:
            assert_as_modelled(connection, modelled(tasks))
            assert connection.execute(select(schema.entities)).all().__len__() == 104
