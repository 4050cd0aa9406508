"""Match names as users type them, ignoring case; give hints for unknown names."""

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
    "games": ("game", "games"),
    "recorders": ("recorder", "recorders"),
}
_OF_A_GAME: Final = ("boss_names", "encounter_names", "player_names", "tags")


def with_known_names(database: Database, filters: Filters) -> Filters:
    """Add to the filters all known names that differ from the typed ones only in case."""
    expanded = {
        field: [name for typed in wanted for name in _spellings(database, field, typed)]
        for field in _NOUNS
        if (wanted := getattr(filters, field))
    }
    return filters.model_copy(update=expanded) if expanded else filters


def hints(database: Database, filters: Filters) -> Iterator[str]:
    """Yield a line for each unknown name in the filters, with similar names."""
    for field, (noun, plural) in _NOUNS.items():
        games = filters.games if field in _OF_A_GAME else []
        where = f" of {', '.join(games)}" if games else ""
        for typed in getattr(filters, field):
            if not _matching(typed, _known(database, field, typed, games)):
                similar = _similar(typed, _known(database, field, "", games))
                text = (
                    f"similar: {', '.join(similar)}"
                    if similar
                    else f"no {plural} have a similar name"
                )
                yield f"unknown {noun} '{safe(typed)}'{where}; {text}"


def _spellings(database: Database, field: str, typed: str) -> list[str]:
    """The name as typed (earlier fights may have the player under it) and as known."""
    return list(dict.fromkeys([typed, *_matching(typed, _known(database, field, typed))]))


def _known(
    database: Database, field: str, part: str = "", games: Sequence[str] = ()
) -> Sequence[str]:
    """All known names, of these games or of all; of players the latest 1,000 that contain
    ``part``.
    """
    wanted: Sequence[str | None] = games or [None]
    names = [each for game in wanted for each in _names(database, field, part, game)]
    return list(dict.fromkeys(names))


def _names(database: Database, field: str, part: str, game: str | None) -> Sequence[str]:
    commands = database.commands
    if field == "boss_names":
        return commands.get_unique_boss_names(game).names
    if field == "encounter_names":
        return commands.get_unique_scene_names(game).names
    if field == "tags":
        return commands.get_unique_tags(game).names
    if field == "games":
        return [each.id for each in commands.get_games()]
    if field == "recorders":
        return [each.name for each in commands.get_recorders()]
    return commands.get_player_names_filtered(part, game).names


def _matching(typed: str, known: Sequence[str]) -> list[str]:
    folded = _fold(typed)
    return [name for name in known if _fold(name) == folded]


def _similar(typed: str, known: Sequence[str]) -> list[str]:
    """Known names that contain the typed text, then those with a similar spelling."""
    folded = _fold(typed)
    names = {_fold(name): name for name in reversed(known)}
    containing = [name for name in names if folded and folded in name]
    found = [*containing, *get_close_matches(folded, names, n=MAX_HINTS)]
    return [safe(names[name]) for name in dict.fromkeys(found)][:MAX_HINTS]


def _fold(name: str) -> str:
    return fold_name(name).strip()
