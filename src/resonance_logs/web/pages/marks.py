"""User marks on a fight: a star, a note, tags."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.web.pages.layout import read_only_note, text_button


class Marks:
    """The marks of one ended fight, and controls to change them, unless it is read-only."""

    def __init__(self, database: Database, fight: EncounterSummary) -> None:
        self._commands = database.commands
        self._is_read_only = database.is_read_only
        self._id = fight.id
        self._is_favorite = fight.is_favorite
        self._note = fight.note or ""
        self._tags = fight.tags
        self._box = ui.row().classes("items-center gap-2")
        self._show()

    def _show(self) -> None:
        self._box.clear()
        with self._box:
            self._show_star()
            for tag in self._tags:
                ui.label(tag).classes("rl-tag")
            if self._note:
                ui.label(self._note).classes("whitespace-pre-wrap break-words")
            if self._is_read_only:
                read_only_note()
            else:
                text_button("Note and tags", icon="edit", on_click=self._edit)

    def _show_star(self) -> None:
        if self._is_read_only:
            if self._is_favorite:
                ui.label("★ Favourite")
            return
        icon, text = (
            ("star", "Remove favourite") if self._is_favorite else ("star_border", "Favourite")
        )
        star = text_button(icon=icon, on_click=self._toggle).props("round")
        star.props(f'aria-label="{text}"').tooltip(text)

    async def _toggle(self) -> None:
        wanted = not self._is_favorite
        if await self._do(lambda: self._commands.toggle_favorite_encounter(self._id, wanted)):
            self._is_favorite = wanted
            self._show()

    async def _edit(self) -> None:
        try:
            known = await to_thread(self._commands.get_unique_tags)
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return
        with ui.dialog() as dialog, ui.card().classes("w-96"):
            ui.label("Note and tags").classes("text-lg font-bold")
            note = ui.textarea("Note", value=self._note).props("autogrow maxlength=10000")
            note.classes("w-full")
            tags = _TagBox(known.names, self._tags)
            with ui.row().classes("w-full justify-end"):
                text_button("Cancel", on_click=lambda: dialog.submit(False))
                ui.button("Save", on_click=lambda: dialog.submit(True))
        if await dialog:
            await self._save(str(note.value or ""), tags.chosen())

    async def _save(self, note: str, tags: list[str]) -> None:
        def work() -> None:
            self._commands.set_encounter_note(self._id, note)
            self._commands.set_encounter_tags(self._id, tags)
            fight = self._commands.get_encounter_by_id(self._id)
            self._note, self._tags = fight.note or "", fight.tags

        if await self._do(work):
            self._show()

    async def _do(self, work: Callable[[], None]) -> bool:
        try:
            await to_thread(work)
        except CommandError as error:
            ui.notify(str(error), type="negative")
            return False
        return True


class _TagBox:
    """A box to select or type tags; typed text counts as a tag without Enter."""

    def __init__(self, known: Sequence[str], chosen: Sequence[str]) -> None:
        self._typed = ""
        self._box = ui.select(
            sorted({*known, *chosen}),
            value=list(chosen),
            label="Tags",
            multiple=True,
            with_input=True,
            new_value_mode="add-unique",
        )
        self._box.props("use-chips input-debounce=0 hint='Enter adds a tag'").classes("w-full")
        self._box.on("input-value", self._type)
        self._box.on("blur", self._take, args=[])  # the browser then clears the box

    def chosen(self) -> list[str]:
        """The tags, including the text being typed."""
        self._take()
        return [str(tag) for tag in self._box.value or ()]

    def _type(self, event: GenericEventArguments) -> None:
        self._typed = str(event.args or "")

    def _take(self) -> None:
        tag, self._typed = self._typed.strip(), ""
        chosen = list(self._box.value or ())
        if tag and tag not in chosen:
            options = list(dict.fromkeys([*self._box.options, tag]))
            self._box.set_options(options, value=[*chosen, tag])
