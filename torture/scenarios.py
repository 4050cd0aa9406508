"""All scenarios by name."""

from __future__ import annotations

from typing import Final

from torture.attacks import attacks
from torture.crowd import crowd
from torture.damage import damage
from torture.faults import FAULTS, clock, faults
from torture.hostile import hostile
from torture.kills import KILLS, kills
from torture.moving import moving
from torture.scenario import Scenario
from torture.senders import senders
from torture.writers import writers

SCENARIOS: Final[dict[str, Scenario]] = {
    **{name: kills(name) for name in KILLS},
    **{name: faults(name) for name in FAULTS},
    "clock": clock,
    "damage": damage,
    "hostile": hostile,
    "moving": moving,
    "senders": senders,
    "writers": writers,
    "crowd": crowd,
    "attacks": attacks,
}
