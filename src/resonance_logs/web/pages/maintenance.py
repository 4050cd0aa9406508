"""Maintenance: the state of the file, limits, runs, rejected tasks; importing files."""

from __future__ import annotations

import time
from asyncio import to_thread
from collections.abc import Awaitable, Callable
from dataclasses import fields
from functools import partial
from typing import Any, Final

from nicegui import ui

from resonance_logs.commands.health import DatabaseHealth, RecorderRun, RunPage
from resonance_logs.commands.prune import PrunedPart, PruneReport
from resonance_logs.commands.recorders import RecorderOverview
from resonance_logs.commands.rejects import RejectedPage
from resonance_logs.database import Database
from resonance_logs.errors import ResonanceLogsError
from resonance_logs.fights.identity import DEFAULT_RECORDER
from resonance_logs.settings import Settings
from resonance_logs.web.pages.answer_area import AsyncSection
from resonance_logs.web.pages.file_import import FileImport
from resonance_logs.web.pages.grid import FIGURE, WHEN, WHOLE, grid, room
from resonance_logs.web.pages.history_view import View
from resonance_logs.web.pages.layout import (
    LocalizedText,
    Size,
    heading,
    page_layout,
    read_only_note,
    text_button,
)
from resonance_logs.web.pages.origins import GAME, game_name
from resonance_logs.web.pages.registration import page_at

MAX_REJECTED_SHOWN: Final = 50
MAX_RUNS_SHOWN: Final = 20


def register(database: Database) -> None:
    """Add the page of this database."""

    @page_at("/maintenance")
    async def maintenance() -> None:
        with page_layout("Maintenance"):
            await _Maintenance(database).build()


class _Maintenance:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def build(self) -> None:
        """Build all cards."""
        heading("Maintenance")
        self._health = AsyncSection(skeletons=4)
        await self._show_health()
        is_read_only = self._database.is_read_only
        with _card("Check" if is_read_only else "Check and backup"), ui.row():
            _button("Check all fights", "fact_check", self._check)
            if not is_read_only:
                _button("Back up now", "save", self._back_up)
        if is_read_only:
            read_only_note()
        else:
            self._limits()
            with _card("Import a file"):
                FileImport(self._database, self._show_health)
        commands = self._database.commands
        ui.on("recorder", lambda event: ui.navigate.to(View(recorder=(str(event.args),)).address()))
        await AsyncSection().fill(
            partial(commands.get_rejected_tasks, MAX_REJECTED_SHOWN), self._rejected
        )
        await AsyncSection().fill(self._load_runs, _show_recorders_and_runs)

    def _load_runs(self) -> tuple[list[RecorderOverview], RunPage, bool]:
        """The recorders, the runs, and whether the newest is still running."""
        commands = self._database.commands
        runs = commands.get_recorder_runs(MAX_RUNS_SHOWN)
        return commands.get_recorders(), runs, commands.get_database_health().is_recorded

    async def _show_health(self) -> None:
        await self._health.fill(self._database.commands.get_database_health, _show_health)

    async def _check(self) -> None:
        report = await to_thread(self._database.commands.check_database)
        if report.is_sound:
            count = report.encounters_checked
            ui.notify(f"OK: {count:,} fights match their hits", type="positive")
            return
        with ui.dialog(value=True), ui.card():
            for finding in report.findings[:100]:
                where = "" if finding.encounter_id is None else f"fight {finding.encounter_id}: "
                ui.label(f"{finding.part}: {where}{finding.message}")

    async def _back_up(self) -> None:
        path = self._database.path
        moment = time.strftime("%Y%m%d-%H%M%S")
        target = path.with_name(f"{path.stem}.backup-{moment}{path.suffix}")
        size = await to_thread(self._database.backup, target)
        ui.notify(f"saved {size:,} bytes to {target}", type="positive", timeout=10_000)

    def _limits(self) -> None:
        boxes: dict[str, ui.number] = {}
        with _card("Delete old fights"):
            ui.label("Favourites are always kept. An empty field means no limit.").classes(
                "rl-quiet"
            )
            with ui.row():
                for name, label in (
                    ("keep_hits_newest", "Keep hits of newest N fights"),
                    ("keep_fights_newest", "Keep newest N fights"),
                    ("keep_fights_days", "Keep N days"),
                ):
                    boxes[name] = ui.number(label, min=1, format="%.0f").props("dense clearable")
                    boxes[name].classes("w-64")

            async def prune(*, dry_run: bool) -> PruneReport:
                given: dict[str, Any] = {
                    name: int(box.value) if box.value else None for name, box in boxes.items()
                }
                return await to_thread(
                    lambda: self._database.commands.prune_encounters(**given, dry_run=dry_run)
                )

            async def show() -> None:
                report = await prune(dry_run=True)
                with ui.dialog() as dialog, ui.card():
                    LocalizedText(
                        "Individual hits of ", *_describe(report.hits), " would be deleted."
                    )
                    LocalizedText("Whole fights: ", *_describe(report.fights), " would be deleted.")
                    with ui.row().classes("w-full justify-end"):
                        text_button("Cancel", on_click=lambda: dialog.submit(False))
                        ui.button("Delete", color="negative").on_click(lambda: dialog.submit(True))
                if await dialog:
                    await prune(dry_run=False)
                    ui.notify("done", type="positive")
                    await self._show_health()

            _button("Preview", "auto_delete", show)
            for name, text in _current_limits(self._database.settings):
                LocalizedText("Automatic, while recording: ", name, " ", text).classes("rl-quiet")

    def _rejected(self, page: RejectedPage) -> None:
        if not page.total_count:
            return
        with _card("Rejected tasks: ", page.total_count):
            if len(page.rows) < page.total_count:
                LocalizedText("The newest ", len(page.rows), " of them:").classes("rl-quiet")
            for row in page.rows:
                with ui.column().classes("gap-0 w-full"):
                    ui.label(row.error).classes("font-bold break-all")
                    ui.label(row.task[:500]).classes("rl-quiet break-all")

            if self._database.is_read_only:
                return

            async def retry() -> None:
                report = await to_thread(self._database.commands.retry_rejected_tasks)
                ui.notify(f"recorded {len(report.taken):,}, still rejected {len(report.left):,}")
                ui.navigate.reload()

            async def delete() -> None:
                shown = [row.id for row in page.rows]
                with ui.dialog() as dialog, ui.card():
                    LocalizedText("Delete the ", len(shown), " shown here? This cannot be undone.")
                    with ui.row().classes("w-full justify-end"):
                        text_button("Cancel", on_click=lambda: dialog.submit(False))
                        ui.button("Delete", color="negative").on_click(lambda: dialog.submit(True))
                if await dialog:
                    await to_thread(self._database.commands.delete_rejected_tasks, shown)
                    ui.navigate.reload()

            with ui.row():
                _button("Retry all", "replay", retry)
                _button("Delete these", "delete", delete)


def _show_health(health: DatabaseHealth) -> None:
    with _card("File"):
        for name, *parts in _facts(health):
            with ui.row().classes("gap-4"):
                ui.label(str(name)).classes("w-32 rl-quiet")
                LocalizedText(*parts).classes("break-all")
        for finding in health.findings:
            ui.label(finding).classes("rl-warn").props("role=status")
        if not health.findings:
            ui.label("no problems found").classes("rl-good")


def _show_recorders(recorders: list[RecorderOverview]) -> None:
    """The recorders, unless there is only the usual one."""
    if {each.name for each in recorders} <= {DEFAULT_RECORDER}:
        return
    with _card("Recorders"):
        grid(_RECORDERS, [_recorder_row(each) for each in recorders], opens="recorder")
        ui.label("Select one to see its fights.").classes("rl-quiet")


def _show_recorders_and_runs(answer: tuple[list[RecorderOverview], RunPage, bool]) -> None:
    recorders, page, is_running = answer
    with ui.column().classes("w-full gap-4"):
        _show_recorders(recorders)
        _show_runs(page, is_running=is_running)


def _show_runs(page: RunPage, *, is_running: bool) -> None:
    with _card("Runs of the recorder"):
        if page.rows:
            last = page.rows[0].id if is_running else None
            grid(_RUNS, [_run_row(run, is_running=run.id == last) for run in page.rows])
            LocalizedText(len(page.rows), " of ", page.total_count).classes("rl-quiet")
        else:
            ui.label("Nothing has been recorded yet.").classes("rl-quiet")


def _card(*title: str | int) -> ui.column:
    with ui.column().classes("rl-card w-full p-4 gap-2") as card:
        LocalizedText(*title).classes("text-lg font-bold")
    return card


def _button(text: str, icon: str, work: Callable[[], Awaitable[None]]) -> None:
    """A button that shows progress while its work runs, and then any error."""

    async def do() -> None:
        button.props("loading")
        try:
            await work()
        except ResonanceLogsError as error:
            ui.notify(str(error), type="negative", timeout=0, close_button=True)
        finally:
            button.props(remove="loading")

    button = text_button(text, icon, do).props("outline")


def _facts(health: DatabaseHealth) -> list[tuple[str | int, ...]]:
    """Labels and texts, each text in parts."""
    run = health.last_run
    facts: list[tuple[str | int, ...]] = [
        ("file", health.path),
        ("version", f"{health.program_version}, schema {health.schema_version}"),
        ("size", Size(health.size_bytes), " (", Size(health.free_bytes), " free)"),
        ("disk", Size(health.disk_free_bytes), " free"),
        ("fights", health.encounters),
        ("recorded now", "yes" if health.is_recorded else "no"),
    ]
    if run is not None:
        facts.append(("this run", run.written, " tasks written, ", run.rejected, " rejected"))
    return facts + [("kept", file) for file in health.kept_files]


def _current_limits(settings: Settings) -> list[tuple[str, float]]:
    """The limits that the recorder applies automatically."""
    limits = [
        (name, getattr(settings, name))
        for name in (each.name for each in fields(settings))
        if name.startswith("keep_")
    ]
    return [(name, value) for name, value in limits if value is not None]


def _recorder_row(recorder: RecorderOverview) -> dict[str, Any]:
    return {
        "id": recorder.name,
        "game": game_name(recorder.game),
        "tasks": recorder.position,
        "fights": recorder.encounters,
        "seen": recorder.seen_at_ms,
        "open": recorder.open_encounter_id,
    }


_RECORDERS: Final[list[dict[str, Any]]] = [
    {"headerName": "Name", "field": "id", "minWidth": 110, "flex": 1, "tooltipField": "id"},
    {**GAME, ":width": "rl.isPhone() ? 72 : 220"},
    {"headerName": "Tasks", "field": "tasks", "width": 110, **FIGURE, **room(560)},
    {"headerName": "Fights", "field": "fights", "width": 90, **FIGURE, **room(560)},
    {"headerName": "Last seen", "field": "seen", **WHEN},
    {"headerName": "Open fight", "field": "open", ":width": "rl.isPhone() ? 64 : 124", **WHOLE},
]


def _run_row(run: RecorderRun, *, is_running: bool) -> dict[str, Any]:
    ended = "clean exit" if run.is_clean else "interrupted"
    return {
        "id": run.id,
        "started": run.started_at_ms,
        "ended": run.ended_at_ms,
        "how": "running" if is_running else ended,
        "written": run.written,
        "rejected": run.rejected,
        "version": run.version,
        "fault": run.fault or "",
    }


_RUNS: Final[list[dict[str, Any]]] = [
    {"headerName": "Began", "field": "started", **WHEN},
    {"headerName": "Ended", "field": "ended", **WHEN, **room(560)},
    {"headerName": "Exit", "field": "how", "minWidth": 120, "flex": 1},
    {"headerName": "Tasks", "field": "written", "width": 110, **FIGURE},
    {"headerName": "Rejected", "field": "rejected", "width": 110, **FIGURE, **room(560)},
    {"headerName": "Version", "field": "version", "width": 100, **room(560)},
    {
        "headerName": "Last error",
        "field": "fault",
        "flex": 1,
        "minWidth": 160,
        "tooltipField": "fault",
        **room(560),
    },
]


def _describe(part: PrunedPart) -> tuple[str | int, ...]:
    return part.encounters, " fights, about ", Size(part.bytes), ","
