"""Opening the database for a command, and showing what the library has to warn of."""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from resonance_logs.cli.render import LONGEST_MESSAGE, safe, say
from resonance_logs.cli.stopping import ends_by_itself

if TYPE_CHECKING:
    from collections.abc import Callable

    from resonance_logs.configuration import Configuration
    from resonance_logs.database import Database
    from resonance_logs.settings import Settings


QUEUE_TASKS: Final = 40_000
"""Two of the writer's largest batches: as fast as a longer queue, and it spares 60 MB."""


def configuration() -> Configuration:
    """The settings in force for what the command line records.

    Raises:
        InputError: one of them is unknown or makes no sense.
    """
    from resonance_logs.configuration import Configuration

    return Configuration.load(queue_tasks=QUEUE_TASKS)


@contextmanager
def reading(path: Path | None) -> Iterator[Database]:
    """The database, opened only to ask; a missing file is an error and is not made."""
    from resonance_logs.database import Database

    with warnings(say), Database.open(path, record=False) as db:
        yield db


@contextmanager
def recording(path: Path | None, settings: Settings | None = None) -> Iterator[Database]:
    """The database, opened to record; the file is made where there is none."""
    from resonance_logs.database import Database

    database = Database.open(path, settings=settings)
    with ends_by_itself(), database as db:
        gc.freeze()  # what is loaded by now stays; no collection need look at it again
        yield db


@contextmanager
def warnings(show: Callable[[str], None]) -> Iterator[None]:
    """Show the library's warnings as lines while the block runs."""
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
            self._show(safe(f"{level}: {record.getMessage()}", LONGEST_MESSAGE))
        except Exception:  # noqa: BLE001 - as handlers do: nobody may fail for what is not read
            self.handleError(record)
