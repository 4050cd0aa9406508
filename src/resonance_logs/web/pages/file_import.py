"""Import a file: tasks, exported fights, or names of skills and scenes."""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from anyio import CapacityLimiter, to_thread
from nicegui import events, ui

from resonance_logs.commands import CatalogKind
from resonance_logs.database import Database, Recorder
from resonance_logs.errors import CommandError, QueueFull, ResonanceLogsError
from resonance_logs.fights.games import find_game
from resonance_logs.fights.identity import DEFAULT_GAME, MAX_NAME_LENGTH
from resonance_logs.sources.names import read_names
from resonance_logs.sources.task_source import TaskSource
from resonance_logs.web.pages.layout import LocalizedText, text_button

RECORDER: Final = "browser"
"""The recorder of dropped files: their tasks never mix with those of a meter."""

MAX_BYTES: Final = 2_000_000_000
MAX_REPORTED_REFUSALS: Final = 3
"""Maximum number of refused lines that are reported with the reason."""

FIGHTS: Final = "fights"
KINDS: Final = {
    FIGHTS: "Tasks or fights",
    CatalogKind.SKILL.value: "Names of skills",
    CatalogKind.SCENE.value: "Names of scenes",
}
_HINTS: Final = {
    FIGHTS: "Tasks (NDJSON, also .gz or .zst), or an exported file.",
    CatalogKind.SKILL.value: 'A JSON file: {"17": "Iai Slash", ...}.',
    CatalogKind.SCENE.value: 'A JSON file: {"3": "Tower of Echoes", ...}.',
}
_UPLOAD_ERROR: Final = """event => {
  let why = 'the server did not accept it';
  try { why = JSON.parse(event.xhr.responseText).message; } catch { /* no message */ }
  emit(event.files[0].name, why);
}"""
MAX_IMPORTS: Final = 2
"""Number of files that are imported at once; others wait, so that the pages always have threads."""

_imports: Final = CapacityLimiter(MAX_IMPORTS)
_SQLITE: Final = b"SQLite format 3\0"


@dataclass(slots=True)
class Progress:
    """Progress of importing a file, updated by the thread that does it."""

    share: float = 0.0
    tasks: int = 0
    is_begun: bool = False

    def describe(self) -> str:
        """The progress as text."""
        if not self.is_begun:
            return "waiting for other imports ..."
        return f"{self.tasks:,} tasks so far" if self.tasks else "reading ..."


class FileImport:
    """An area to drop files on; ``done`` is awaited after each imported file.

    Without ``has_choice``, only files of tasks or fights are accepted.
    """

    def __init__(
        self,
        database: Database,
        done: Callable[[], Awaitable[None]],
        *,
        has_choice: bool = True,
    ) -> None:
        self._database = database
        self._done = done
        self._kind = ui.toggle(KINDS, value=FIGHTS).props("unelevated")
        hint = ui.label(_HINTS[FIGHTS]).classes("rl-quiet")
        self._kind.on_value_change(lambda event: hint.set_text(_HINTS[event.value]))
        self._game = _game_choice(database) if has_choice else None
        self._known = LocalizedText().classes("rl-quiet")
        self._kind.visible = self._known.visible = has_choice
        self._show_known()
        box = ui.upload(
            auto_upload=True,
            max_file_size=MAX_BYTES,
            on_upload=self._handle_upload,
            on_rejected=lambda: _show_failure(f"files can have at most {MAX_BYTES:,} bytes"),
        )
        box.classes("w-full").props("flat bordered")
        # The list refuses a file that it already contains.
        box.on("uploaded", lambda: box.run_method("removeUploadedFiles"), args=[])
        box.on("failed", lambda: box.run_method("removeQueuedFiles"), args=[])
        box.on("failed", _report_failed_upload, js_handler=_UPLOAD_ERROR)
        with box.add_slot("header"), ui.row().classes("rl-drop relative w-full p-4 items-center"):
            ui.icon("upload_file", size="2rem").classes("rl-quiet")
            ui.label("Drop a file here, or").classes("rl-quiet")
            text_button("choose one", on_click=lambda: box.run_method("pickFiles"))
            ui.element("q-uploader-add-trigger")

    def _show_known(self) -> None:
        try:
            found = self._database.commands.get_catalog()
        except CommandError as error:
            self._known.set(str(error))
            return
        self._known.set(found.skills, " skills and ", found.scenes, " scenes have a name.")

    async def _handle_upload(self, event: events.UploadEventArguments) -> None:
        progress = Progress()
        note = ui.notification("reading ...", spinner=True, timeout=None)

        def tell() -> None:
            note.message = f"{progress.describe()} ({progress.share:.0%})"

        timer = ui.timer(0.3, tell)
        try:
            with tempfile.TemporaryDirectory(prefix="resonance-logs-") as folder:
                file = Path(folder) / "upload"
                await event.file.save(file)
                game = self._game.value if self._game else None
                outcome = await import_in_turn(
                    self._database, file, self._kind.value, game, progress
                )
        except ResonanceLogsError as error:
            _show_failure(str(error).replace(str(file), event.file.name))
            return
        except OSError as error:
            _show_failure(f"{event.file.name} could not be stored for reading: {error}")
            return
        finally:
            timer.cancel()
            note.dismiss()
        if outcome.is_whole:
            ui.notify(outcome.text, type="positive", timeout=10_000)
        else:
            _show_failure(outcome.text)
        self._show_known()
        await self._done()


def _show_failure(text: str) -> None:
    """Show an error until it is closed."""
    ui.notify(text, type="negative", timeout=0, close_button=True, multi_line=True)


def _report_failed_upload(event: events.GenericEventArguments) -> None:
    """Report a file that the server did not receive completely."""
    name, why = event.args
    _show_failure(f"{name} was not imported: {why}")


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an import, as text."""

    text: str
    is_whole: bool = True
    """Whether nothing was refused."""


def _game_choice(database: Database) -> ui.select | None:
    """Choose the game of names and tasks, where fights or players of several are stored."""
    try:
        games = {game.id: game.name for game in database.commands.get_games()}
    except CommandError:
        return None  # the text beside it says why
    if set(games) <= {DEFAULT_GAME}:
        return None
    games.setdefault(DEFAULT_GAME, find_game(DEFAULT_GAME).name)
    box = ui.select(games, value=DEFAULT_GAME, label="Game of names and tasks")
    return box.props("dense").classes("w-72")


async def import_in_turn(
    database: Database, file: Path, kind: str, game: str | None, progress: Progress
) -> Outcome:
    """Import a file in a thread, at most MAX_IMPORTS at once."""

    def run() -> Outcome:
        progress.is_begun = True
        return import_file(database, file, kind, game, progress)

    return await to_thread.run_sync(run, limiter=_imports)


def import_file(
    database: Database, file: Path, kind: str, game: str | None, progress: Progress
) -> Outcome:
    """Import a file; names and tasks are those of the game, or of the default one."""
    game = game or DEFAULT_GAME
    if kind != FIGHTS:
        names = read_names(file)
        database.commands.set_catalog_names(CatalogKind(kind), names, game)
        return Outcome(f"loaded {len(names):,} names")
    with file.open("rb") as stream:
        is_database = stream.read(len(_SQLITE)) == _SQLITE
    return _import(database, file) if is_database else _record(database, file, game, progress)


def _import(database: Database, file: Path) -> Outcome:
    report = database.import_fights(file)
    text = (
        f"imported {len(report.imported):,} fights, already stored {len(report.known):,}, "
        f"damaged {len(report.damaged):,}"
    )
    return Outcome(text, is_whole=not report.damaged)


def _record(database: Database, file: Path, game: str, progress: Progress) -> Outcome:
    """Record the tasks of a file, as a recorder that no meter uses; each records one game."""
    refusals: list[str] = []
    refused = 0
    source = TaskSource(file, name="the file", limits_expansion=True)
    name = RECORDER if game == DEFAULT_GAME else f"{RECORDER} ({game})"[:MAX_NAME_LENGTH]
    recorder = database.recorder(name, game)
    with recorder.sending():
        for batch in source.batches():
            _enqueue(recorder, batch.tasks)
            progress.tasks += len(batch.tasks)
            progress.share = batch.bytes_read / (source.size_bytes or 1)
            refused += len(batch.refusals)
            room = MAX_REPORTED_REFUSALS - len(refusals)
            refusals += [str(each) for each in batch.refusals[:room]]
        recorder.flush()
    text = f"recorded {progress.tasks:,} tasks, refused {refused:,} lines"
    if not refused:
        return Outcome(text)
    hint = "" if progress.tasks else " If it is a file of names, import it on the page Maintenance."
    return Outcome(f"{text}, first: {'; '.join(refusals)}.{hint}", is_whole=False)


def _enqueue(recorder: Recorder, tasks: list[Any]) -> None:
    """Enqueue tasks, waiting while the writer is blocked."""
    while tasks:
        try:
            recorder.enqueue_many(tasks)
            return
        except QueueFull as full:
            tasks = tasks[full.taken :]
