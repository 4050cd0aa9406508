"""Names are folded fully, so that a search finds them in any case and form; sets are bitmaps.

Until now a set of fights was read into an array as long as its largest id: one fight under a large
id asked for more memory than there is.
"""

import struct
import unicodedata
from collections.abc import Iterable, Iterator

from alembic import op
from pyroaring import BitMap

from resonance_logs.errors import DamagedDatabase

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_BLOCK = 65_536
_BLOCKS = 2**63 // _BLOCK
_BITMAP_BYTES = _BLOCK // 8
_BITS = [[bit for bit in range(8) if byte >> bit & 1] for byte in range(256)]
_AT_ONCE = 10_000


def upgrade() -> None:
    """Fold all names anew, and write each set of fights as a compressed bitmap.

    Raises:
        DamagedDatabase: a stored set is damaged.
    """
    _fold("entities", "entity_id", "name", "name_folded")
    _fold("facet_values", "value_id", "value", "folded")
    connection = op.get_bind()
    for (value_id,) in connection.exec_driver_sql("SELECT value_id FROM facet_values").all():
        rows = connection.exec_driver_sql(
            "SELECT block, encounters FROM facet_encounters WHERE value_id = ?", (value_id,)
        ).all()
        for block, stored in rows:
            connection.exec_driver_sql(
                "UPDATE facet_encounters SET encounters = ? WHERE value_id = ? AND block = ?",
                (_bitmap(block, stored), value_id, block),
            )


def _fold(table: str, key: str, name: str, folded: str) -> None:
    connection = op.get_bind()
    for rows in _parts(f"SELECT {key}, {name}, {folded} FROM {table}", name, key):  # noqa: S608
        changed = [(new, row[0]) for row in rows if (new := _fold_name(row[1])) != row[2]]
        if changed:
            statement = f"UPDATE {table} SET {folded} = ? WHERE {key} = ?"  # noqa: S608
            connection.exec_driver_sql(statement, changed)


def _parts(statement: str, name: str, key: str) -> Iterator[Iterable[tuple[int, str, str]]]:
    connection = op.get_bind()
    last = -(2**63)
    while rows := connection.exec_driver_sql(
        f"{statement} WHERE {name} IS NOT NULL AND {key} > ? ORDER BY {key} LIMIT ?",
        (last, _AT_ONCE),
    ).all():
        last = rows[-1][0]
        yield rows


def _fold_name(text: str) -> str:
    """As folding had it when this was written."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFD", text).casefold()
    folded = unicodedata.normalize("NFKC", folded).casefold()
    folded = unicodedata.normalize("NFKD", folded).replace("\u0131", "i")
    kept = []
    follows_i = False
    for char in folded:
        if char == "\u0307" and follows_i:
            continue
        if not unicodedata.combining(char):
            follows_i = char == "i"
        elif unicodedata.combining(char) == unicodedata.combining("\u0307"):
            follows_i = False
        kept.append(char)
    return unicodedata.normalize("NFKC", "".join(kept))


def _bitmap(block: int, stored: bytes) -> bytes:
    """From the format of 0002 to that of store.idsets when this was written."""
    size = len(stored)
    if not 0 <= block < _BLOCKS or size > _BITMAP_BYTES or size % 2 or not size:
        raise DamagedDatabase(f"a set of fights of block {block} has {size} bytes")
    offsets: Iterable[int]
    if size == _BITMAP_BYTES:
        offsets = (8 * at + bit for at, byte in enumerate(stored) for bit in _BITS[byte])
    else:
        offsets = struct.unpack(f"<{size // 2}H", stored)
    bitmap = BitMap(offsets)
    bitmap.run_optimize()
    return bitmap.serialize()
