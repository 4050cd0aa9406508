"""Tables: columns that several share, creating them, filling them."""

from __future__ import annotations

import json
from typing import Any, Final

from nicegui import ui

MAX_ROWS: Final = 50
"""Longer tables are paged."""

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


_MODULES: Final = (
    *("ClientSideRowModelModule", "ClientSideRowModelApiModule", "RowApiModule"),
    *("ColumnApiModule", "EventApiModule", "RowSelectionModule", "GridStateModule"),
    *("PaginationModule", "TooltipModule", "CellStyleModule"),
)
"""The features of AG Grid that are used; loading all of them takes longer."""


class Grid(ui.aggrid):
    """A table that the browser creates once; ``fill`` replaces its rows.

    The framework would create its own again when its code arrives after the page.
    """

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options, auto_size_columns=False, modules=list(_MODULES))
        self._update_method = None
        self.classes("w-full").style("height: auto")

    def fill(self, rows: list[dict[str, Any]]) -> None:
        """Replace the rows, even while the browser is still creating the table."""
        ui.run_javascript(f"rl.fill({self.id}, {json.dumps(rows)})")


def room(pixels: int) -> dict[str, Any]:
    """Hides a column if its table has less room than this."""
    return {"context": {"room": pixels}}


WHEN: Final = {
    ":valueFormatter": "params => rl.whenCell(params.value)",
    ":width": "rl.whenWidth()",
    "cellClass": "rl-when",
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
) -> Grid:
    """A table as high as its rows; a click on a row, or Enter, emits ``opens`` with its ``id``.

    A column that is always shown needs ``flex``: without it the table stays empty once the others
    are hidden.
    """
    options: dict[str, Any] = {
        "columnDefs": heads,
        "rowData": rows,
        "domLayout": "autoHeight",
        "rowHeight": 38,
        "headerHeight": 40,
        "suppressMovableColumns": True,
        "tooltipShowDelay": 400,
        "pagination": len(rows) > MAX_ROWS,
        "paginationPageSize": MAX_ROWS,
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
    return Grid(options).classes("rl-opens" if opens else "")


def on_open_fight() -> None:
    """Show the fight whose row is opened, with Ctrl in a new tab."""
    ui.on("open", lambda event: ui.navigate.to(f"/fight/{int(event.args)}"))
    ui.on("apart", lambda event: ui.navigate.to(f"/fight/{int(event.args)}", new_tab=True))
