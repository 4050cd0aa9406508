"""Names as a user types them: whatever their case, and with a hint where one is not known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from resonance_logs.cli.render import safe
from resonance_logs.fights.name_folding import fold_name

if TYPE_CHECKING:
    from resonance_logs.commands.filters import Filters
    from resonance_logs.database import Database

MAX_HINTS: Final = 5

_NOUNS: Final = {
    "boss_names": ("boss", "bosses"),
    "encounter_names": ("scene", "scenes"),
    "player_names": ("player", "players"),
    "tags": ("tag", "tags"),
}


def with_known_names(database: Database, filters: Filters) -> Filters:
    """The filters, with all known names that differ from those typed in nothing but their case."""
    expanded = {
        field: [name for typed in wanted for name in _spellings(database, field, typed)]
        for field in _NOUNS
        if (wanted := getattr(filters, field))
    }
    return filters.model_copy(update=expanded) if expanded else filters


def hints(database: Database, filters: Filters) -> Iterator[str]:
    """For each name of the filters that is not known: a line that names those that are near."""
    for field, (noun, plural) in _NOUNS.items():
        for typed in getattr(filters, field):
            if not _matching(typed, _known(database, field, typed)):
                near = _near(typed, _known(database, field))
                text = f"near it: {', '.join(near)}" if near else f"there are no {plural} like it"
                yield f"no {noun} is named '{safe(typed)}'; {text}"


def _spellings(database: Database, field: str, typed: str) -> list[str]:
    """The name as typed, under which earlier fights may have a player, and as it is known."""
    return list(dict.fromkeys([typed, *_matching(typed, _known(database, field, typed))]))


def _known(database: Database, field: str, part: str = "") -> Sequence[str]:
    """All known names; of players the newest 1,000 that contain ``part``."""
    commands = database.commands
    if field == "boss_names":
        return commands.get_unique_boss_names().names
    if field == "encounter_names":
        return commands.get_unique_scene_names().names
    if field == "tags":
        return commands.get_unique_tags().names
    return commands.get_player_names_filtered(part).names


def _matching(typed: str, known: Sequence[str]) -> list[str]:
    folded = _fold(typed)
    return [name for name in known if _fold(name) == folded]


def _near(typed: str, known: Sequence[str]) -> list[str]:
    """Known names that contain what was typed, then those that are spelled much like it."""
    folded = _fold(typed)
    names = {_fold(name): name for name in reversed(known)}
    containing = [name for name in names if folded and folded in name]
    found = [*containing, *get_close_matches(folded, names, n=MAX_HINTS)]
    return [safe(names[name]) for name in dict.fromkeys(found)][:MAX_HINTS]


def _fold(name: str) -> str:
    return fold_name(name).strip()
