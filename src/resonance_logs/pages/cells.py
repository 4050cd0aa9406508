"""Columns of tables that several pages have, and what a click on a row does."""

from __future__ import annotations

from typing import Any, Final

RIGHT: Final = {"type": "rightAligned"}
NUMBER: Final = {":cellRenderer": "params => rl.number(params)", **RIGHT}
WHEN: Final = {
    ":valueFormatter": "params => rl.when(params.value)",
    ":width": "rl.isPhone() ? 110 : 175",
}
SPAN: Final = {":valueFormatter": "params => rl.span(params.value)", "width": 90, **RIGHT}
PERCENT: Final = {":valueFormatter": "params => rl.percent(params.value)", "width": 90, **RIGHT}
ON_WIDE: Final = {":hide": "rl.isPhone()"}
"""Of a column that a phone has no room for."""

PLAYER: Final[dict[str, Any]] = {
    "cellDataType": "object",
    ":valueFormatter": "params => params.value.name",
    ":comparator": "(a, b) => a.name.localeCompare(b.name)",
    ":cellRenderer": "params => rl.player(params.value)",
}


def emit(event: str) -> str:
    """In the browser: tell the page of the row's ``id``."""
    return f"emitEvent('{event}', params.data.id)"
