"""Tables: what columns several of them have, how they are made and filled."""

from __future__ import annotations

import json
from typing import Any, Final

from nicegui import ui

MOST_ROWS: Final = 50
"""A longer table has pages."""

RIGHT: Final = {"type": "rightAligned"}
FIGURE: Final = {":cellRenderer": "rl.figureCell", "type": "rightAligned"}
PERCENT: Final = {
    ":valueFormatter": "params => rl.part(params.value)",
    "type": "rightAligned",
    "width": 80,
}
WHOLE: Final = {
    ":valueFormatter": "params => rl.whole(params.value)",
    "type": "rightAligned",
    "width": 76,
}
SHARE: Final[dict[str, Any]] = {
    "headerName": "Share",
    "field": "share",
    "minWidth": 96,
    "flex": 1,
    ":cellRenderer": "rl.share",
}


def room(pixels: int) -> dict[str, Any]:
    """What makes a column disappear where its table has less room."""
    return {"context": {"room": pixels}}


WHEN: Final = {
    ":valueFormatter": "params => rl.when(params.value)",
    ":width": "rl.isPhone() ? 104 : 162",
}
SPAN: Final = {":valueFormatter": "params => rl.span(params.value)", "width": 84, **RIGHT}
PLAYER: Final[dict[str, Any]] = {
    "cellDataType": "object",
    ":valueFormatter": "params => params.value.name",
    ":comparator": "(a, b) => a.name.localeCompare(b.name)",
    ":cellRenderer": "params => rl.player(params.value)",
}


def grid(
    heads: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    *,
    opens: str = "",
    chosen: int | None = None,
) -> ui.aggrid:
    """A table as high as its rows; a click on a row, or Enter, emits ``opens`` with its ``id``.

    A column that never disappears has to have ``flex``: without one, the table stays empty where
    the others have disappeared.
    """
    options: dict[str, Any] = {
        "columnDefs": heads,
        "rowData": rows,
        "domLayout": "autoHeight",
        "rowHeight": 38,
        "headerHeight": 40,
        "suppressMovableColumns": True,
        "tooltipShowDelay": 400,
        "pagination": len(rows) > MOST_ROWS,
        "paginationPageSize": MOST_ROWS,
        "paginationPageSizeSelector": False,
        ":onGridSizeChanged": "rl.fit",
    }
    if opens:
        options |= {
            "rowSelection": {
                "mode": "singleRow",
                "checkboxes": False,
                "enableClickSelection": False,
            },
            "initialState": {"rowSelection": [] if chosen is None else [str(chosen)]},
            ":onRowClicked": f"params => rl.open(params, '{opens}')",
            ":onCellKeyDown": (
                f"params => params.event.key === 'Enter' && rl.open(params, '{opens}')"
            ),
            ":getRowId": "params => String(params.data.id)",
        }
    made = ui.aggrid(options, auto_size_columns=False).classes("w-full")
    return made.classes("rl-opens" if opens else "").style("height: auto")


def fill(made: ui.aggrid, rows: list[dict[str, Any]]) -> None:
    """Show other rows, even where the browser is still making the table.

    Making a table anew takes the browser several times as long.
    """
    ui.run_javascript(f"rl.fill({made.id}, {json.dumps(rows)})")
