"""What the history shows: read from the URL of the page, and written to it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date
from typing import Any, Final, Self
from urllib.parse import urlencode

from resonance_logs.commands.filters import Filters, Sort
from resonance_logs.fights.games import find_game
from resonance_logs.fights.identity import GAME_PATTERN, MAX_NAME_LENGTH

PAGE_SIZES: Final = (25, 50, 100, 250)

_LISTS: Final = {
    "game": "game",
    "recorder": "recorder",
    "boss": "boss",
    "scene": "scene",
    "player": "player",
    "tag": "tag",
    "kind": "class",
}


@dataclass(frozen=True, slots=True)
class View:
    """Filters, order and page; every field that is not the default is part of the URL."""

    game: tuple[str, ...] = ()
    """Ids of games."""
    recorder: tuple[str, ...] = ()
    boss: tuple[str, ...] = ()
    scene: tuple[str, ...] = ()
    player: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    kind: tuple[int, ...] = ()
    """Classes."""
    since: str = ""
    until: str = ""
    """Dates as 2026-01-31, in the reader's time zone."""
    favorites: bool = False
    kills: bool = False
    least: int = 0
    """Seconds."""
    sort: str = Sort.STARTED_AT.value
    ascending: bool = False
    page: int = 1
    size: int = 50

    @classmethod
    def of_query(cls, query: Mapping[str, Sequence[str]]) -> Self:
        """The view in a URL; invalid parts are ignored."""
        found: dict[str, Any] = {}
        for each in fields(cls):
            given = query.get(each.name)
            if given:
                value = _read(str(each.type), list(given))
                found |= {} if value is None else {each.name: value}
        view = cls(**found)
        return cls(
            **asdict(view)
            | {
                "game": tuple(each for each in view.game if re.fullmatch(GAME_PATTERN, each)),
                "recorder": tuple(
                    each for each in view.recorder if 1 <= len(each) <= MAX_NAME_LENGTH
                ),
                "page": max(1, view.page),
                "least": max(0, view.least),
                "size": view.size if view.size in PAGE_SIZES else cls.size_default(),
                "sort": view.sort if view.sort in list(Sort) else Sort.STARTED_AT.value,
                "since": view.since if _date(view.since) else "",
                "until": view.until if _date(view.until) else "",
            }
        )

    @staticmethod
    def size_default() -> int:
        """Fights per page, if the URL does not say."""
        return PAGE_SIZES[1]

    def address(self) -> str:
        """The URL of this view, without defaults."""
        usual = View()
        given: dict[str, Any] = {
            name: int(value) if isinstance(value, bool) else value
            for name, value in asdict(self).items()
            if value != getattr(usual, name)
        }
        return f"/?{urlencode(given, doseq=True)}" if given else "/"

    def days_expression(self) -> str | None:
        """JavaScript for ``[first, last]``, the milliseconds of the days; None without days.

        Only the browser knows where the reader's days begin, and which have 23 or 25 hours.
        """
        if not self.since and not self.until:
            return None
        return f"rl.bounds({json.dumps(self.since)}, {json.dumps(self.until)})"

    def filters(self, first_ms: int | None = None, last_ms: int | None = None) -> Filters:
        """The filters of the command; the bounds are the answer to ``days_expression``."""
        return Filters(
            games=list(self.game),
            recorders=list(self.recorder),
            boss_names=list(self.boss),
            encounter_names=list(self.scene),
            player_names=list(self.player),
            tags=list(self.tag),
            class_ids=list(self.kind),
            date_from_ms=first_ms,
            date_to_ms=last_ms,
            is_favorite=True if self.favorites else None,
            is_defeated=True if self.kills else None,
            min_duration_ms=self.least * 1_000 or None,
            sort=Sort(self.sort),
            descending=not self.ascending,
        )

    @property
    def offset(self) -> int:
        """Number of fights before the page."""
        return (self.page - 1) * self.size

    @property
    def is_filtered(self) -> bool:
        """Whether any filter may exclude fights."""
        return bool(self.chips())

    @property
    def only_game(self) -> str | None:
        """The chosen game, if it is one."""
        return self.game[0] if len(self.game) == 1 else None

    def chips(self, game: str | None = None) -> list[tuple[str, Self]]:
        """Each filter as text, with the view without it; classes by the names in this game."""
        found: list[tuple[str, Self]] = []
        for name, label in _LISTS.items():
            values = getattr(self, name)
            for value in values:
                text = value
                if name == "game":
                    text = find_game(value).name
                elif name == "kind" and game is not None:
                    text = find_game(game).class_name(value) or value
                rest = tuple(each for each in values if each != value)
                found.append((f"{label}: {text}", self._without(**{name: rest})))
        for name, text in (
            ("since", f"from {self.since}"),
            ("until", f"until {self.until}"),
            ("least", f"at least {span(self.least)}"),
            ("favorites", "favourites"),
            ("kills", "kills only"),
        ):
            if getattr(self, name):
                found.append((text, self._without(**{name: getattr(View(), name)})))
        return found

    def _without(self, **changed: Any) -> Self:
        return replace(self, page=1, **changed)


def span(seconds: int) -> str:
    """Seconds as minutes and seconds, with hours if there are any: ``1:30``."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def read_span(text: str) -> int | None:
    """Parse ``90``, ``1:30`` or ``1:00:00``; returns seconds, None if it is invalid."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        return None
    hours, minutes, seconds = (int(each or 0) for each in found.groups())
    return hours * 3_600 + minutes * 60 + seconds


_SPAN: Final = re.compile(r"(?:(?:([0-9]{1,3}):)?([0-9]{1,4}):)?([0-9]{1,6})")


def _read(kind: str, given: list[str]) -> Any:
    last = given[-1]
    if kind == "tuple[str, ...]":
        return tuple(given)
    if kind == "tuple[int, ...]":
        return tuple(int(each) for each in given if each.isdecimal() and len(each) < 10)
    if kind == "bool":
        return last == "1"
    if kind == "int":
        return int(last) if last.isdecimal() and len(last) < 10 else None
    return last


def _date(text: str) -> date | None:
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return None
    return found if date(1971, 1, 1) <= found <= date(9000, 1, 1) else None
