"""A note beside the database file that says which server records it.

``serve`` writes it once it answers and removes it when it ends. A crash leaves it behind, so a
reader asks the server whether it is still the one that the note names.
"""

from __future__ import annotations

import ipaddress
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.system.whole_files import write_whole

MAX_BYTES: Final = 4_096

_logger = limited_logger(__name__)


@dataclass(frozen=True, slots=True)
class ServerNote:
    """A server on this machine: its address, its process, and what it answers to /healthz."""

    address: str
    """As ``http://127.0.0.1:8017/``; loopback only."""
    instance: str = field(default_factory=lambda: secrets.token_hex(16))
    """Random: another server that uses the port later has another value."""
    pid: int = field(default_factory=os.getpid)


def loopback_address(host: str, port: int) -> str | None:
    """The URL of a server that listens at ``host``; None if it is not reachable by loopback."""
    address = ipaddress.ip_address(host)
    if address.is_unspecified:
        address = ipaddress.ip_address("127.0.0.1" if address.version == 4 else "::1")
    if not address.is_loopback:
        return None
    shown = str(address) if address.version == 4 else f"[{address}]"
    return f"http://{shown}:{port}/"


def note_file(path: Path) -> Path:
    """The file of the note, beside the real database file (symlinks are followed)."""
    real = path.resolve()
    return real.with_name(f"{real.name}.server")


@contextmanager
def note_kept(path: Path, note: ServerNote) -> Iterator[None]:
    """Keep the note while the block runs; without it, ``ingest`` cannot find the server."""
    file = note_file(path)
    try:
        write_whole(file, [json.dumps(asdict(note)).encode()])
    except OSError as error:
        _logger.warning(
            "%s cannot be written (%s): ingest will not find this server",
            file,
            error.strerror or error,
        )
        yield
        return
    try:
        yield
    finally:
        if read_note(path) == note:
            file.unlink(missing_ok=True)


def read_note(path: Path) -> ServerNote | None:
    """Read the note beside a database; None if there is none, or it is invalid or out of date."""
    try:
        with note_file(path).open("rb") as stream:
            found = json.loads(stream.read(MAX_BYTES))
        note = ServerNote(**found)
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    return note if _is_valid(note) and _is_alive(note.pid) else None


def _is_valid(note: ServerNote) -> bool:
    if type(note.pid) is not int or note.pid <= 0:
        return False
    if not isinstance(note.address, str) or not isinstance(note.instance, str):
        return False
    try:
        url = urlsplit(note.address)
        known = loopback_address(url.hostname or "", url.port or 0)
    except ValueError:
        return False
    return bool(note.instance) and note.address == known


def _is_alive(pid: int) -> bool:
    if sys.platform == "win32":
        return True  # os.kill would end the process there; the server is asked anyway
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
