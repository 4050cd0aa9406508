"""The formulas of the specification ("Figures"), each in one place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def seconds(duration_ms: int) -> float:
    """A fight's duration in seconds; 1.0 if not positive."""
    return duration_ms / 1000 if duration_ms > 0 else 1.0


def ratio(part: float, whole: float) -> float:
    """``part / whole``, 0 where ``whole`` is 0."""
    return part / whole if whole else 0.0


def rates(six: Sequence[int], whole: int, duration: float) -> dict[str, Any]:
    """The fields that SkillRow and PlayerRow have in common.

    ``six``: total, hits, crit hits, lucky hits, crit total, lucky total; ``whole``: the total that
    ``dmg_pct`` is a share of; ``duration`` in seconds.
    """
    total, hits, crit_hits, lucky_hits, crit_total, lucky_total = six
    return {
        "total_dmg": total,
        "dps": total / duration,
        "dmg_pct": 100 * ratio(total, whole),
        "crit_rate": ratio(crit_hits, hits),
        "crit_dmg_rate": ratio(crit_total, total),
        "lucky_rate": ratio(lucky_hits, hits),
        "lucky_dmg_rate": ratio(lucky_total, total),
        "hits": hits,
        "hits_per_minute": hits / (duration / 60),
    }
