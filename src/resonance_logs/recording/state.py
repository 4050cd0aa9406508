"""The state of a recorder."""

from __future__ import annotations

from dataclasses import dataclass, field

from resonance_logs.fights.open_fight import ActorRow, OpenEncounter
from resonance_logs.recording.late_names import AwaitedNames
from resonance_logs.recording.strays import Strays
from resonance_logs.store.players import EntityCache


@dataclass(slots=True)
class RecorderState:
    """The state as of the last commit."""

    fight: OpenEncounter | None = None
    strays: Strays = field(default_factory=Strays)
    entities: EntityCache = field(default_factory=EntityCache)
    live_rows: dict[int, ActorRow] = field(default_factory=dict)
    """The live counters as stored; they lag behind ``fight`` by about a second."""
    is_settled: bool = True
    ignored: int = 0
    rejected: int = 0
    ended: int = 0
    """Fights ended so far."""
    has_warned_of_times: bool = False
    """Whether an implausible start was logged; once is enough."""
    awaited_names: AwaitedNames = field(default_factory=AwaitedNames)
    unmatched_bosses: int = 0
    """Bosses named as defeated that no hit named."""
    unknown_dmg: int = 0
    """Damage dealt to monsters by attackers that were neither players nor named monsters."""
