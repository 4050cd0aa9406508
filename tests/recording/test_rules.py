"""The rules that public bug reports settled, on the whole way from tasks to answers."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from resonance_logs import (
    BeginEncounter,
    Database,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Settings,
    Task,
    UpsertEntity,
)
from resonance_logs.commands import SkillType
from resonance_logs.commands.encounter import ActorEncounterStat, EncounterSummary
from resonance_logs.store import schema
from resonance_logs.store.checksums import checksum, fingerprint, stored_rows
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.truth import DATA, load_tasks

needs_cases = pytest.mark.skipif(
    not (DATA / "cases").is_dir(), reason=f"the cases are not here: {DATA / 'cases'} does not exist"
)
AOI, BO, BOSS = 7, 8, 500


def record(db: Database, tasks: Sequence[Task]) -> list[EncounterSummary]:
    """The fights that the tasks make, in the order of their start."""
    db.enqueue_many(tasks)
    db.flush(30)
    rows = db.commands.get_recent_encounters(limit=1_000).rows
    return [db.commands.get_encounter_by_id(row.id) for row in rows][::-1]


def record_case(db: Database, name: str) -> list[EncounterSummary]:
    return record(db, load_tasks(f"cases/{name}"))


def hit(
    at: int, value: int = 10, by: int = AOI, to: int | None = BOSS, name: str | None = None
) -> InsertDamageEvent:
    return InsertDamageEvent(
        timestamp_ms=at, attacker_id=by, value=value, defender_id=to, monster_name=name
    )


def by_id(actors: Sequence[ActorEncounterStat]) -> dict[int, ActorEncounterStat]:
    return {actor.actor_id: actor for actor in actors}


class TestEnd:
    @needs_cases
    def test_a_clock_set_back_cannot_shorten_a_fight(self, db: Database) -> None:
        (fight,) = record_case(db, "clock-back-50s")
        last = max(
            task.timestamp_ms
            for task in load_tasks("cases/clock-back-50s")
            if isinstance(task, InsertDamageEvent)
        )
        assert (fight.ended_at_ms, fight.clock_jumped) == (last, True)
        assert fight.dps == pytest.approx(1_000, rel=0.1)

    def test_such_a_fight_is_left_out_of_best_times_and_records(self, db: Database) -> None:
        def kill(start: int, damage: int, last: int, end: int) -> list[Task]:
            return [
                BeginEncounter(started_at_ms=start, scene_name="Court"),
                UpsertEntity(entity_id=AOI, seen_at_ms=start, name="Aoi", class_id=1),
                InsertDamageEvent(start + last, AOI, damage, BOSS, "Golem", is_boss=True),
                EndEncounter(ended_at_ms=start + end, defeated_bosses=["Golem"]),
            ]

        tasks = [*kill(1_000_000, 60_000, 59_000, 60_000), *kill(2_000_000, 60_000, 9_000, 8_000)]
        sound, jumped = record(db, tasks)
        assert (sound.clock_jumped, jumped.clock_jumped) == (False, True)
        overview = db.commands.get_bosses_and_scenes()
        for target in (*overview.bosses, *overview.scenes):
            assert (target.kills, target.best_time) == (2, 60.0)
        for boss in (
            db.commands.get_boss_profile(boss_name="Golem"),
            db.commands.get_boss_profile(scene_name="Court"),
        ):
            assert (boss.kills, boss.best_time, boss.median_time) == (2, 60.0, 60.0)
            assert [each.encounter_id for each in boss.fastest] == [sound.id]
            assert [each.clock_jumped for each in boss.newest] == [True, False]
            assert [each.dps.count for each in boss.classes] == [1]
        profile = db.commands.get_player_profile(AOI)
        assert profile.dps is not None
        assert (profile.fights, profile.dps.count, profile.dps.most) == (2, 1, 1_000.0)
        (met,) = profile.bosses
        assert (met.kills, met.best_kill_dps, met.best_encounter_id) == (2, 1_000.0, sound.id)
        (played,) = profile.classes
        assert (played.fights, played.best_dps) == (2, 1_000.0)

    def test_a_player_with_no_other_fight_has_no_records(self, db: Database) -> None:
        record(
            db,
            [
                BeginEncounter(started_at_ms=1_000),
                UpsertEntity(entity_id=AOI, seen_at_ms=1_000, name="Aoi", class_id=1),
                InsertDamageEvent(9_000, AOI, 10, BOSS, "Golem", is_boss=True),
                EndEncounter(ended_at_ms=2_000, defeated_bosses=["Golem"]),
            ],
        )
        profile = db.commands.get_player_profile(AOI)
        assert (profile.fights, profile.dps) == (1, None)
        (met,) = profile.bosses
        assert (met.tries, met.best_dps, met.median_dps, met.best_encounter_id) == (
            (1, None, None, None)
        )
        (fight,) = db.commands.get_player_fights(AOI).rows
        assert [boss.percentile for boss in fight.bosses] == [None]

    @needs_cases
    def test_a_second_begin_elsewhere_ends_the_open_fight_at_its_last_event(
        self, db: Database
    ) -> None:
        first, second = record_case(db, "end-missed")
        assert (first.was_interrupted, first.duration, first.scene_name) == (True, 29.0, "First")
        assert (second.was_interrupted, second.scene_name) == (False, "Second")
        assert db.stats().ignored == 0


class TestBosses:
    @needs_cases
    def test_bosses_are_defeated_whatever_the_spelling(self, db: Database) -> None:
        fights = record_case(db, "kill-names")
        defeated = [[(b.monster_name, b.is_defeated) for b in fight.bosses] for fight in fights]
        as_hit = [
            task.monster_name
            for task in load_tasks("cases/kill-names")
            if isinstance(task, InsertDamageEvent)
        ]
        assert defeated[:6] == [[(name, True)] for name in as_hit[:6]]
        assert defeated[6] == [("Tina", True)]
        assert db.stats().unmatched_bosses == 1

    def test_a_defeated_boss_that_no_hit_names_has_no_hits(self, db: Database) -> None:
        (fight,) = record(
            db, [BeginEncounter(1_000), hit(2_000), EndEncounter(9_000, defeated_bosses=["Tina"])]
        )
        whole = db.commands.get_encounter_range(fight.id)
        assert [(b.monster_name, b.hits, b.is_defeated) for b in whole.bosses] == [
            ("Tina", 0, True)
        ]
        assert db.commands.get_encounter_range(fight.id, from_ms=0, to_ms=500).bosses == []
        assert db.commands.check_database().is_sound

    @needs_cases
    def test_the_kill_of_a_scene_is_a_fight_in_which_every_boss_fell(self, db: Database) -> None:
        record_case(db, "council-wipes")
        overview = db.commands.get_bosses_and_scenes()
        (scene,) = overview.scenes
        assert (scene.kills, scene.tries, scene.best_time) == (1, 4, 300.0)
        assert {boss.name: boss.kills for boss in overview.bosses} == {
            "Ira": 3,
            "Ruin": 2,
            "Woe": 1,
        }
        profile = db.commands.get_boss_profile(scene_name="Council hall")
        assert (profile.kills, profile.best_time) == (1, 300.0)
        assert [each.is_kill for each in profile.newest] == [False, True, False, False]
        assert db.commands.get_boss_profile(boss_name="Ira").kills == 3


class TestPlayers:
    @needs_cases
    @pytest.mark.parametrize("archive", [True, False])
    def test_the_local_player_is_one_and_names_arrive_late(self, path: Path, archive: bool) -> None:
        with Database.open(path, settings=Settings(archive=archive)) as db:
            (fight,) = record(db, load_tasks("cases/late-names")[:4])
            assert (fight.total_dmg, fight.unknown_dmg) == (1_000, 3_000)
            assert [each.actor_id for each in fight.actors] == [AOI]
            (fight,) = record(db, load_tasks("cases/late-names")[4:])
            assert (fight.total_dmg, fight.unknown_dmg) == (4_000, 0)
            assert db.stats().unknown_dmg == 0
            assert [(each.name, each.class_id) for each in fight.actors] == [("Bo", 2), ("Aoi", 1)]
            assert [each.name for each in fight.players] == ["Bo", "Aoi"]
            found = db.commands.get_recent_encounters_filtered(filters={"player_name": "bo"})  # type: ignore[arg-type]
            assert found.total_count == 1
            assert db.commands.check_database().is_sound
            if archive:
                whole = db.commands.get_encounter_range(fight.id)
                assert whole.total_dmg == 4_000

    @needs_cases
    def test_damage_to_oneself_and_between_friends(self, db: Database) -> None:
        (fight,) = record_case(db, "falling")
        assert fight.total_dmg == 1_000 + 50
        aoi = by_id(fight.actors)[AOI]
        assert (aoi.damage_dealt, aoi.hits_dealt) == (1_000, 1)
        assert aoi.damage_taken == 500_000 + 300_000 + 700
        assert aoi.active_time_ms == 1_000

    @needs_cases
    def test_every_command_leaves_damage_to_oneself_out_of_what_was_dealt(
        self, db: Database
    ) -> None:
        (fight,) = record_case(db, "falling")
        commands, hits = db.commands, {"dps": 1_000, "tanked": 800_700}
        for to_ms in (None, 10_000):
            for kind in (SkillType.DPS, SkillType.TANKED):
                party = commands.get_encounter_party(fight.id, kind, to_ms=to_ms)
                assert {row.actor_id: row.total for row in party.rows}[AOI] == hits[kind]
                skills = commands.get_encounter_player_skills(fight.id, AOI, kind, to_ms=to_ms)
                assert skills.curr_player[0].total_dmg == hits[kind]
                assert sum(row.total_dmg for row in skills.skill_rows) == hits[kind]
                targets = commands.get_encounter_player_targets(fight.id, AOI, kind, to_ms=to_ms)
                assert sum(row.total_dmg for row in targets.target_rows) == hits[kind]
                curve = commands.get_encounter_timeline(
                    fight.id, kind=kind, actor_id=AOI, to_ms=to_ms
                )
                assert sum(line.total for line in curve.series) == hits[kind]

    @needs_cases
    def test_another_class_drops_the_spec(self, db: Database) -> None:
        first, second = record_case(db, "class-change")
        assert [(a.class_id, a.class_spec) for a in (*first.actors, *second.actors)] == [
            (1, 1),
            (2, None),
        ]
        party = db.commands.get_encounter_party(second.id)
        assert [(row.class_name, row.class_spec_name) for row in party.rows] == [("Frost Mage", "")]
        assert db.commands.get_players().rows[0].class_spec_name == ""

    def test_a_monster_that_reuses_the_id_of_an_earlier_player_is_a_monster(
        self, path: Path
    ) -> None:
        with Database.open(path) as db:
            record(db, [UpsertEntity(BOSS, 500, name="Old player"), UpsertEntity(AOI, 500)])
        tasks: list[Task] = [
            BeginEncounter(1_000),
            hit(2_000, name="Golem"),
            hit(3_000, by=BOSS, to=AOI),
            InsertHealEvent(4_000, BOSS, 5),
        ]
        with Database.open(path) as db:
            db.enqueue_many(tasks)
            db.flush()
            live = db.commands.get_live_encounter()
            assert live is not None
            assert [each.actor_id for each in live.actors] == [AOI]
            (fight,) = record(db, [EndEncounter(9_000)])
            assert (fight.total_dmg, fight.total_heal) == (10, 0)
            actors = by_id(db.commands.get_encounter_actor_stats(fight.id))
            assert (actors[BOSS].is_player, actors[BOSS].name) == (False, "Golem")
            assert actors[AOI].damage_taken == 10
            assert db.commands.check_database().is_sound

    def test_a_player_who_was_updated_since_stays_one_though_hit_as_a_monster(
        self, path: Path
    ) -> None:
        with Database.open(path) as db:
            record(db, [UpsertEntity(BO, 500, name="Bo")])
        with Database.open(path) as db:
            (fight,) = record(
                db,
                [
                    UpsertEntity(BO, 600, name="Bo"),
                    BeginEncounter(1_000),
                    hit(2_000, by=AOI, to=BO, name="Golem"),
                    EndEncounter(9_000),
                ],
            )
            assert [each.name for each in fight.actors] == ["Bo"]


class TestUnknownAttackers:
    def test_a_fight_says_what_unknown_attackers_dealt_and_the_log_says_it_once(
        self, db: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fight(start: int) -> list[Task]:
            return [BeginEncounter(start), hit(start + 1, name="A"), EndEncounter(start + 9)]

        first, second = record(db, [*fight(1_000), *fight(2_000)])
        assert (first.unknown_dmg, second.unknown_dmg, first.total_dmg) == (10, 10, 0)
        assert db.stats().unknown_dmg == 20
        warnings = [each for each in caplog.messages if "unknown attackers" in each]
        assert len(warnings) == 1
        assert str(AOI) in warnings[0]


class TestOlderFigures:
    @needs_cases
    def test_figures_of_an_older_rule_are_computed_again_when_recording_begins(
        self, path: Path
    ) -> None:
        with Database.open(path) as db:
            (fight,) = record_case(db, "falling")
            actors = by_id(fight.actors)
        _make_dealt(path, fight.id, actors[AOI])
        with Database.open(path, record=False) as db:
            assert db.commands.get_encounter_by_id(fight.id).total_dmg == fight.total_dmg + 500_000
            assert db.commands.check_database().is_sound
        with Database.open(path) as db:
            assert db.commands.get_encounter_by_id(fight.id) == fight
            assert db.commands.check_database().is_sound
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM outdated_figures").fetchone() == (0,)


def _make_dealt(path: Path, encounter_id: int, actor: ActorEncounterStat) -> None:
    """Leave the fight as a version before schema 0007 would: damage to oneself was dealt."""
    fights = schema.encounters
    actors = schema.actor_encounter_stats
    store = Store(path)
    with closing(store), store.write_transaction() as connection:
        connection.execute(
            update(actors)
            .where(actors.c.encounter_id == encounter_id, actors.c.actor_id == actor.actor_id)
            .values(
                damage_dealt=actor.damage_dealt + 500_000,
                hits_dealt=actor.hits_dealt + 1,
                damage_taken=actor.damage_taken - 500_000,
                hits_taken=actor.hits_taken - 1,
            )
        )
        of_fight = fights.c.id == encounter_id
        connection.execute(
            update(fights).where(of_fight).values(total_dmg=fights.c.total_dmg + 500_000)
        )
        row = connection.execute(select(fights).where(of_fight)).mappings().one()
        checksums = {"actors_checksum": checksum(stored_rows(connection, actors, encounter_id))}
        values = {**checksums, "fingerprint": fingerprint({**row})}
        connection.execute(update(fights).where(of_fight).values(values))
        connection.execute(insert(schema.outdated_figures), {"encounter_id": encounter_id})
