"""Open the database for a command, and show the library's warnings."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from resonance_logs.cli.render import MAX_MESSAGE_LENGTH, print_error, safe
from resonance_logs.cli.stopping import ends_by_itself

if TYPE_CHECKING:
    from collections.abc import Callable

    from resonance_logs.database import Database
    from resonance_logs.settings import Settings


@contextmanager
def open_for_reading(path: Path | None, *, read_only: bool = False) -> Iterator[Database]:
    """Open the database without recording; a missing file is an error.

    Commands may change it, unless it is opened ``read_only``.
    """
    from resonance_logs.database import Database

    with (
        show_warnings(print_error),
        Database.open(path, record=False, read_only=read_only) as db,
    ):
        yield db


@contextmanager
def open_for_recording(
    path: Path | None,
    settings: Settings | None = None,
    *,
    recorder: str | None = None,
    game: str | None = None,
    resume: bool = False,
) -> Iterator[Database]:
    """Open the database for recording; a missing file is created.

    Its tasks are those of the recorder and game that are given, or of the default ones.
    """
    from resonance_logs.database import Database
    from resonance_logs.fights.identity import DEFAULT_RECORDER

    name = DEFAULT_RECORDER if recorder is None else recorder
    database = Database.open(path, settings=settings, recorder=name, game=game, resume=resume)
    with ends_by_itself(), database as db:
        gc.freeze()  # everything loaded so far stays; exclude it from garbage collection
        yield db


@contextmanager
def show_warnings(show: Callable[[str], None]) -> Iterator[None]:
    """Print the library's warnings while the block runs."""
    handler = _Lines(show)
    logger = logging.getLogger("resonance_logs")
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)


class _Lines(logging.Handler):
    def __init__(self, show: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._show = show

    def emit(self, record: logging.LogRecord) -> None:
        try:
            level = record.levelname.lower()
            self._show(safe(f"{level}: {record.getMessage()}", MAX_MESSAGE_LENGTH))
        except Exception:  # noqa: BLE001 - like logging's handlers: output must not fail the caller
            self.handleError(record)
