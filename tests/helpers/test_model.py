"""The model agrees with the truth files, and with the sentences of the spec."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
    UpsertEntity,
    check_task,
)
from tests.helpers.model import COUNTERS, Actor, Boss, Counters, Entity, Fight, Model, Pair, PairKey
from tests.helpers.strategies import cuts, tasks
from tests.helpers.truth import data_file, each_truth, load_tasks, load_truth, needs_data, truths

A_FEW = settings(deadline=None, max_examples=40)
FIND_ONLY = settings(deadline=None, database=None, max_examples=2000, phases=[Phase.generate])
PLAYER, FRIEND, MONSTER, BOSS = 1, 2, 101, 102


def begin(at: int = 1000, **fields: Any) -> Task:
    return BeginEncounter(started_at_ms=at, **fields)


def end(at: int = 9000, **fields: Any) -> Task:
    return EndEncounter(ended_at_ms=at, **fields)


def player(entity_id: int = PLAYER, at: int = 1000, **fields: Any) -> Task:
    return UpsertEntity(entity_id=entity_id, seen_at_ms=at, **fields)


def hit(at: int = 2000, by: int = PLAYER, value: int = 10, **fields: Any) -> Task:
    return InsertDamageEvent(timestamp_ms=at, attacker_id=by, value=value, **fields)


def heal(at: int = 2000, by: int = PLAYER, value: int = 5, **fields: Any) -> Task:
    return InsertHealEvent(timestamp_ms=at, healer_id=by, value=value, **fields)


def the_fight(*sequence: Task) -> Fight:
    """The only fight of the tasks."""
    [fight] = Model(sequence).fights
    return fight


def actor(fight: Fight, actor_id: int) -> Actor:
    return fight.actors[actor_id]


def told(fight: Fight) -> dict[str, Any]:
    """A fight in the terms of a truth file."""
    pairs = fight.damage_pairs.items()
    return {
        "started_at_ms": fight.started_at_ms,
        "ended_at_ms": fight.ended_at_ms,
        "scene_id": fight.scene_id,
        "scene_name": fight.scene_name,
        "local_player_id": fight.local_player_id,
        "total_dmg": fight.total_dmg,
        "total_heal": fight.total_heal,
        "damage_rows": len(fight.damage_events),
        "heal_rows": len(fight.heal_events),
        "players": {str(key): told_player(one) for key, one in fight.players.items()},
        "pairs": {told_key(key): pair.hits for key, pair in pairs},
        "bosses": {name: told_boss(fight, name) for name, b in fight.bosses.items() if b.hits},
    }


TOLD_OF_PLAYERS = (
    "damage_dealt",
    "hits_dealt",
    "crit_hits_dealt",
    "heal_dealt",
    "hits_heal",
    "damage_taken",
    "hits_taken",
)


def told_player(one: Actor) -> dict[str, int]:
    return {name: getattr(one, name) for name in TOLD_OF_PLAYERS}


def told_key(key: PairKey) -> str:
    return "|".join(str(part) for part in key)


def told_boss(fight: Fight, name: str) -> dict[str, Any]:
    boss = fight.bosses[name]
    hits = [h for h in fight.damage_events if h.is_boss and h.monster_name == name]
    by_players = [h for h in hits if fight.actors[h.attacker_id].is_player]
    return {
        "hits": boss.hits,
        "total": boss.total_damage,
        "hits_by_players": len(by_players),
        "total_by_players": sum(h.value for h in by_players),
        "max_hp": boss.max_hp,
        "defeated": boss.is_defeated,
    }


class TestTruth:
    @each_truth()
    def test_every_figure_of_every_fight_is_reproduced(self, name: str) -> None:
        fights = Model(load_tasks(name)).fights
        truth = load_truth(name)["encounters"]
        assert len(fights) == len(truth)
        for fight, expected in zip(fights, truth, strict=True):
            figures = told(fight)
            assert figures == {key: expected[key] for key in figures}

    @each_truth()
    def test_no_key_of_a_truth_file_is_left_unchecked(self, name: str) -> None:
        expected = load_truth(name)["encounters"]
        checked = {*told(Model(load_tasks(name)).fights[0]), "index", "entities", "defeated_bosses"}
        assert {key for encounter in expected for key in encounter} == checked

    @each_truth()
    def test_all_tasks_find_their_fight(self, name: str) -> None:
        model = Model(load_tasks(name))
        truth = load_truth(name)
        assert model.open_fight is None
        assert model.counters == Counters(unmatched_bosses=model.counters.unmatched_bosses)
        assert model.strays_untaken == truth["stray_tasks"]
        assert set(model.entities) == set(truth["player_ids"])

    @each_truth()
    def test_the_players_upserted_in_a_fight_are_in_it(self, name: str) -> None:
        fights = Model(load_tasks(name)).fights
        for fight, expected in zip(fights, load_truth(name)["encounters"], strict=True):
            assert set(fight.players) == set(expected["entities"])

    @needs_data
    def test_six_task_files_have_a_truth_file(self) -> None:
        assert [path.is_file() for path, _ in truths()] == [True] * 6

    @needs_data
    def test_a_boss_that_was_defeated_without_a_recorded_hit_has_a_row_without_hits(self) -> None:
        model = Model(load_tasks("raid-pulls"))
        truth = load_truth("raid-pulls")["encounters"]
        defeated = [each["defeated_bosses"] or [] for each in truth]
        assert [list(fight.bosses) for fight in model.fights] == defeated
        assert model.counters.unmatched_bosses == sum(map(len, defeated)) > 0

    @needs_data
    def test_the_dummy_fight_is_the_same_in_the_original_order(self) -> None:
        ordered = Model(load_tasks("bpsr-dummy-fight"))
        original = Model(load_tasks("bpsr-dummy-fight.original-order"))
        assert original.fights == ordered.fights
        assert original.entities == ordered.entities
        assert original.strays_untaken == ordered.strays_untaken == 0

    @needs_data
    def test_the_dummy_fight_has_19_hits_and_27354_damage(self) -> None:
        [fight] = Model(load_tasks("bpsr-dummy-fight")).fights
        assert (len(fight.damage_events), fight.total_dmg) == (19, 27_354)

    @needs_data
    def test_the_town_has_104_players_and_no_fight(self) -> None:
        model = Model(load_tasks("bpsr-town"))
        assert len(model.entities) == 104
        assert (model.fights, model.open_fight) == ([], None)

    @needs_data
    def test_a_name_known_once_in_the_town_stays_known(self) -> None:
        upserts = [t for t in load_tasks("bpsr-town") if isinstance(t, UpsertEntity)]
        named = {task.entity_id for task in upserts if task.name}
        entities = Model(upserts).entities
        assert {key for key, one in entities.items() if one.name} == named

    @needs_data
    def test_a_file_is_found_by_its_name_without_endings(self) -> None:
        assert data_file("bpsr-town").name == "bpsr-town.ndjson.gz"


class TestBeginAndEnd:
    def test_a_begin_opens_a_fight_and_an_end_closes_it(self) -> None:
        model = Model([begin(1000, scene_id=7, scene_name="Cave", local_player_id=PLAYER)])
        assert model.open_fight is not None
        assert model.open_fight.ended_at_ms is None
        assert model.open_fight.duration_ms is None
        model.apply(end(4000))
        [fight] = model.fights
        assert model.open_fight is None
        assert (fight.started_at_ms, fight.ended_at_ms, fight.duration_ms) == (1000, 4000, 3000)
        assert (fight.scene_id, fight.scene_name, fight.local_player_id) == (7, "Cave", PLAYER)

    def test_a_second_begin_is_ignored_and_counted(self) -> None:
        for before, now in ((1, 1), (1, None), (None, 1), (None, None)):
            sequence = [begin(1000, scene_id=before), begin(2000, scene_id=now), hit(), end()]
            model = Model(sequence)
            assert model.counters == Counters(ignored_begins=1)
            assert [(f.started_at_ms, f.scene_id) for f in model.fights] == [(1000, before)]

    def test_a_begin_in_another_scene_ends_the_open_fight_at_its_last_event(self) -> None:
        for field, before, now in (("scene_id", 1, 2), ("scene_name", "A", "B")):
            first, second = begin(1000, **{field: before}), begin(2000, **{field: now})
            fights = Model([first, hit(1500), second, hit(2500), end()]).fights
            ends = [(f.ended_at_ms, f.was_interrupted, f.clock_jumped) for f in fights]
            assert ends == [(1500, True, False), (9000, False, False)]

    def test_a_begin_a_minute_after_the_last_event_ends_the_open_fight(self) -> None:
        assert Model([begin(1000), hit(1500), begin(61_499)]).counters.ignored_begins == 1
        model = Model([begin(1000), hit(1500), begin(61_500)])
        assert [(f.ended_at_ms, f.was_interrupted) for f in model.fights] == [(1500, True)]

    def test_a_fight_without_events_that_gives_way_leaves_nothing(self) -> None:
        assert Model([begin(1000), begin(61_000), end(62_000)]).fights[0].started_at_ms == 61_000

    def test_an_end_with_no_fight_open_is_ignored_and_counted(self) -> None:
        model = Model([end(), begin(), end(), end()])
        assert model.counters == Counters(ignored_ends=2)
        assert model.counters.ignored == 2
        assert len(model.fights) == 1

    def test_an_end_before_the_start_gives_way_to_the_last_event(self) -> None:
        fight = the_fight(begin(1000), hit(5000), heal(7000), hit(3000), end(999))
        assert fight.ended_at_ms == 7000

    def test_an_end_before_the_start_gives_way_to_the_start_if_nothing_happened(self) -> None:
        assert the_fight(begin(1000), end(999)).duration_ms == 0

    def test_an_end_before_the_start_gives_way_to_the_start_if_all_events_are_older(self) -> None:
        assert the_fight(begin(1000), hit(400), end(500)).ended_at_ms == 1000

    def test_an_end_before_the_last_event_gives_way_to_it_and_the_clock_jumped(self) -> None:
        for at, jumped in ((1000, True), (4999, True), (5000, False), (5001, False)):
            fight = the_fight(begin(1000), hit(5000), end(at))
            assert (fight.ended_at_ms, fight.clock_jumped) == (max(at, 5000), jumped)

    def test_a_clock_set_back_by_more_than_two_seconds_jumped_even_with_a_later_end(self) -> None:
        assert not the_fight(begin(1000), hit(5000), hit(3000), end()).clock_jumped
        assert the_fight(begin(1000), hit(5000), hit(2999), end()).clock_jumped
        assert not the_fight(begin(1000), hit(5000), heal(2000), end()).clock_jumped

    def test_an_event_older_than_the_begin_counts_in_the_open_fight(self) -> None:
        assert len(the_fight(begin(1000), hit(1), end()).damage_events) == 1


class TestStrays:
    def test_the_next_begin_takes_the_strays_at_or_after_its_start(self) -> None:
        model = Model([hit(999), hit(1000), heal(1001), begin(1000), end()])
        [fight] = model.fights
        assert [h.timestamp_ms for h in fight.damage_events] == [1000]
        assert [h.timestamp_ms for h in fight.heal_events] == [1001]
        assert model.counters == Counters(strays_dropped=1)

    def test_a_stray_is_held_while_it_is_no_more_than_2000_ms_older_than_the_newest(self) -> None:
        assert Model([hit(1000), hit(3000)]).held_strays == [hit(1000), hit(3000)]
        model = Model([hit(1000), hit(3001)])
        assert model.held_strays == [hit(3001)]
        assert model.counters == Counters(strays_dropped=1)

    def test_a_stray_too_old_when_it_comes_is_dropped_at_once(self) -> None:
        assert Model([hit(3001), hit(1000)]).held_strays == [hit(3001)]

    def test_what_a_begin_leaves_is_not_held_for_the_one_after(self) -> None:
        model = Model([hit(1000), begin(1001), end(1002), begin(0), end()])
        assert [len(fight.damage_events) for fight in model.fights] == [0, 0]
        assert model.strays_untaken == 1

    def test_the_newest_stray_of_one_fight_does_not_age_those_of_the_next(self) -> None:
        model = Model([hit(9000), begin(9000), end(9500), hit(1000), begin(1000), end(2000)])
        assert [len(fight.damage_events) for fight in model.fights] == [1, 1]

    def test_strays_come_before_the_events_of_the_fight_and_survive_an_ignored_end(self) -> None:
        fight = the_fight(hit(1500, value=1), end(), begin(1000), hit(1200, value=2), end())
        assert [h.value for h in fight.damage_events] == [1, 2]

    def test_strays_that_nobody_took_are_neither_dropped_nor_taken_yet(self) -> None:
        model = Model([hit(1000)])
        assert model.counters == Counters()
        assert model.strays_untaken == 1


class TestEntities:
    def test_a_null_a_blank_and_a_number_not_above_0_never_overwrite(self) -> None:
        known: dict[str, Any] = {
            "name": "Ann",
            "class_id": 1,
            "class_spec": 2,
            "ability_score": 3,
            "level": 4,
            "attributes": "{}",
        }
        numbers = dict.fromkeys(("class_id", "class_spec", "ability_score", "level"))
        model = Model([player(at=5, **known)])
        model.apply(player(at=5))
        model.apply(player(at=5, name=" \t", attributes="", **dict.fromkeys(numbers, 0)))
        model.apply(player(at=5, name="", attributes=" ", **dict.fromkeys(numbers, -1)))
        assert model.entities == {PLAYER: Entity(PLAYER, 5, 5, **known)}

    def test_what_is_unknown_at_first_is_stored_as_unknown(self) -> None:
        model = Model([player(at=5, name=" ", level=0, class_id=-3)])
        assert model.entities == {PLAYER: Entity(PLAYER, 5, 5)}

    def test_what_is_known_overwrites_what_was_known(self) -> None:
        model = Model([player(name="Ann", level=59), player(name=" Ann ", level=60)])
        assert model.entities[PLAYER].name == " Ann "
        assert model.entities[PLAYER].level == 60

    def test_first_seen_only_falls_and_last_seen_only_rises(self) -> None:
        model = Model([player(at=5), player(at=3), player(at=9), player(at=4)])
        assert model.entities == {PLAYER: Entity(PLAYER, 3, 9)}

    def test_the_order_of_tasks_decides_what_is_newer_and_not_the_time_seen(self) -> None:
        model = Model([player(at=9, name="Ann"), player(at=3, name="Bob")])
        assert model.entities[PLAYER].name == "Bob"


class TestActors:
    def test_there_are_24_counters(self) -> None:
        assert len(COUNTERS) == 24
        assert (COUNTERS[0], COUNTERS[-1]) == ("damage_dealt", "boss_lucky_total_dealt")

    def test_the_attacker_has_dealt_and_boss_counters(self) -> None:
        fight = the_fight(
            player(),
            begin(),
            hit(value=1),
            hit(value=2, is_crit=True),
            hit(value=4, is_lucky=True, is_boss=True),
            hit(value=8, is_crit=True, is_lucky=True, is_boss=True),
            end(),
        )
        assert actor(fight, PLAYER) == Actor(
            PLAYER,
            is_player=True,
            active_time_ms=1000,
            damage_dealt=15,
            hits_dealt=4,
            crit_hits_dealt=2,
            lucky_hits_dealt=2,
            crit_total_dealt=10,
            lucky_total_dealt=12,
            boss_damage_dealt=12,
            boss_hits_dealt=2,
            boss_crit_hits_dealt=1,
            boss_lucky_hits_dealt=2,
            boss_crit_total_dealt=8,
            boss_lucky_total_dealt=12,
        )

    def test_the_healer_has_heal_counters_and_the_target_none(self) -> None:
        fight = the_fight(
            begin(),
            heal(value=1, target_id=FRIEND),
            heal(value=2, is_crit=True),
            heal(value=4, is_lucky=True),
            end(),
        )
        assert fight.actors[FRIEND] == Actor(FRIEND)
        assert actor(fight, PLAYER) == Actor(
            PLAYER,
            heal_dealt=7,
            hits_heal=3,
            crit_hits_heal=1,
            lucky_hits_heal=1,
            crit_total_heal=2,
            lucky_total_heal=4,
        )

    def test_the_defender_has_taken_counters_where_the_attacker_is_no_player(self) -> None:
        fight = the_fight(
            player(),
            begin(),
            hit(by=MONSTER, value=1, defender_id=PLAYER, is_crit=True),
            hit(by=MONSTER, value=2, defender_id=PLAYER, is_lucky=True),
            hit(by=PLAYER, value=4, defender_id=PLAYER),
            hit(by=PLAYER, value=8, defender_id=BOSS),
            hit(by=MONSTER, value=16, defender_id=BOSS),
            end(),
        )
        taken = replace(
            Actor(PLAYER),
            damage_taken=7,
            hits_taken=3,
            crit_hits_taken=1,
            lucky_hits_taken=1,
            crit_total_taken=1,
            lucky_total_taken=2,
        )
        names = [name for name in COUNTERS if name.endswith("_taken")]
        for name in names:
            assert getattr(actor(fight, PLAYER), name) == getattr(taken, name)
        assert actor(fight, BOSS) == Actor(BOSS, damage_taken=16, hits_taken=1)

    def test_who_is_a_player_is_decided_at_the_end_of_the_fight(self) -> None:
        fight = the_fight(begin(), hit(value=10, defender_id=FRIEND), heal(), player(), end())
        assert (fight.total_dmg, fight.total_heal) == (10, 5)
        assert actor(fight, PLAYER).is_player
        assert actor(fight, FRIEND) == Actor(FRIEND)

    def test_who_becomes_a_player_later_was_a_monster_in_the_fight(self) -> None:
        fight = the_fight(begin(), hit(value=10, defender_id=FRIEND), end(), player())
        assert fight.total_dmg == 0
        assert fight.players == {}
        assert actor(fight, FRIEND).damage_taken == 10

    def test_totals_are_what_players_dealt_and_healed(self) -> None:
        fight = the_fight(
            player(), begin(), hit(), hit(by=MONSTER), heal(), heal(by=MONSTER), end()
        )
        assert (fight.total_dmg, fight.total_heal) == (10, 5)

    def test_a_player_upserted_while_the_fight_is_open_is_in_it_without_an_event(self) -> None:
        fight = the_fight(player(FRIEND), begin(), player(PLAYER, name="Ann"), end())
        assert fight.actors == {PLAYER: Actor(PLAYER, name="Ann", is_player=True)}

    def test_the_local_player_is_the_one_that_the_begin_names(self) -> None:
        fight = the_fight(begin(local_player_id=PLAYER), hit(by=PLAYER), hit(by=FRIEND), end())
        assert actor(fight, PLAYER).is_local_player
        assert not actor(fight, FRIEND).is_local_player

    def test_a_local_player_who_does_nothing_is_no_actor(self) -> None:
        assert the_fight(player(), begin(local_player_id=PLAYER), end()).actors == {}

    def test_the_snapshot_is_what_is_known_at_the_end(self) -> None:
        model = Model([begin(), hit(), player(name="Ann", level=1, attributes="{}")])
        model.apply_all([player(level=2), end(), player(name="Bob", level=3)])
        one = actor(model.fights[0], PLAYER)
        assert (one.name, one.level, one.attributes) == ("Ann", 2, "{}")

    def test_a_monster_has_the_last_name_that_is_not_blank(self) -> None:
        hits = [hit(defender_id=MONSTER, monster_name=name) for name in ("A", "B", " ", None)]
        assert actor(the_fight(begin(), *hits, end()), MONSTER).name == "B"

    def test_a_player_is_never_named_after_a_monster(self) -> None:
        fight = the_fight(player(), begin(), hit(defender_id=PLAYER, monster_name="A"), end())
        assert actor(fight, PLAYER).name is None

    def test_every_identical_hit_counts(self) -> None:
        assert actor(the_fight(begin(), *[hit()] * 3, end()), PLAYER).hits_dealt == 3


class TestActiveTime:
    def active(self, *times: int) -> int:
        return actor(the_fight(begin(), *map(hit, times), end()), PLAYER).active_time_ms

    def test_gaps_of_5000_ms_count_and_longer_ones_do_not(self) -> None:
        assert self.active(0, 5000, 10_001, 12_000) == 5000 + 1999

    def test_the_active_time_is_at_least_a_second(self) -> None:
        assert self.active(0) == 1000
        assert self.active(0, 999) == 1000
        assert self.active(0, 1001) == 1001

    def test_events_count_in_the_order_of_their_times(self) -> None:
        assert self.active(6000, 0, 3000) == 6000

    def test_who_dealt_no_damage_was_not_active(self) -> None:
        fight = the_fight(begin(), heal(0), heal(3000, target_id=FRIEND), end())
        assert {one.active_time_ms for one in fight.actors.values()} == {0}

    def test_monsters_are_active_too(self) -> None:
        fight = the_fight(begin(), hit(0, by=MONSTER), hit(2000, by=MONSTER), end())
        assert actor(fight, MONSTER).active_time_ms == 2000


class TestPlayers:
    def test_the_local_player_is_a_player_without_an_entity(self) -> None:
        fight = the_fight(begin(local_player_id=PLAYER), hit(), hit(by=MONSTER), end())
        assert (fight.total_dmg, set(fight.players)) == (10, {PLAYER})

    def test_a_name_up_to_a_minute_after_the_end_names_a_player(self) -> None:
        for at, named in ((69_000, True), (69_001, False)):
            model = Model([begin(), hit(), end(9000), player(at=at, name="Ann", level=3)])
            (fight,) = model.fights
            assert (actor(fight, PLAYER).is_player, fight.total_dmg) == (named, 10 * named)
            assert actor(fight, PLAYER).name == ("Ann" if named else None)

    def test_a_late_name_changes_nothing_of_what_was_known_at_the_end(self) -> None:
        model = Model([player(level=1, class_id=1), begin(), hit(), end()])
        model.apply(player(at=9500, name="Ann", level=2, class_id=2, class_spec=3))
        one = actor(model.fights[0], PLAYER)
        assert (one.name, one.level, one.class_id, one.class_spec) == ("Ann", 1, 1, None)

    def test_a_late_name_does_not_make_a_player_of_a_monster(self) -> None:
        model = Model([begin(), hit(defender_id=MONSTER, monster_name="A"), hit(by=MONSTER), end()])
        model.apply(player(MONSTER, at=9500, name="Ann"))
        assert not actor(model.fights[0], MONSTER).is_player

    def test_a_new_class_drops_the_spec_of_the_old_one(self) -> None:
        model = Model([player(class_id=1, class_spec=1), player(class_id=1, class_spec=0)])
        assert model.entities[PLAYER].class_spec == 1
        model.apply(player(class_id=2))
        assert (model.entities[PLAYER].class_id, model.entities[PLAYER].class_spec) == (2, None)

    def test_damage_of_attackers_that_nobody_named_is_counted(self) -> None:
        fight = the_fight(
            player(),
            begin(),
            hit(by=FRIEND, value=1, defender_id=BOSS, monster_name="A"),
            hit(by=FRIEND, value=2),
            hit(by=FRIEND, value=4, defender_id=PLAYER),
            hit(by=FRIEND, value=8, defender_id=FRIEND),
            hit(by=BOSS, value=16, defender_id=FRIEND),
            end(),
        )
        assert (fight.unknown_dmg, fight.total_dmg) == (3, 0)


class TestPairs:
    def test_damage_is_summed_by_attacker_defender_and_skill(self) -> None:
        fight = the_fight(
            begin(),
            hit(value=1, defender_id=BOSS, skill_id=7, hp_loss=3, shield_loss=5, is_crit=True),
            hit(value=2, defender_id=BOSS, skill_id=7, hp_loss=4, shield_loss=6, is_lucky=True),
            hit(value=4, defender_id=BOSS, skill_id=8),
            end(),
        )
        assert fight.damage_pairs == {
            (PLAYER, BOSS, 7): Pair(3, 2, 1, 1, 1, 2, 7, 11),
            (PLAYER, BOSS, 8): Pair(4, 1),
        }

    def test_heals_are_summed_by_healer_target_and_skill(self) -> None:
        fight = the_fight(begin(), heal(target_id=FRIEND, is_crit=True), heal(skill_id=7), end())
        assert fight.heal_pairs == {
            (PLAYER, FRIEND, -1): Pair(5, 1, crit_hits=1, crit_total=5),
            (PLAYER, None, 7): Pair(5, 1),
        }

    def test_an_unknown_skill_is_minus_one(self) -> None:
        fight = the_fight(begin(), hit(value=1), hit(value=2, skill_id=-1), end())
        assert fight.damage_pairs == {(PLAYER, None, -1): Pair(3, 2)}

    def test_no_defender_is_not_the_defender_zero_or_minus_one(self) -> None:
        hits = [hit(defender_id=defender) for defender in (None, 0, -1)]
        fight = the_fight(begin(), *hits, end())
        assert [key[1] for key in fight.damage_pairs] == [None, 0, -1]
        assert set(fight.actors) == {PLAYER, 0, -1}


class TestBosses:
    def test_hits_on_bosses_are_summed_by_name_whoever_dealt_them(self) -> None:
        fight = the_fight(
            begin(),
            hit(value=1, monster_name="A", is_boss=True, defender_id=101, defender_max_hp=50),
            hit(value=2, monster_name="A", is_boss=True, defender_id=102, defender_max_hp=70),
            hit(value=4, monster_name="A", is_boss=True, by=MONSTER),
            hit(value=8, monster_name="A", defender_max_hp=90),
            hit(value=16, monster_name="B", is_boss=True),
            end(defeated_bosses=[" a", "C"]),
        )
        assert fight.bosses == {
            "A": Boss(3, 7, 70, True),
            "B": Boss(1, 16, None, False),
            "C": Boss(0, 0, None, True),
        }

    def test_unnamed_bosses_are_left_out_and_yet_count_as_boss_hits(self) -> None:
        hits = [hit(monster_name=name, is_boss=True) for name in (None, "", " ")]
        fight = the_fight(begin(), *hits, end(defeated_bosses=["", " "]))
        assert fight.bosses == {}
        assert actor(fight, PLAYER).boss_hits_dealt == 3

    def test_a_boss_named_as_defeated_that_nobody_hit_has_no_hits_and_is_counted(self) -> None:
        model = Model([begin(), end(defeated_bosses=["A"])])
        assert model.fights[0].bosses == {"A": Boss(0, 0, None, True)}
        assert model.counters == Counters(unmatched_bosses=1)

    def test_a_defeated_boss_is_one_without_hits_that_say_so(self) -> None:
        fight = the_fight(begin(), hit(monster_name="A"), end(defeated_bosses=["A"]))
        assert fight.bosses == {"A": Boss(1, 10, None, True)}


class TestOpenFight:
    def test_the_counters_are_readable_while_the_fight_goes_on(self) -> None:
        model = Model([player(), begin(), hit(), heal()])
        assert model.open_fight is not None
        assert (model.open_fight.total_dmg, model.open_fight.total_heal) == (10, 5)

    def test_ending_a_fight_changes_nothing_but_its_end(self) -> None:
        model = Model([player(), begin(), hit(defender_id=BOSS), heal()])
        before = model.open_fight
        model.apply(end(9000))
        assert before is not None
        assert replace(before, ended_at_ms=9000) == model.fights[0]


class TestStrategies:
    @A_FEW
    @given(tasks())
    def test_every_task_of_a_sequence_is_valid(self, sequence: list[Task]) -> None:
        for task in sequence:
            check_task(task)

    @A_FEW
    @given(st.data())
    def test_cutting_a_sequence_loses_nothing_and_keeps_the_order(
        self, data: st.DataObject
    ) -> None:
        sequence = data.draw(tasks(max_parts=2))
        batches = data.draw(cuts(sequence))
        assert [task for batch in batches for task in batch] == sequence
        assert all(batches)

    @A_FEW
    @given(tasks())
    def test_every_event_ends_in_a_fight_or_among_the_strays(self, sequence: list[Task]) -> None:
        model = Model(sequence)
        fights = [*model.fights, *([model.open_fight] if model.open_fight else [])]
        kept = sum(len(f.damage_events) + len(f.heal_events) for f in fights)
        sent = sum(isinstance(t, InsertDamageEvent | InsertHealEvent) for t in sequence)
        assert kept + model.strays_untaken == sent

    @A_FEW
    @given(tasks())
    def test_the_sums_of_actors_pairs_and_fights_agree(self, sequence: list[Task]) -> None:
        for fight in Model(sequence).fights:
            dealt = sum(one.damage_dealt for one in fight.actors.values())
            pairs = fight.damage_pairs.items()
            assert dealt == sum(pair.total_value for key, pair in pairs if key[0] != key[1])
            assert fight.total_dmg == sum(one.damage_dealt for one in fight.players.values())
            assert fight.total_heal == sum(one.heal_dealt for one in fight.players.values())
            assert fight.duration_ms is not None
            assert fight.duration_ms >= 0

    def test_the_corners_are_reached(self) -> None:
        corners = {
            "a begin while open": lambda s: Model(s).counters.ignored_begins > 0,
            "an end with none open": lambda s: Model(s).counters.ignored_ends > 0,
            "a stray dropped": lambda s: Model(s).counters.strays_dropped > 0,
            "a fight left open": lambda s: Model(s).open_fight is not None,
            "a stray taken": _takes_a_stray,
            "a boss defeated": lambda s: any(
                b.is_defeated for f in Model(s).fights for b in f.bosses.values()
            ),
            "a player who is hit by a monster": lambda s: any(
                p.hits_taken for f in Model(s).fights for p in f.players.values()
            ),
        }
        for corner in corners.values():
            find(tasks(), corner, settings=FIND_ONLY)


def _takes_a_stray(sequence: list[Task]) -> bool:
    model = Model()
    for task in sequence:
        was_open = model.open_fight is not None
        model.apply(task)
        if not was_open and model.open_fight is not None and model.open_fight.actors:
            return True
    return False


def test_fights_with_the_same_figures_are_equal() -> None:
    sequence = [player(), begin(), hit(defender_id=BOSS, is_boss=True), end()]
    assert the_fight(*sequence) == the_fight(*sequence)
    assert asdict(the_fight(*sequence)) != asdict(the_fight(*sequence[1:]))
