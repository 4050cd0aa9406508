"""Actions on several selected fights."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from typing import Final
from urllib.parse import urlencode

from nicegui import background_tasks, ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.filters import Filters
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.pages.compare import MAX_SIDES, MIN_SIDES, address
from resonance_logs.web.pages.layout import LocalizedText, read_only_note, text_button

UNDO_S: Final = 6.0
"""How long a deletion can be undone."""

EMIT_CHOSEN: Final = (
    "params => emitEvent('chosen', params.api.getSelectedRows().map(row => row.id))"
)
"""The grid's handler for a changed selection."""


class Selection:
    """The selected fights, and buttons for them."""

    def __init__(self, database: Database, refresh: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._refresh = refresh
        self._ids: list[int] = []
        self.leaving: set[int] = set()
        """Fights about to be deleted, unless undone; they are hidden meanwhile."""
        self._bar: ui.row | None = None
        self._label: LocalizedText | None = None

    @property
    def has_any(self) -> bool:
        """Whether a fight is selected, or about to be deleted."""
        return bool(self._ids or self.leaving)

    def build(self) -> None:
        """Build the bar, hidden until a fight is selected."""
        self._ids = []
        with ui.row().classes("w-full items-center gap-2") as self._bar:
            self._label = LocalizedText()
            for text, icon, work, changes in (
                ("Favourite", "star", self._mark, True),
                ("Remove favourite", "star_border", self._unmark, True),
                ("Compare", "compare_arrows", self._compare, False),
                ("Export file", "save_alt", self._export, False),
                ("Export table", "table_view", self._export_table, False),
                ("Delete", "delete", self._ask, True),
            ):
                if not (changes and self._database.is_read_only):
                    text_button(text, icon, work)
            if self._database.is_read_only:
                read_only_note()
        self._bar.visible = False

    def listen(self) -> None:
        """Track the selection in the page's grid."""
        ui.on("chosen", self._choose)

    def _choose(self, event: GenericEventArguments) -> None:
        self._ids = [int(each) for each in event.args]
        if self._bar is not None and self._label is not None:
            self._bar.visible = bool(self._ids)
            self._label.set(len(self._ids), " selected")

    async def _mark(self) -> None:
        await self._set_favorite(is_favorite=True)

    async def _unmark(self) -> None:
        await self._set_favorite(is_favorite=False)

    async def _set_favorite(self, *, is_favorite: bool) -> None:
        def work() -> None:
            for each in self._ids:
                self._database.commands.toggle_favorite_encounter(each, is_favorite)

        await self._do(work)

    def _compare(self) -> None:
        if MIN_SIDES <= len(self._ids) <= MAX_SIDES:
            ui.navigate.to(address([(each, None) for each in self._ids]))
        else:
            ui.notify(f"select {MIN_SIDES} to {MAX_SIDES} fights to compare", type="warning")

    def _export(self) -> None:
        """Export all selected fights as a file to import elsewhere."""
        _download(f"/api/encounters/file?{urlencode({'ids': self._ids}, doseq=True)}")

    def _export_table(self) -> None:
        filters = Filters(encounter_ids=self._ids).model_dump_json(
            by_alias=True, exclude_defaults=True
        )
        _download(f"/api/encounters/export?{urlencode({'filters': filters})}")

    async def _ask(self) -> None:
        ids = list(self._ids)
        named = ("this fight",) if len(ids) == 1 else ("these ", len(ids), " fights")
        with ui.dialog() as dialog, ui.card():
            LocalizedText("Delete ", *named, "?").classes("text-lg")
            with ui.row().classes("w-full justify-end"):
                text_button("Cancel", on_click=lambda: dialog.submit(False))
                ui.button("Delete", on_click=lambda: dialog.submit(True)).props("color=negative")
        if await dialog:
            self._delete_soon(ids)

    def _delete_soon(self, ids: Sequence[int]) -> None:
        """Delete once the time to undo has passed, even if the page was closed."""
        dialog = ui.dialog(value=True).props("persistent seamless position=bottom")
        with dialog, ui.card(), ui.row().classes("items-center"):
            LocalizedText("Deleting ", len(ids), " …")
            text_button("Undo", on_click=lambda: dialog.submit(True))

        async def delete() -> None:
            self.leaving.update(ids)
            await self._refresh()
            ui.timer(UNDO_S, lambda: dialog.submit(False), once=True)
            is_undone = await dialog
            self.leaving.difference_update(ids)
            if is_undone:
                ui.notify("nothing was deleted")
                await self._refresh()
                return
            await self._do(lambda: self._database.commands.delete_encounters(list(ids)))

        background_tasks.create(delete(), context=dialog)

    async def _do(self, work: Callable[[], None]) -> None:
        try:
            await to_thread(work)
        except CommandError as error:
            ui.notify(str(error), type="negative")
        await self._refresh()


def _download(url: str) -> None:
    """Download a file, unless the server would refuse its URL."""
    if len(url) > ConnectionLimits().max_url_bytes:
        ui.notify("too many fights for one download; select fewer", type="warning")
    else:
        ui.download.from_url(url)
