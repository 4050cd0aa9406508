"""Every error that this package raises on purpose; the package exports all of them.

Queries (commands and tables) raise CommandError, recording raises RecordingError, and methods that
open, write or read whole files raise DatabaseError, or NotFound for a fight that does not exist.

::

    ResonanceLogsError
    ├── DatabaseError            the file cannot be used
    │   ├── DatabaseUnavailable  locked, full, unreadable: the same call may succeed later
    │   │   ├── AlreadyRecording another program records into the file
    │   │   ├── DatabaseMoved    it was deleted, moved or replaced since it was opened
    │   │   └── ReadOnlyDatabase the file is read-only
    │   ├── NotADatabase         the path is a folder, or the file is something else
    │   ├── NewerDatabase        written by a newer version of this program
    │   ├── AlteredDatabase      somebody added triggers, views or the like to the file
    │   ├── BackupError          a copy of the file cannot be made, or cannot be put in place
    │   ├── DamagedDatabase      the file is a database, but parts of it cannot be read
    │   └── CorruptArchive       the stored events of a fight are damaged
    ├── RecordingError           a task cannot be accepted or committed now
    │   ├── QueueFull            the queue stayed full for the whole timeout
    │   ├── FlushTimeout         not everything was committed within the timeout
    │   ├── InvalidTask          not a task, or one of its fields is invalid
    │   ├── RecorderBusy         somebody else is sending tasks for the recorder
    │   ├── PositionGap          tasks before those that were sent are missing
    │   └── DatabaseClosed       the database was closed before the call
    ├── InputError               a file of tasks or names cannot be read (further)
    └── CommandError             a command cannot be answered; has a code
        ├── NotFound             code "not_found"
        ├── InvalidArgument      code "invalid_argument", names the argument
        ├── ReadOnly             code "read_only"
        └── Unavailable          code "unavailable"
"""

from __future__ import annotations

from typing import ClassVar


class ResonanceLogsError(Exception):
    """Base class of every error raised on purpose; its message is meant for users."""


class DatabaseError(ResonanceLogsError):
    """The database file cannot be used."""


class DatabaseUnavailable(DatabaseError):
    """The file cannot be used now (locked, disk full, no permission); a retry may succeed."""


class AlreadyRecording(DatabaseUnavailable):
    """The file is already being recorded, by another program or by this one."""


class DatabaseMoved(DatabaseUnavailable):
    """The file that was opened is not at its path any more: deleted, moved or replaced."""


class ReadOnlyDatabase(DatabaseUnavailable):
    """The file, or its folder, is read-only."""


class NotADatabase(DatabaseError):
    """The path is a folder, or the file is not a database of this program."""


class NewerDatabase(DatabaseError):
    """The file was written by a newer version of this program."""


class AlteredDatabase(DatabaseError):
    """The file has triggers, views or tables that this program did not make; none of them ran."""


class BackupError(DatabaseError):
    """A copy of the file cannot be made, or cannot be put in place."""


class DamagedDatabase(DatabaseError):
    """The file is a database of this program, but parts of it cannot be read."""


class CorruptArchive(DatabaseError):
    """The stored events of a fight are damaged."""


class RecordingError(ResonanceLogsError):
    """A task cannot be accepted or committed now."""


class QueueFull(RecordingError):
    """The queue stayed full for the whole timeout; the task was not queued.

    Of several tasks, the first ``taken`` were queued and will be written.
    """

    def __init__(self, message: str, taken: int = 0) -> None:
        super().__init__(message)
        self.taken = taken


class FlushTimeout(RecordingError):
    """Not everything enqueued so far was committed within the timeout."""


class InvalidTask(RecordingError):
    """Not a task, or one of its fields is invalid."""


class RecorderBusy(RecordingError):
    """Somebody else is sending tasks for the recorder; ``code`` is sent over the wire."""

    code: ClassVar[str] = "recorder_busy"


class PositionGap(RecordingError):
    """The tasks that were sent begin after the recorder's ``position``; ``code`` is sent over the
    wire.
    """

    code: ClassVar[str] = "position_gap"

    def __init__(self, recorder: str, from_position: int, position: int) -> None:
        super().__init__(
            f"the tasks of recorder {recorder!r} begin at {from_position:,}, but only "
            f"{position:,} were accepted before; send those from {position:,} on"
        )
        self.position = position


class DatabaseClosed(RecordingError):
    """The database was closed before the call, or is open in the process that forked this one."""


class InputError(ResonanceLogsError):
    """A file of tasks or names cannot be read (further)."""


class CommandError(ResonanceLogsError):
    """A command cannot be answered; ``code`` is sent over the wire."""

    code: ClassVar[str] = "unavailable"


class NotFound(CommandError):
    """The requested item is not stored."""

    code = "not_found"


class InvalidArgument(CommandError):
    """An argument is missing, unknown, of the wrong type or out of range."""

    code = "invalid_argument"

    def __init__(self, argument: str, message: str) -> None:
        super().__init__(f"{argument}: {message}")
        self.argument = argument


class ReadOnly(CommandError):
    """The command would change a database that is open only for reading."""

    code = "read_only"


class Unavailable(CommandError):
    """The store cannot answer now."""
