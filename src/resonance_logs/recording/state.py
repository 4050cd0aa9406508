"""The state of one recorder."""

from __future__ import annotations

from dataclasses import dataclass, field

from resonance_logs.fights.identity import DEFAULT_IDENTITY, Identity
from resonance_logs.fights.open_fight import ActorRow, OpenEncounter
from resonance_logs.recording.late_names import AwaitedNames
from resonance_logs.recording.strays import Strays
from resonance_logs.store.players import EntityCache


@dataclass(slots=True)
class RecorderState:
    """The state as of the last commit."""

    identity: Identity = DEFAULT_IDENTITY
    position: int = 0
    """Tasks written so far."""
    stored_position: int = -1
    """The position as stored, which may lag behind by tasks that are harmless to repeat; -1 if
    nothing is stored of the recorder yet."""
    can_resume: bool = False
    """Whether the sender says where its tasks begin, so that it can continue after a stop."""
    stored_can_resume: bool = False
    seen_stored_at: float = 0.0
    """When the recorder's row was last written by a settlement (time.monotonic)."""
    is_of_input: bool = False
    """Whether the tasks before came from an input, and the next ones do not."""
    updated: set[int] = field(default_factory=set)
    """The players updated since the recorder was opened."""
    fight: OpenEncounter | None = None
    strays: Strays = field(default_factory=Strays)
    entities: EntityCache = field(default_factory=EntityCache)
    """The known players of its game, shared with the other recorders of that game."""
    live_rows: dict[int, ActorRow] = field(default_factory=dict)
    """The live counters as stored; they lag behind ``fight`` by about a second."""
    is_settled: bool = True
    ignored: int = 0
    cut: int = 0
    """Texts that were too long, and were cut."""
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
