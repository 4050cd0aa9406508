"""The names of an actor's 24 counters."""

from __future__ import annotations

from typing import Final

COUNTERS: Final[dict[str, tuple[str, str, str, str, str, str]]] = {
    "dealt": (
        "damage_dealt",
        "hits_dealt",
        "crit_hits_dealt",
        "lucky_hits_dealt",
        "crit_total_dealt",
        "lucky_total_dealt",
    ),
    "heal": (
        "heal_dealt",
        "hits_heal",
        "crit_hits_heal",
        "lucky_hits_heal",
        "crit_total_heal",
        "lucky_total_heal",
    ),
    "taken": (
        "damage_taken",
        "hits_taken",
        "crit_hits_taken",
        "lucky_hits_taken",
        "crit_total_taken",
        "lucky_total_taken",
    ),
    "boss": (
        "boss_damage_dealt",
        "boss_hits_dealt",
        "boss_crit_hits_dealt",
        "boss_lucky_hits_dealt",
        "boss_crit_total_dealt",
        "boss_lucky_total_dealt",
    ),
}
"""An actor's counters: total, hits, crit hits, lucky hits, crit total, lucky total of each."""

COUNTER_NAMES: Final = tuple(name for names in COUNTERS.values() for name in names)
"""All 24 of them, in the order of a tally."""
