"""The filters of the history: boxes to choose from, and chips of the active ones."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

from nicegui import ui
from nicegui.events import GenericEventArguments

from resonance_logs.commands.filters import Sort
from resonance_logs.commands.games import GameOverview
from resonance_logs.database import Database
from resonance_logs.errors import CommandError
from resonance_logs.web.pages.history_view import PAGE_SIZES, View, read_span, span
from resonance_logs.web.pages.layout import text_button
from resonance_logs.web.pages.origins import Origins, read_origins

ORDERS: Final = {
    Sort.STARTED_AT.value: "Newest",
    Sort.DURATION.value: "Longest",
    Sort.TOTAL_DMG.value: "Most damage",
}
_ALWAYS_SHOWN: Final = ("boss", "scene")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen; with one game chosen, what its fights have."""

    origins: Origins
    boss: Sequence[str]
    scene: Sequence[str]
    tag: Sequence[str]

    @classmethod
    def read(cls, database: Database, view: View) -> Self:
        """The choices for this view.

        Raises:
            CommandError: a command cannot answer.
        """
        commands, game = database.commands, view.only_game
        return cls(
            origins=read_origins(database),
            boss=commands.get_unique_boss_names(game).names,
            scene=commands.get_unique_scene_names(game).names,
            tag=commands.get_unique_tags(game).names,
        )

    def only_game(self, view: View) -> GameOverview | None:
        """The chosen game, or the only one; it tells which classes are meant."""
        games = self.origins.games
        found = [each for each in games if not view.game or each.id in view.game]
        return found[0] if len(found) == 1 else None

    def chips(self, view: View) -> list[tuple[str, View]]:
        """Each filter as text, with the view without it."""
        game = self.only_game(view)
        return view.chips(None if game is None else game.id)

    def fitting(self, view: View) -> View:
        """The view of another game: without classes, and without what that game does not have."""
        boss, scene, tag = (
            tuple(each for each in chosen if each in known)
            for chosen, known in (
                (view.boss, self.boss),
                (view.scene, self.scene),
                (view.tag, self.tag),
            )
        )
        return replace(view, boss=boss, scene=scene, tag=tag, kind=())

    def options(self, name: str, view: View) -> dict[Any, str]:
        """The options of a box by their values; none where there is nothing to choose."""
        if name == "game":
            games = self.origins.games if self.origins.has_games else ()
            return {each.id: each.name for each in games}
        if name == "kind":
            game = self.only_game(view)
            return {each.id: each.name for each in game.classes} if game is not None else {}
        if name == "recorder":
            return _same(self.origins.recorders) if self.origins.has_recorders else {}
        return _same(getattr(self, name))


def _same(names: Sequence[str]) -> dict[Any, str]:
    return {name: name for name in names}


class FilterBar:
    """The boxes and the chips; ``go`` is awaited with the view that the reader chose."""

    def __init__(
        self,
        database: Database,
        view: View,
        choices: Choices,
        go: Callable[[View], Awaitable[None]],
    ) -> None:
        self._database = database
        self._view = view
        self._choices = choices
        self._go = go
        self._boxes: dict[str, ui.select] = {}
        with ui.expansion("Filters", icon="filter_list", value=True) as self._bar:
            self._bar.classes("w-full rl-card").props("dense header-class=text-weight-medium")
            self._row = ui.row().classes("w-full items-end gap-3 p-3")
        self._chips = ui.row().classes("w-full gap-2 items-center")
        ui.on("narrow", self._bar.close)
        ui.run_javascript("if (rl.isPhone()) emitEvent('narrow', null)")
        self._fill()

    def show(self, is_needed: bool) -> None:
        """Show the boxes, or hide them."""
        self._bar.visible = is_needed

    def update(self, view: View, choices: Choices) -> None:
        """Show this view; a box that is open stays open unless its choices changed."""
        self._view, self._choices = view, choices
        for name, box in self._boxes.items():
            options, chosen = self._options(name), list(getattr(view, name))
            if (box.options, box.value) != (options, chosen):
                box.set_options(options, value=chosen)
            box.visible = self._is_shown(name)
        self._fill_chips()

    def _fill(self) -> None:
        self._row.clear()
        with self._row:
            self._build()
        self._fill_chips()

    def _fill_chips(self) -> None:
        chips = self._choices.chips(self._view)
        self._chips.visible = bool(chips)
        self._chips.clear()
        with self._chips:
            for text, rest in chips:
                chip = ui.chip(text, removable=True, color=None).classes("rl-chip")
                chip.on("remove", lambda rest=rest: self._remove(rest))
            text_button("All fights", on_click=lambda: self._remove(View()))

    async def _remove(self, view: View) -> None:
        await self._go(view)
        self._fill()

    async def _change(self, name: str, value: object) -> None:
        await self._go(replace(self._view, **{"page": 1, name: value}))  # type: ignore[arg-type]

    def _build(self) -> None:
        view = self._view
        for label, name in (("Game", "game"), ("Recorder", "recorder"), ("Boss", "boss")):
            self._choice(label, name)
        self._choice("Scene", "scene")
        self._players()
        self._choice("Tag", "tag")
        self._choice("Class", "kind")
        for label, name, value in (("From", "since", view.since), ("To", "until", view.until)):
            box = ui.input(label, value=value).props("type=date dense stack-label clearable")
            box.on_value_change(lambda event, name=name: self._change(name, event.value or ""))
        self._duration_box()
        for label, name in (("Favourites", "favorites"), ("Kills only", "kills")):
            switch = ui.switch(label, value=getattr(view, name))
            switch.on_value_change(lambda event, name=name: self._change(name, bool(event.value)))
        order = ui.select(ORDERS, value=view.sort, label="Order").props("dense").classes("w-36")
        order.on_value_change(lambda event: self._change("sort", event.value))
        size = ui.select(list(PAGE_SIZES), value=view.size, label="Per page")
        size.props("dense").classes("w-24")
        size.on_value_change(lambda event: self._change("size", event.value))

    def _choice(self, label: str, name: str) -> None:
        chosen = list(getattr(self._view, name))
        options = self._options(name)
        box = ui.select(options, value=chosen, label=label, multiple=True, with_input=True)
        box.props("dense clearable").classes(
            "rl-choice min-w-40" + (" rl-filter" if name == "boss" else "")
        )
        box.on_value_change(lambda event: self._change(name, tuple(event.value or ())))
        box.visible = self._is_shown(name)
        self._boxes[name] = box

    def _options(self, name: str) -> dict[Any, str]:
        known = self._choices.options(name, self._view)
        chosen = getattr(self._view, name)
        return known | {each: str(each) for each in chosen if each not in known}

    def _is_shown(self, name: str) -> bool:
        return name in _ALWAYS_SHOWN or bool(self._choices.options(name, self._view))

    def _duration_box(self) -> None:
        message = span(self._view.least) if self._view.least else ""
        box = ui.input("Min. duration", value=message, placeholder="1:30")
        box.props("dense clearable debounce=400 stack-label").classes("w-36")

        async def change(text: str) -> None:
            seconds = read_span(text) if text else 0
            box.error = "minutes:seconds, for example 1:30" if seconds is None else None
            if seconds is not None:
                await self._change("least", seconds)

        box.on_value_change(lambda event: change(str(event.value or "")))

    def _players(self) -> None:
        chosen = list(self._view.player)
        box = ui.select(chosen, value=chosen, label="Players", multiple=True, with_input=True)
        box.props("dense clearable input-debounce=150").classes("rl-choice min-w-40")

        async def complete(event: GenericEventArguments) -> None:
            part, game = str(event.args or ""), self._view.only_game
            find = self._database.commands.get_player_names_filtered
            try:
                found = await to_thread(find, part, game)
            except CommandError as error:
                ui.notify(str(error), type="negative")
                return
            box.set_options(list(dict.fromkeys([*(box.value or ()), *found.names[:50]])))

        box.on("input-value", complete)
        box.on_value_change(lambda event: self._change("player", tuple(event.value or ())))
