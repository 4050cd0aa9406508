"""Cut the texts of a stored fight that are too long, as in files of older versions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from resonance_logs.fights.text_limits import MAX_NAME_LENGTH, MAX_TAG_LENGTH, cut_name, cut_text
from resonance_logs.store.checksums import CHECKED, checksum, fingerprint
from resonance_logs.store.marks import read_tags, write_tags

Rows = Sequence[tuple[Any, ...]]

_NAMED: Final = ("actors_checksum", "bosses_checksum")
_TEXTS: Final = "attributes_checksum"
_LISTS: Final = {"bosses": "monsterName", "players": "name"}
"""The columns of a fight's row that list names as JSON, and their fields."""


def cut_texts(
    row: Mapping[str, Any], figures: Mapping[str, Rows]
) -> tuple[Mapping[str, Any], Mapping[str, Rows]]:
    """The row of an ended fight and its figures, with texts that are not too long.

    They are the same objects where nothing is. Where two names of a table would become one, those
    of that table stay as they are.
    """
    short_figures = {name: _short_rows(name, rows) for name, rows in figures.items()}
    changes = {name: value for name, value in _short_values(row).items() if value != row.get(name)}
    changed = [name for name, rows in short_figures.items() if rows is not figures[name]]
    if not (changes or changed):
        return row, figures
    short = {**row, **changes, **{name: checksum(short_figures[name]) for name in changed}}
    if row["fingerprint"] is not None:
        short["fingerprint"] = fingerprint(short)
    return short, short_figures


def cut_cells(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row of names, with each of them cut."""
    return tuple(cut_name(each) if isinstance(each, str) else each for each in row)


def _short_rows(name: str, rows: Rows) -> Rows:
    if name in _NAMED:
        short = [cut_cells(row) for row in rows]
    elif name == _TEXTS:
        short = [tuple(cut_text(x) if isinstance(x, str) else x for x in row) for row in rows]
    else:
        return rows
    keys = len(CHECKED[name].primary_key) - 1
    is_unique = len({row[:keys] for row in short}) == len(rows)
    return short if is_unique and short != list(rows) else rows


def _short_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """The texts of the row, cut."""
    values: dict[str, Any] = {name: _short_list(row.get(name), key) for name, key in _LISTS.items()}
    scene, note = row.get("scene_name"), row.get("note")
    values["scene_name"] = cut_name(scene) if isinstance(scene, str) else scene
    values["note"] = cut_text(note) if isinstance(note, str) else note
    tags = read_tags(row.get("tags"))
    if any(len(tag) > MAX_TAG_LENGTH for tag in tags):
        cut = [cut_name(tag, MAX_TAG_LENGTH) for tag in tags]
        values["tags"] = write_tags(list(dict.fromkeys(cut)))
    return values


def _short_list(text: Any, key: str) -> Any:
    if not isinstance(text, str) or len(text) <= MAX_NAME_LENGTH:
        return text
    listed = json.loads(text)
    if not any(len(each.get(key) or "") > MAX_NAME_LENGTH for each in listed):
        return text
    short = [{**each, key: each.get(key) and cut_name(each[key])} for each in listed]
    return json.dumps(short, ensure_ascii=False)
