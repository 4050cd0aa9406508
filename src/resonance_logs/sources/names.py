"""Read names of skills and scenes from files of any size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import msgspec

from resonance_logs.errors import InputError
from resonance_logs.fights.text_limits import cut_name
from resonance_logs.tasks import MAX_INTEGER

MAX_SHOWN_LENGTH: Final = 80
BOM: Final = b"\xef\xbb\xbf"

_ID = re.compile(r"-?[0-9]{1,16}")
_decoder: Final = msgspec.json.Decoder(dict[str, Any])


def read_names(file: Path) -> dict[int, str]:
    """Read a file ``{"id": "name", ...}``; blank names are skipped, and long ones cut.

    Raises:
        InputError: the file cannot be read or is malformed; the message names the offending key.
    """
    try:
        text = file.read_bytes().removeprefix(BOM)
    except OSError as error:
        raise InputError(f"{file}: {error.strerror or error}") from error
    try:
        entries = _decoder.decode(text)
    except msgspec.ValidationError as error:
        raise InputError(f'{file}: expected an object as {{"id": "name"}}') from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{file}: not JSON: {error}") from error
    named = ((_id(file, key), _name(file, key, value)) for key, value in entries.items())
    return {number: cut_name(name) for number, name in named if name.strip()}


def _id(file: Path, key: str) -> int:
    if not _ID.fullmatch(key) or abs(int(key)) > MAX_INTEGER:
        raise InputError(f"{file}: key {_shown(key)}: an id must be a whole number within ±2^53")
    return int(key)


def _name(file: Path, key: str, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{file}: key {_shown(key)}: the name must be text, not {_shown(value)}")
    return value


def _shown(value: object) -> str:
    text = ascii(value) if not isinstance(value, str) else f'"{value}"'
    return text if len(text) <= MAX_SHOWN_LENGTH else text[: MAX_SHOWN_LENGTH - 1] + "…"
