"""The kinds of events: a module per kind, and the registry of them all.

To add a kind, write a module with a subclass of ``EventColumns`` and give it a number here.
"""

from __future__ import annotations

from typing import Final

from resonance_logs.fights.kinds.damage import DamageEvents
from resonance_logs.fights.kinds.heal import HealEvents
from resonance_logs.fights.kinds.kind import EventColumns

KINDS: Final[dict[int, type[EventColumns]]] = {1: DamageEvents, 2: HealEvents}
"""Each kind by its number in the archive, which never changes; ascending, as in the archive.

The most frequent kinds come first, because tasks are sought kind by kind until none is left.
"""

EVENT_TASKS: Final[frozenset[type]] = frozenset(kind.TASK for kind in KINDS.values())
"""The tasks that record an event."""
