"""The attempts at a boss, in the order they began."""

import pytest

from resonance_logs.commands import Commands
from resonance_logs.commands.attempts import BossAttempts
from resonance_logs.errors import NotFound
from tests.helpers.builder import Builder


def test_tries_are_those_with_any_of_the_bosses_by_their_start(
    builder: Builder, commands: Commands
) -> None:
    builder.fight(5_000, bosses=["Ogre"])
    builder.fight(1_000, bosses=["Ogre", "Imp"])
    builder.fight(2_000, bosses=["Ghost"])
    builder.fight(3_000, bosses=["Imp"])
    builder.fight(9_000, None, bosses=["Ogre"])
    ask = commands.get_boss_tries
    assert ask(1) == BossAttempts(previous_id=2, next_id=None, number=2, count=2)
    assert ask(2) == BossAttempts(previous_id=None, next_id=4, number=1, count=3)
    assert ask(3) == BossAttempts(previous_id=None, next_id=None, number=1, count=1)
    assert ask(4) == BossAttempts(previous_id=2, next_id=None, number=2, count=2)


def test_of_fights_that_began_at_once_the_lower_number_is_first(
    builder: Builder, commands: Commands
) -> None:
    for _ in range(3):
        builder.fight(1_000, bosses=["Ogre"])
    assert [commands.get_boss_tries(each).previous_id for each in (1, 2, 3)] == [None, 1, 2]
    assert [commands.get_boss_tries(each).number for each in (1, 2, 3)] == [1, 2, 3]


def test_a_fight_without_a_boss_or_still_open_stands_by_itself(
    builder: Builder, commands: Commands
) -> None:
    alone = BossAttempts(previous_id=None, next_id=None, number=1, count=1)
    builder.fight(1_000)
    builder.fight(2_000, None, bosses=["Ogre"])
    builder.fight(3_000, bosses=["Ogre"])
    assert [commands.get_boss_tries(each) for each in (1, 2, 3)] == [alone] * 3
    with pytest.raises(NotFound):
        commands.get_boss_tries(77)
