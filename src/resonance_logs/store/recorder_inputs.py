"""Which inputs a recorder's tasks came from, so that an input is continued where it stopped.

Each row begins a segment of the stream, which ends where the next one begins. A segment of NO_INPUT
holds tasks that came from no input that is known.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection, delete, select

from resonance_logs.fights.identity import Identity
from resonance_logs.store.rows import insert_rows
from resonance_logs.store.schema import recorder_inputs, recorders

_COLUMNS: Final = ("recorder_id", "position", "input", "input_position")


NO_INPUT: Final = ""


class _Segment(NamedTuple):
    """From ``position`` of the recorder on, its items are those of an input."""

    position: int
    input_id: str
    input_position: int


def begin_input(connection: Connection, identity: Identity, input_id: str, position: int) -> int:
    """Note that a recorder's next items, from ``position`` on, are those of an input.

    Returns how many items of that input it has accepted before; the next one follows them.
    """
    recorder_id = _recorder_id(connection, identity)
    segments = _read_segments(connection, recorder_id, position)
    taken = _count_taken(segments, input_id, position)
    table = recorder_inputs
    connection.execute(
        delete(table).where(table.c.recorder_id == recorder_id, table.c.position >= position)
    )
    if not _continues(segments, _Segment(position, input_id, taken)):
        row = (recorder_id, position, input_id, taken)
        insert_rows(connection, table, _COLUMNS, [row])
    return taken


def end_input(connection: Connection, recorder: str, position: int) -> None:
    """Note that a recorder's next items, from ``position`` on, are those of no input."""
    last = _last_input(connection, recorder)
    if last is not None and last[1] != NO_INPUT:
        row = (last[0], position, NO_INPUT, 0)
        insert_rows(connection, recorder_inputs, _COLUMNS, [row], replace=True)


def has_input(connection: Connection, recorder: str) -> bool:
    """Whether a recorder's last items came from an input."""
    last = _last_input(connection, recorder)
    return last is not None and last[1] != NO_INPUT


def _last_input(connection: Connection, recorder: str) -> tuple[int, str] | None:
    """The recorder's id, and its last input; None if it never had one."""
    table = recorder_inputs
    statement = (
        select(table.c.recorder_id, table.c.input)
        .join(recorders, recorders.c.id == table.c.recorder_id)
        .where(recorders.c.name == recorder)
        .order_by(table.c.position.desc())
        .limit(1)
    )
    found = connection.execute(statement).one_or_none()
    return None if found is None else (found.recorder_id, found.input)


def _recorder_id(connection: Connection, identity: Identity) -> int:
    rows = [(identity.recorder, identity.game)]
    insert_rows(
        connection, recorders, ("name", "game"), rows, on_conflict=" ON CONFLICT (name) DO NOTHING"
    )
    statement = select(recorders.c.id).where(recorders.c.name == identity.recorder)
    recorder_id: int = connection.execute(statement).scalar_one()
    return recorder_id


def _read_segments(connection: Connection, recorder_id: int, position: int) -> list[_Segment]:
    """The segments before ``position``; later ones are of items that were never stored."""
    table = recorder_inputs
    statement = (
        select(table.c.position, table.c.input, table.c.input_position)
        .where(table.c.recorder_id == recorder_id, table.c.position < position)
        .order_by(table.c.position)
    )
    return [_Segment(*row) for row in connection.execute(statement)]


def _count_taken(segments: list[_Segment], input_id: str, position: int) -> int:
    ends = [*(each.position for each in segments[1:]), position]
    return max(
        (
            each.input_position + end - each.position
            for each, end in zip(segments, ends, strict=False)
            if each.input_id == input_id
        ),
        default=0,
    )


def _continues(segments: list[_Segment], segment: _Segment) -> bool:
    """Whether a segment only continues the last one."""
    if not segments or segments[-1].input_id != segment.input_id:
        return False
    last = segments[-1]
    return last.input_position + segment.position - last.position == segment.input_position
