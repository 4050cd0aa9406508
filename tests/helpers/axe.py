"""What axe finds that shuts somebody out."""

from typing import Any

GRAVE = ("serious", "critical")


def grave(found: dict[str, Any]) -> list[str]:
    """The serious faults, each with its place and what to do."""
    return [
        f"{violation['id']}: {node['html'][:200]} ({node['failureSummary'][:300]})"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
