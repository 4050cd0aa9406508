"""One fight of a night: who acts when, and the resulting tasks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from math import ceil
from random import Random
from typing import Final

from resonance_logs.fights.games.game import Role
from resonance_logs.sources.simulation.kits import (
    MONSTER_BLAST,
    MONSTER_CLEAVE,
    MONSTER_STRIKE,
    MONSTER_WRATH,
    Skill,
)
from resonance_logs.sources.simulation.party import ACTION_MS, Player
from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    InsertHealEvent,
    Task,
)

CRIT_CHANCE: Final = 0.28
LUCKY_CHANCE: Final = 0.07
DODGE_CHANCE: Final = 0.005
CLUMSY_CHANCE: Final = 0.04
"""How often a player is hit by the full force of a blast."""

STRAY_CHANCE: Final = 0.3
MAX_MONSTERS: Final = 12
ADDS_MS: Final = 35_000
"""The time between waves of adds."""


@dataclass(slots=True)
class Monster:
    """A monster, and its hits so far: recorders learn a minor monster's name a few hits late."""

    id: int
    name: str
    max_hp: int
    hp: int
    is_boss: bool
    attack: int
    every_ms: int
    shield: int = 0
    hits: int = 0


@dataclass(frozen=True, slots=True)
class Pull:
    """The plan of a fight: where, against whom, about how long, and whether it will be lost."""

    started_at_ms: int
    scene_id: int
    scene_name: str
    monsters: tuple[Monster, ...]
    adds: tuple[str, ...]
    length_ms: int
    lost_after_ms: int | None


class Fight:
    """Plays a pull. ``tasks()`` can be used once; ``now`` and ``is_won`` give its state."""

    def __init__(self, random: Random, party: Sequence[Player], pull: Pull, updates: float) -> None:
        self.now = pull.started_at_ms
        self._random = random
        self._party = party
        self._alive = list(party)
        self._pull = pull
        self._updates = updates
        self._owed_updates = 0.0
        self._monsters = list(pull.monsters)
        self._next_monster = max(each.id for each in pull.monsters) + 1
        self._next_wave = pull.started_at_ms + ADDS_MS
        self._queue: list[tuple[int, int, Player | Monster]] = []
        self._turns = 0
        self._out: list[Task] = []
        for player in party:
            player.enter()

    @property
    def is_won(self) -> bool:
        """Whether everything that had to be killed is dead."""
        bosses = [each for each in self._pull.monsters if each.is_boss]
        return all(each.hp <= 0 for each in bosses or self._monsters)

    def tasks(self) -> Iterator[Task]:
        """The fight from begin to end, in the order a recorder sends it."""
        yield from self._opening()
        actors: list[Player | Monster] = [*self._party, *self._monsters]
        for actor in actors:
            delay = self._random.randrange(ACTION_MS)
            self._schedule(self.now + delay, actor)
        while self._alive and not self.is_won:
            yield from self._turn()
        ended = self.now + self._random.randrange(50, 400)
        bosses = [each.name for each in self._pull.monsters if each.is_boss]
        yield EndEncounter(ended, bosses if bosses and self.is_won else None)
        self.now = ended

    def _opening(self) -> list[Task]:
        """The begin; sometimes the first hits come before it."""
        pull = self._pull
        begin = BeginEncounter(self.now, self._party[0].id, pull.scene_id, pull.scene_name)
        if self._random.random() < STRAY_CHANCE:
            self._act_player(self._party[0])
        opening = [*self._out, begin]
        self._out.clear()
        return opening

    def _schedule(self, at_ms: int, actor: Player | Monster) -> None:
        self._turns += 1
        heappush(self._queue, (at_ms, self._turns, actor))

    def _turn(self) -> list[Task]:
        self.now, _, actor = heappop(self._queue)
        if isinstance(actor, Player):
            self._player_turn(actor)
        elif actor.hp > 0:
            self._monster_acts(actor)
            self._schedule(self.now + self._about(actor.every_ms), actor)
        if self.now >= self._next_wave:
            self._send_adds()
        out, self._out = self._out, []
        return out

    def _about(self, milliseconds: int) -> int:
        return max(1, int(milliseconds * self._random.uniform(0.75, 1.25)))

    # Players

    def _player_turn(self, player: Player) -> None:
        if player.dead:
            self._revive(player)
        if not player.dead:
            self._act_player(player)
            self._schedule(self.now + self._about(ACTION_MS), player)

    def _act_player(self, player: Player) -> None:
        skill = self._random.choices(player.kit.skills, cum_weights=player.kit.cumulative)[0]
        if skill.heals:
            self._heal(player, skill)
            return
        for monster in self._targets(skill.targets):
            for _ in range(skill.hits):
                self._hit(player, monster, skill, lucky=False)
            if self._random.random() < LUCKY_CHANCE * skill.hits:
                self._hit(player, monster, player.kit.lucky_strike, lucky=True)

    def _targets(self, limit: int) -> list[Monster]:
        """The boss first, then the monsters around it; the dead are excluded."""
        standing = [each for each in self._monsters if each.hp > 0]
        if limit == 1 and len(standing) > 1 and self._random.random() < 0.25:
            return [self._random.choice(standing)]
        return standing[:limit]

    def _hit(self, player: Player, monster: Monster, skill: Skill, *, lucky: bool) -> None:
        random = self._random.random
        crit = random() < CRIT_CHANCE
        value = int(player.attack * skill.power * (0.9 + 0.2 * random()) * (1.8 if crit else 1.0))
        if random() < DODGE_CHANCE:
            value, crit = 0, False
        absorbed = min(monster.shield, value)
        hp_loss = max(0, min(value - absorbed, monster.hp))
        monster.shield -= absorbed
        monster.hp -= hp_loss
        monster.hits += 1
        self._see(player)
        self._out.append(
            InsertDamageEvent(
                self.now,
                player.id,
                value,
                monster.id,
                monster.name if monster.is_boss or monster.hits > 2 else None,
                skill.id,
                crit,
                lucky,
                hp_loss,
                absorbed,
                monster.max_hp,
                monster.is_boss,
            )
        )

    def _heal(self, healer: Player, skill: Skill) -> None:
        for target in self._most_wounded(skill.targets):
            crit = self._random.random() < CRIT_CHANCE
            value = healer.attack * skill.power * self._random.uniform(0.9, 1.1)
            value = int(value * (1.8 if crit else 1.0))
            target.hp = min(target.max_hp, target.hp + value)
            target.shield = max(target.shield, int(healer.attack * skill.shield))
            lucky = self._random.random() < LUCKY_CHANCE
            self._see(healer)
            self._out.append(
                InsertHealEvent(self.now, healer.id, value, target.id, skill.id, crit, lucky)
            )

    def _most_wounded(self, limit: int) -> list[Player]:
        return sorted(self._alive, key=lambda each: each.hp / each.max_hp)[:limit]

    def _die(self, player: Player) -> None:
        """Die, and be revived after a while; the dead do nothing."""
        player.dead = True
        self._alive.remove(player)

    def _revive(self, player: Player) -> None:
        """Revive some time after dying, unless the fight is being lost."""
        if self._is_wiping:
            return
        if player.hp <= 0:
            player.hp = 1
            self._schedule(self.now + self._about(min(15_000, self._pull.length_ms // 4)), player)
            return
        player.hp = player.max_hp // 2
        player.dead = False
        self._alive.append(player)

    # Monsters

    @property
    def _is_wiping(self) -> bool:
        after = self._pull.lost_after_ms
        return after is not None and self.now >= self._pull.started_at_ms + after

    def _monster_acts(self, monster: Monster) -> None:
        if not self._alive:
            return
        skill = self._monster_skill(monster)
        if skill is MONSTER_WRATH:
            struck = self._random.sample(self._alive, ceil(len(self._alive) / 2))
        elif skill.targets == 1:
            struck = [self._current_tank()]
        else:
            struck = self._random.sample(self._alive, min(skill.targets, len(self._alive)))
        for player in struck:
            self._strike(monster, player, skill)
        if monster.is_boss and self._random.random() < 0.01:
            monster.shield = monster.max_hp // 50

    def _monster_skill(self, monster: Monster) -> Skill:
        if monster.is_boss and self._is_wiping:
            return MONSTER_WRATH
        chance = self._random.random()
        if monster.is_boss and chance < 0.06:
            return MONSTER_BLAST
        return MONSTER_CLEAVE if chance < 0.2 else MONSTER_STRIKE

    def _current_tank(self) -> Player:
        """A tank, as long as one is alive."""
        for player in self._alive:
            if player.role is Role.TANK:
                return player
        return self._random.choice(self._alive)

    def _strike(self, monster: Monster, player: Player, skill: Skill) -> None:
        value = int(monster.attack * skill.power * self._random.uniform(0.8, 1.2))
        if skill is MONSTER_BLAST and self._random.random() < CLUMSY_CHANCE:
            value *= 8
        absorbed = min(player.shield, value)
        hp_loss = min(value - absorbed, player.hp)
        player.shield -= absorbed
        player.hp -= hp_loss
        self._see(player)
        self._out.append(
            InsertDamageEvent(
                self.now,
                monster.id,
                value,
                player.id,
                None,
                None if skill is MONSTER_STRIKE and not monster.is_boss else skill.id,
                False,
                False,
                hp_loss,
                absorbed,
                player.max_hp,
            )
        )
        if player.hp <= 0:
            self._die(player)

    def _send_adds(self) -> None:
        self._next_wave = self.now + ADDS_MS
        standing = [each for each in self._monsters if each.hp > 0]
        wave = self._random.randrange(2, 5)
        if not self._pull.adds or len(standing) + wave > MAX_MONSTERS:
            return
        first = self._pull.monsters[0]
        for _ in range(wave):
            hp = max(1, first.max_hp // 60)
            name = self._random.choice(self._pull.adds)
            add = Monster(self._next_monster, name, hp, hp, False, first.attack // 5, 1_900)
            self._next_monster += 1
            standing.append(add)
            self._schedule(self.now + self._about(add.every_ms), add)
        self._monsters = standing

    # Entity updates

    def _see(self, player: Player) -> None:
        """Update entities as often as real recorders do, ``updates`` per hit."""
        self._owed_updates += self._updates
        while self._owed_updates >= 1.0:
            self._owed_updates -= 1.0
            self._out.append(player.seen(self.now))
            player = self._party[int(self._random.random() * len(self._party))]
