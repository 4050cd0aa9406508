"""Decompression of plain, gzip and zstd data, recognised by its first bytes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from typing import Final, Protocol

import zstandard

BLOCK_BYTES: Final = 64 * 1024
"""Size of the decompressed blocks, approximately."""

GZIP_STEP_BYTES: Final = 16 * 1024
"""Bytes decompressed at a time; at damaged data at most this much before it is lost."""

ZSTD_STEP_BYTES: Final = 256
"""Bytes fed at a time: even a decompression bomb yields at most 8 MB from it."""

MAX_RATIO: Final = 400
"""Bytes from each compressed byte, at most. Recorded fights give up to 40, and lines that
differ only in their time 110."""

FREE_BYTES: Final = 64 * 1024 * 1024
"""As much may always be decompressed: a short file of equal lines, or a long run of zeros."""

SQLITE: Final = b"SQLite format 3\0"
"""The first bytes of a database, such as an exported file."""

_A_DATABASE: Final = (
    "is an SQLite database, not a file of tasks; if export or backup created it, "
    "import its fights with: resonance-logs import"
)
_GZIP: Final = b"\x1f\x8b"
_ZSTD: Final = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = re.compile(rb"[\x50-\x5f]\x2a\x4d\x18")
_HEAD_BYTES: Final = 4
_COMPRESSED_MAGIC: Final = frozenset(b"\x1f\x28\xff\xfe\xfdBP" + bytes(range(0x50, 0x60)))
_FOREIGN: Final = {
    b"\xff\xfe": "is UTF-16 text; save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text; save it as UTF-8",
    b"PK\x03\x04": "is a zip archive; unpack it, or compress it as .gz or .zst",
    b"BZh": "is bzip2 data; unpack it, or compress it as .gz or .zst",
    b"\xfd7zX": "is xz data; unpack it, or compress it as .gz or .zst",
}


class DecompressionError(Exception):
    """The bytes cannot be decompressed (further); the message says why."""


class ExpandsTooMuchError(DecompressionError):
    """The data decompresses to more than tasks ever do."""


class HoldsDatabaseError(DecompressionError):
    """The bytes, compressed or not, are those of a database."""


class _Format(Protocol):
    @property
    def unfinished(self) -> bool: ...

    def pieces(self, data: bytes) -> Iterator[bytes]: ...


class Decompressor:
    """Decompresses a stream of bytes piece by piece, with bounded memory.

    Raises:
        DecompressionError: from feed or finish, after everything before the damage was yielded.
    """

    def __init__(self, *, limits_expansion: bool = False) -> None:
        self._limits_expansion = limits_expansion
        self._head = b""
        self._format: _Format | None = None
        self._has_begun = False
        self._taken = 0
        self._given = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Decompress ``data``, in blocks."""
        self._taken += len(data)
        if self._format is None:
            data = self._head + data
            if _is_undecided(data):
                self._head = data
                return
            self._format = _detect_format(data)
        for block in _in_blocks(self._format.pieces(data)):
            if not self._has_begun and block.startswith(SQLITE):
                raise HoldsDatabaseError(f"{_A_DATABASE}, after decompressing it")
            self._has_begun = True
            self._given += len(block)
            is_bomb = self._given > FREE_BYTES + MAX_RATIO * self._taken
            if is_bomb and self._limits_expansion:
                raise ExpandsTooMuchError(
                    f"decompresses to more than {MAX_RATIO} times its size, as tasks never do"
                )
            yield block

    def finish(self) -> Iterator[bytes]:
        """Yield the remaining data.

        Raises:
            DecompressionError: the data ends in the middle.
        """
        if self._format is None:
            self._format = _detect_format(self._head)
            yield from _in_blocks(self._format.pieces(self._head))
        if self._format.unfinished:
            raise DecompressionError("is truncated")


def _is_undecided(head: bytes) -> bool:
    """Whether more bytes are needed to recognise the format."""
    if not head:
        return False
    is_packed = len(head) < _HEAD_BYTES and head[0] in _COMPRESSED_MAGIC
    return is_packed or (len(head) < len(SQLITE) and SQLITE.startswith(head))


def _in_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    damage: Exception | None = None
    try:
        for piece in _split_blocks(pieces):
            block.append(piece)
            size += len(piece)
            if size >= BLOCK_BYTES:
                yield b"".join(block)
                block.clear()
                size = 0
    except (zlib.error, zstandard.ZstdError) as error:
        damage = error
    if size:
        yield b"".join(block)
    if damage is not None:
        raise DecompressionError(f"is corrupt ({damage})") from damage


def _split_blocks(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Split so that no piece is larger than a block: zstd returns everything at once."""
    for piece in pieces:
        for start in range(0, len(piece), BLOCK_BYTES):
            yield piece[start : start + BLOCK_BYTES]


def _detect_format(head: bytes) -> _Format:
    if head.startswith(_GZIP):
        return _Gzip()
    if head.startswith(_ZSTD) or _ZSTD_SKIPPABLE.match(head):
        return _Zstd()
    if head.startswith(SQLITE):
        raise HoldsDatabaseError(_A_DATABASE)
    for magic, message in _FOREIGN.items():
        if head.startswith(magic):
            raise DecompressionError(message)
    return _Plain()


class _Plain:
    unfinished = False

    def pieces(self, data: bytes) -> Iterator[bytes]:
        yield data


class _Gzip:
    """One gzip member after another; zeros between and after them are padding."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._between = False

    @property
    def unfinished(self) -> bool:
        return not self._between

    def pieces(self, data: bytes) -> Iterator[bytes]:
        more_inside = False
        while data or more_inside:
            if self._between:
                data = data.lstrip(b"\0")
                if not data:
                    return
                self._member = zlib.decompressobj(wbits=31)
            piece = self._member.decompress(data, GZIP_STEP_BYTES)
            yield piece
            self._between = self._member.eof
            data = self._member.unused_data if self._between else self._member.unconsumed_tail
            more_inside = len(piece) == GZIP_STEP_BYTES and not self._between


class _Zstd:
    """One zstd frame after another; skippable frames give nothing."""

    def __init__(self) -> None:
        self._decompressor = zstandard.ZstdDecompressor()
        self._frame = self._decompressor.decompressobj()
        self._between = False

    @property
    def unfinished(self) -> bool:
        return not self._between

    def pieces(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), ZSTD_STEP_BYTES):
            part = data[start : start + ZSTD_STEP_BYTES]
            while part:
                if self._between:
                    self._frame = self._decompressor.decompressobj()
                yield self._frame.decompress(part)
                self._between = self._frame.eof
                part = self._frame.unused_data if self._between else b""
