"""One side of a fight as a table: figures by hand, of the whole and of a range."""

import pytest

from resonance_logs.commands import Commands, Side, SkillType
from resonance_logs.commands.party import EncounterParty, PartyRow
from resonance_logs.errors import InvalidArgument, NotFound
from tests.helpers.builder import AOI, BEN, BOSS, Builder, hit, known_fight


def totals(party: EncounterParty) -> list[tuple[int, int, int]]:
    return [(row.actor_id, row.total, row.hits) for row in party.rows]


def test_the_figures_of_damage_are_those_of_the_specification(
    builder: Builder, commands: Commands
) -> None:
    party = commands.get_encounter_party(known_fight(builder))
    assert (party.from_ms, party.to_ms, party.duration) == (0, 10_000, 10.0)
    assert (party.total, party.per_second) == (740, 74.0)
    assert totals(party) == [(AOI, 500, 3), (BEN, 240, 2), (9, 0, 0)]
    assert party.rows[0] == PartyRow(
        actor_id=AOI,
        name="Aoi",
        class_id=1,
        class_name="Stormblade",
        class_spec=2,
        class_spec_name="Moonstrike",
        is_player=True,
        is_local_player=True,
        total=500,
        per_second=50.0,
        share=500 / 740,
        active_per_second=500.0,
        hits=3,
        hits_per_minute=3 / (10 / 60),
        crit_rate=1 / 3,
        lucky_rate=1 / 3,
        boss_total=500,
    )
    assert (party.rows[1].active_per_second, party.rows[1].boss_total) == (120.0, 0)


def test_only_damage_has_an_active_rate_and_a_total_on_bosses(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    for kind in ("heal", "tanked"):
        row = commands.get_encounter_party(fight, kind).rows[0]
        assert (row.active_per_second, row.boss_total) == (None, None)


@pytest.mark.parametrize(
    ("kind", "side", "expected"),
    [
        ("heal", "players", [(BEN, 100, 2), (AOI, 0, 0), (9, 0, 0)]),
        ("tanked", "players", [(BEN, 150, 1), (AOI, 50, 1), (9, 0, 0)]),
        ("dps", "monsters", [(BOSS, 200, 2)]),
        ("heal", "monsters", [(BOSS, 0, 0)]),
        # Hits on unknown targets count for nobody; hits between players do not count for monsters.
        ("tanked", "monsters", [(BOSS, 500, 3)]),
    ],
)
def test_each_side_has_its_damage_healing_and_damage_taken(
    builder: Builder,
    commands: Commands,
    kind: str,
    side: str,
    expected: list[tuple[int, int, int]],
) -> None:
    fight = known_fight(builder)
    whole = commands.get_encounter_party(fight, SkillType(kind), Side(side))
    assert totals(whole) == expected
    assert whole.total == sum(total for _, total, _ in expected)
    # From 0 on, nothing of this fight is excluded, but its events are read.
    assert commands.get_encounter_party(fight, SkillType(kind), Side(side), 0) == whole


def test_a_range_of_the_fight_has_its_own_figures(builder: Builder, commands: Commands) -> None:
    party = commands.get_encounter_party(known_fight(builder), from_ms=1_000, to_ms=8_000)
    assert (party.from_ms, party.to_ms, party.duration) == (1_000, 8_000, 7.0)
    assert totals(party) == [(AOI, 300, 1), (BEN, 240, 2), (9, 0, 0)]
    assert (party.rows[0].share, party.rows[0].per_second) == (300 / 540, 300 / 7)


def test_two_parts_add_up_to_the_whole(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    for kind in ("dps", "heal", "tanked"):
        parts = [
            commands.get_encounter_party(fight, kind, from_ms=start, to_ms=end)
            for start, end in ((None, 3_000), (3_000, None))
        ]
        whole = commands.get_encounter_party(fight, kind)
        assert sum(part.total for part in parts) == whole.total


def test_an_open_fight_is_as_it_is_so_far(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(0, None)
    builder.actor(fight, AOI, is_player=1)
    builder.journal(fight, [hit(100, 40), hit(2_100, 60)])
    (row,) = commands.get_encounter_party(fight).rows
    assert (row.total, row.hits, row.active_per_second) == (100, 2, 50.0)


def test_a_fight_in_which_nobody_was_has_no_rows(builder: Builder, commands: Commands) -> None:
    party = commands.get_encounter_party(builder.fight())
    assert (party.rows, party.total, party.per_second) == ([], 0, 0.0)


def test_the_whole_fight_needs_no_individual_hits_but_a_range_does(
    builder: Builder, commands: Commands
) -> None:
    fight = builder.fight(damage_events=3)
    builder.actor(fight, AOI, is_player=1, damage_dealt=5, hits_dealt=1)
    assert totals(commands.get_encounter_party(fight)) == [(AOI, 5, 1)]
    with pytest.raises(NotFound, match="without its individual hits"):
        commands.get_encounter_party(fight, from_ms=1)
    with pytest.raises(NotFound, match="fight 99"):
        commands.get_encounter_party(99)


def test_a_range_that_ends_before_it_begins_is_refused(
    builder: Builder, commands: Commands
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.get_encounter_party(known_fight(builder), from_ms=5, to_ms=4)
    assert caught.value.argument == "toMs"
