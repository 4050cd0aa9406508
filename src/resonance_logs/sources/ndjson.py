"""Decode tasks from NDJSON lines, which arrive in blocks of any size.

An invalid line becomes a Refusal; the lines around it are not affected. If a line consists of junk
(a torn write, zeros, a byte-order mark) and a whole task after it, only the junk is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

import msgspec
import numpy as np

from resonance_logs.sources.terminal_text import printable
from resonance_logs.tasks import Task

MAX_LINE_BYTES: Final = 16 * 1024 * 1024
"""Longer lines are refused without being kept in memory."""

LONG_LINE_EXCERPT_BYTES: Final = 200
TAIL_BYTES: Final = 64 * 1024
"""The end of a line that is too long; a task within it is accepted."""

SHORT_LINE_BYTES: Final = 16
"""A task is longer than this."""

MAX_SHOWN_LENGTH: Final = 200
BOM: Final = b"\xef\xbb\xbf"
BLANK: Final = b" \t\r"

CUT_OFF: Final = "cut off: the JSON ends in the middle"
TRUNCATED_BY_MSGSPEC: Final = "Input data was truncated"

_AT = re.compile(r"(?P<reason>.*) - at `\$\.?(?P<field>.*)`", re.DOTALL)
_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING_FIELD = re.compile(r"Object missing required field `(.*)`")
_LONE_SURROGATE = re.compile(
    rb"\\u[dD][89abAB]..(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..)\\u[dD][c-fC-F]"
)
_LAST_OBJECT = re.compile(rb"(?s:.*)(\{[ \t\r]*\"[a-z\\])")
"""The last position at which a task can begin.

A task contains no objects. Within its strings ``{`` can precede the quote that ends the string, but
that quote is not followed by a letter. So a task that ends the line begins at this position, if at
all.
"""

_IS_TEXT: Final = ~np.isin(np.arange(256), list(BLANK + b"\n"))
"""Of each byte, whether a line with it is not blank."""

_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)

_decoder: msgspec.json.Decoder[Task] = msgspec.json.Decoder(Task)


@dataclass(frozen=True, slots=True)
class Refusal:
    """An invalid line: where it is, what is wrong, and its text.

    ``text`` is the line without surrounding white space; for a line that is too long, its first
    200 bytes. If the line ends with a task, that task is accepted, and ``text`` is what precedes
    it.
    """

    source: str
    line: int
    reason: str
    field: str | None
    text: bytes
    tasks_before: int = 0
    """Tasks of the source that precede it."""
    has_task: bool = False
    """Whether the line ends with a task."""
    is_cut_off: bool = False
    """Whether the source may end in the middle of the line: it has no line end, and no closing
    bracket."""

    def __str__(self) -> str:
        field = "" if self.field is None else f"{self.field}: "
        return printable(f"{self.source}:{self.line}: {field}{self.reason}")


class LineDecoder:
    """Decodes blocks of bytes into tasks and refusals, keeping the unfinished last line."""

    def __init__(self, source: str, *, max_line_bytes: int = MAX_LINE_BYTES) -> None:
        self.line = 0
        """Number of lines decoded."""
        self.tasks = 0
        """Number of tasks decoded."""
        self._source = source
        self._max_line_bytes = max_line_bytes
        self._pending = bytearray()
        self._tail: bytes | None = None
        """The end of the pending line once it is too long; then only its start is kept as well."""

    def feed(self, data: bytes) -> tuple[list[Task], list[Refusal]]:
        """Decode every line that ends in ``data``."""
        end = data.rfind(b"\n") + 1
        if not end:
            self._buffer(data)
            return [], []
        tasks: list[Task] = []
        refusals: list[Refusal] = []
        start = 0
        if self._tail is not None:
            start = data.index(b"\n") + 1
            self._buffer(data[: start - 1])
            tasks = self._end_long_line(refusals)
        block = bytes(self._pending) + data[start:end] if self._pending else data[start:end]
        self._pending.clear()
        self._buffer(data[end:])
        decoded = self._decode_block(block, refusals)
        return tasks + decoded if tasks else decoded, refusals

    def finish(self) -> tuple[list[Task], list[Refusal]]:
        """Decode the last line, which has no line end; refuse it unless it is complete."""
        refusals: list[Refusal] = []
        if self._tail is not None:
            return self._end_long_line(refusals), refusals
        line = bytes(self._pending)
        self._pending.clear()
        if not line:
            return [], []
        tasks = self._decode_lines(line + b"\n", refusals)
        return tasks, [_as_last(refusal) for refusal in refusals]

    def _buffer(self, data: bytes) -> None:
        if self._tail is not None:
            self._tail = (self._tail + data[-TAIL_BYTES:])[-TAIL_BYTES:]
            return
        self._pending += data
        if len(self._pending) > self._max_line_bytes:
            self._tail = bytes(self._pending[-TAIL_BYTES:])
            del self._pending[LONG_LINE_EXCERPT_BYTES:]

    def _end_long_line(self, refusals: list[Refusal]) -> list[Task]:
        head, tail = bytes(self._pending), self._tail or b""
        self._pending.clear()
        self._tail = None
        self.line += 1
        tasks = self._decode_long_line(head, tail, refusals)
        self.tasks += len(tasks)
        return tasks

    def _decode_block(self, block: bytes, refusals: list[Refusal]) -> list[Task]:
        if not block:
            return []
        tasks = self._decode_at_once(block)
        if tasks is not None:
            self.line += len(tasks)
            self.tasks += len(tasks)
            return tasks
        return self._decode_lines(block, refusals)

    def _decode_at_once(self, block: bytes) -> list[Task] | None:
        """Decode a block with exactly one task in every line; returns None for any other block.

        msgspec's ``decode_lines`` treats a newline as mere white space: it also accepts a task that
        spans lines, and two tasks in a line. No JSON value contains ``}`` newline ``{`` (a string
        has no raw newline, a container needs a comma), so if every newline is at such a place, each
        ends a task; with as many tasks as lines, each line is one task.
        """
        newlines = _count_newlines_between_objects(block)
        if newlines is None or len(block) > self._max_line_bytes:
            return None
        try:
            tasks = _decoder.decode_lines(block)
        except _UNDECODABLE:
            return None  # decoding line by line finds the reason
        return tasks if len(tasks) == newlines else None

    def _decode_lines(self, block: bytes, refusals: list[Refusal]) -> list[Task]:
        before = self.line
        lines, total = _find_lines(block)
        tasks: list[Task] = []
        for number, start, end in lines:
            line = block[start:end]
            self.line = before + number
            if self.line == 1 and len(line) <= self._max_line_bytes:
                line = line.removeprefix(BOM)
            found = self._decode_line(line, refusals)
            self.tasks += len(found)
            tasks += found
        self.line = before + total
        return tasks

    def _decode_line(self, line: bytes, refusals: list[Refusal]) -> list[Task]:
        if len(line) > self._max_line_bytes:
            tail = line[-TAIL_BYTES:]
            return self._decode_long_line(line[:LONG_LINE_EXCERPT_BYTES], tail, refusals)
        text = line.strip(BLANK)
        if not text:
            return []
        try:
            return [_decoder.decode(text)]
        except _UNDECODABLE as error:
            return self._decode_after_junk(text, error, refusals)

    def _decode_after_junk(
        self, text: bytes, error: Exception, refusals: list[Refusal]
    ) -> list[Task]:
        """Accept the task that ends the line, if any, and refuse what precedes it."""
        found = find_last_task(text)
        if found is None:
            refusals.append(self._refusal(*explain(error, text), text))
            return []
        start, task = found
        junk = text[:start].rstrip(BLANK)
        field, reason = _explain_junk(junk)
        refusals.append(
            self._refusal(field, reason, junk, f"; the task at byte {start} was accepted")
        )
        return [task]

    def _decode_long_line(self, head: bytes, tail: bytes, refusals: list[Refusal]) -> list[Task]:
        reason = f"too long: more than {self._max_line_bytes:,} bytes"
        found = find_last_task(tail.rstrip(BLANK))
        if found is None:
            refusals.append(self._refusal(None, reason, head))
            return []
        refusals.append(self._refusal(None, reason, head, "; the task at its end was accepted"))
        return [found[1]]

    def _refusal(self, field: str | None, reason: str, text: bytes, addition: str = "") -> Refusal:
        shown = None if field is None else _shorten(field)
        return Refusal(
            self._source,
            self.line,
            _shorten(reason) + addition,
            shown,
            text,
            tasks_before=self.tasks,
            has_task=bool(addition),
        )


def _as_last(refusal: Refusal) -> Refusal:
    """The refusal of a line that ends the source without a line end."""
    return replace(refusal, is_cut_off=not refusal.text.endswith(b"}"))


def find_last_task(text: bytes) -> tuple[int, Task] | None:
    """Find the task at the end of a line that is not a task: its first byte and the task.

    Returns None also if another task directly precedes it, because a line can hold only one task.
    Takes time linear in the length of ``text``. A line that is valid JSON never ends in a task,
    because its last bracket closes its first.
    """
    found = _last_task(text)
    if found is None or _last_task(text[: found[0]].rstrip(BLANK + b",")) is not None:
        return None
    return found


def _last_task(text: bytes) -> tuple[int, Task] | None:
    if not text.endswith(b"}"):
        return None
    match = _LAST_OBJECT.match(text)
    if match is None:
        return None
    start = match.start(1)
    try:
        return start, _decoder.decode(memoryview(text)[start:])
    except _UNDECODABLE:
        return None


def _count_newlines_between_objects(block: bytes) -> int | None:
    """Count the newlines of ``block``, which ends with one; None if one is elsewhere.

    Uses numpy, because three ``bytes.count`` take about as long as decoding.
    """
    if not block.startswith(b"{"):
        return None
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    before = text[ends - 1]
    before = np.where(before == ord("\r"), text[ends - 2], before)
    after = text[ends[:-1] + 1]
    if (before == ord("}")).all() and (after == ord("{")).all():
        return len(ends)
    return None


def _find_lines(block: bytes) -> tuple[Iterable[tuple[int, int, int]], int]:
    """The lines of ``block``, which ends with a newline, and how many it has.

    Each is given by its number, its start and its end. If there are very many, blank ones are left
    out: a few bytes can be decompressed to millions of them.
    """
    text = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero(text == ord("\n"))
    starts = np.concatenate(([0], ends[:-1] + 1))
    filled = np.arange(len(ends))
    if len(ends) * SHORT_LINE_BYTES > len(block):
        filled = np.flatnonzero(np.logical_or.reduceat(_IS_TEXT[text], starts))
    places = ((filled + 1).tolist(), starts[filled].tolist(), ends[filled].tolist())
    return zip(*places, strict=True), len(ends)


def explain(error: Exception, text: bytes) -> tuple[str | None, str]:
    """Return the invalid field, if any, and the reason why ``text`` is not a task."""
    if isinstance(error, UnicodeDecodeError):
        return None, f"not UTF-8: {error.reason}"
    if isinstance(error, RecursionError):
        return None, "nested too deeply"
    if isinstance(error, msgspec.ValidationError):
        return _explain_validation(str(error))
    return None, _explain_syntax_error(str(error), text)


def _explain_junk(junk: bytes) -> tuple[str | None, str]:
    if junk == BOM:
        return None, "not JSON: a byte-order mark"
    if not junk.strip(b"\0"):
        return None, f"not JSON: {len(junk):,} zero bytes"
    try:
        _decoder.decode(junk)
    except _UNDECODABLE as error:
        return explain(error, junk)
    raise AssertionError("a task is not junk")


def _explain_validation(message: str) -> tuple[str | None, str]:
    if unknown := _UNKNOWN_FIELD.fullmatch(message):
        return unknown[1], "unknown field"
    if missing := _MISSING_FIELD.fullmatch(message):
        return missing[1], "missing"
    at = _AT.fullmatch(message)
    if at is None:
        return None, _plain(message)
    if at["field"] == "type" and at["reason"].startswith("Invalid value "):
        return "type", "unknown type " + at["reason"].removeprefix("Invalid value ")
    return at["field"] or None, _plain(at["reason"])


def _explain_syntax_error(message: str, text: bytes) -> str:
    surrogate_suspected = message == TRUNCATED_BY_MSGSPEC or "surrogate" in message
    may_be_cut_in_a_pair = not text.endswith(b"}")
    if surrogate_suspected and not may_be_cut_in_a_pair and _has_lone_surrogate(text):
        return "unpaired surrogate: a \\ud800 to \\udfff escape without its other half"
    if message == TRUNCATED_BY_MSGSPEC:
        return CUT_OFF
    return "not JSON: " + message.removeprefix("JSON is malformed: ")


def _has_lone_surrogate(text: bytes) -> bool:
    return _LONE_SURROGATE.search(text.replace(rb"\\", b"")) is not None


def _plain(message: str) -> str:
    message = message.replace("`", "")
    return message[:1].lower() + message[1:]


def _shorten(text: str) -> str:
    return text if len(text) <= MAX_SHOWN_LENGTH else text[: MAX_SHOWN_LENGTH - 1] + "…"
