"""What the history shows before the first fight: a sample night, and a place to drop a file."""

from __future__ import annotations

import tempfile
import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from itertools import islice
from pathlib import Path
from typing import Final

from nicegui import ui

from resonance_logs.commands.catalog import CatalogKind
from resonance_logs.database import Database
from resonance_logs.errors import ResonanceLogsError
from resonance_logs.sources.simulation import Night, simulate, skill_names
from resonance_logs.web.pages.file_import import FileImport
from resonance_logs.web.pages.layout import show_empty

SAMPLE_TAG: Final = "sample"
"""The tag of the sample night's fights, to find and delete them by."""

_PLAYERS, _FIGHTS, _FIGHT_SECONDS, _SEED = 10, 5, 150, 20261123
_UPDATES: Final = 0.05
"""Entity updates per hit: few, because they take time and change nothing visible."""
_BATCH: Final = 5_000
_DAY_MS, _EVENING_MS = 86_400_000, 70_200_000


class Start:
    """The first steps; ``done`` is awaited when something was recorded."""

    def __init__(self, database: Database, done: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._done = done
        self._column = ui.column().classes("w-full gap-4")
        self._column.visible = False

    @property
    def is_shown(self) -> bool:
        """Whether there is no fight yet."""
        return bool(self._column.visible)

    def show(self, is_needed: bool) -> None:
        """Show the first steps, or hide them; a running import continues."""
        self._column.visible = is_needed
        if is_needed and not self._column.default_slot.children:
            with self._column:
                self._build()

    def _build(self) -> None:
        if not self._database.is_recording:
            show_empty(
                "Nothing has been recorded yet.",
                "This server is read-only. To see a sample night, run: resonance-logs demo",
            )
            return
        show_empty(
            "Nothing has been recorded yet.",
            "Fights appear here once a meter sends them. Until then, try a sample, or import a "
            "file.",
        )
        with ui.row().classes("w-full gap-4 items-stretch"):
            with ui.column().classes("rl-card flex-2 min-w-80 p-4 gap-3"):
                _title("A sample night")
                ui.label(
                    f"{_FIGHTS} simulated fights of {_PLAYERS} players. They have the tag "
                    f"“{SAMPLE_TAG}”, so that you can find and delete them later."
                )
                self._button = ui.button("Record a sample night", on_click=self._record)
                self._button.props("no-caps")
            with ui.column().classes("rl-card flex-3 min-w-80 p-4 gap-3"):
                _title("Import a file")
                FileImport(self._database, self._done, has_choice=False)
            with ui.column().classes("rl-card flex-2 min-w-80 p-4 gap-3"):
                _title("From your meter")
                ui.label("It sends its tasks, one JSON object per line, to /api/tasks:")
                address = ui.context.client.request.base_url
                command = f"curl --data-binary @meter.ndjson {address}api/tasks"
                ui.label(command).classes("rl-key break-words")
                ui.link("Try the HTTP API", "/api/docs")

    async def _record(self) -> None:
        self._button.props("loading")
        try:
            count = await to_thread(record_sample, self._database)
        except (ResonanceLogsError, OSError) as error:
            ui.notify(str(error), type="negative", timeout=0, close_button=True)
        else:
            ui.notify(f"recorded {count} simulated fights", type="positive")
            await self._done()
        finally:
            self._button.props(remove="loading")


def record_sample(database: Database) -> int:
    """Record a simulated night, dated yesterday evening (UTC); returns the number of fights.

    The night is recorded into a separate file and imported, so that it never mixes with the tasks
    of a meter that records meanwhile. The same night is imported only once.

    Raises:
        ResonanceLogsError: the database cannot be written.
        OSError: there is no room for the file.
    """
    night = Night(
        seed=_SEED,
        players=_PLAYERS,
        fights=_FIGHTS,
        seconds=_FIGHT_SECONDS,
        started_at_ms=_yesterday_evening_ms(),
        updates=_UPDATES,
    )
    with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
        file = Path(folder) / "sample.db"
        with Database.open(file) as sample:
            tasks = simulate(night)
            while batch := list(islice(tasks, _BATCH)):
                sample.enqueue_many(batch)
        report = database.import_fights(file)
    commands = database.commands
    for number in report.imported:
        commands.set_encounter_tags(number, [SAMPLE_TAG])
    if not commands.get_catalog().skills:
        commands.set_catalog_names(CatalogKind.SKILL, skill_names())
    return len(report.imported)


def _yesterday_evening_ms() -> int:
    today = int(time.time()) * 1_000 // _DAY_MS * _DAY_MS
    return today - _DAY_MS + _EVENING_MS


def _title(text: str) -> None:
    ui.label(text).classes("text-lg font-bold").props("role=heading aria-level=2")
