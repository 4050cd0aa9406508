"""A long history: pages, filters, single fights, and opening the file."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Final

from bench.children import run_child
from bench.figures import Figure, Target
from bench.history_file import DAY_MS, LOCAL_PLAYER, build
from bench.rounds import in_turns, remove, seconds
from bench.run import Run
from resonance_logs import Database
from resonance_logs.commands import Commands, Filters, Sort

Question = Callable[[], object]

FILTERS: Final = {
    "bossNames": Filters(boss_names=["Boss 3"]),
    "three bossNames": Filters(boss_names=["Boss 1", "Boss 7", "Boss 20"]),
    "encounterNames": Filters(encounter_names=["Scene 2"]),
    "playerName, of many players": Filters(player_name="ika"),
    "playerName, of one player": Filters(player_name="mika 999"),
    "playerNames, always there": Filters(player_names=["Local Hero"]),
    "playerNames, now and then": Filters(player_names=["Mika 40"]),
    "classIds": Filters(class_ids=[5]),
    "three classIds": Filters(class_ids=[1, 5, 9]),
    "isFavorite": Filters(is_favorite=True),
    "not isFavorite": Filters(is_favorite=False),
    "minDurationMs": Filters(min_duration_ms=400_000),
    "isDefeated": Filters(is_defeated=True),
    "not isDefeated": Filters(is_defeated=False),
    "sort by duration": Filters(sort=Sort.DURATION),
    "sort by totalDmg": Filters(sort=Sort.TOTAL_DMG),
    "boss, defeated, by totalDmg": Filters(
        boss_names=["Boss 3"], is_defeated=True, sort=Sort.TOTAL_DMG
    ),
    "boss, class and minDurationMs": Filters(
        boss_names=["Boss 3"], class_ids=[5], min_duration_ms=300_000
    ),
}


def measure(run: Run) -> Iterator[Figure]:
    """All queries on one file, and opening it."""
    fights = run.size(100_000, 2_000)
    path = run.folder / "history.db"
    took = seconds(lambda: build(path, fights))
    rounds = run.size(15, 3)
    with Database.open(path, record=False) as opened:
        commands = opened.commands
        yield from _asked(_pages(commands, path, fights), 10.0, rounds)
        yield from _asked(_single(commands, fights // 2), 5.0, rounds)
    size = path.stat().st_size
    yield from _opened(path, run.size(7, 2))
    note = f"{fights:,} fights of 10 players, without archives; built in {took:.0f} s"
    yield Figure.of("the file of the history", size / 1e6, "MB", note=note)
    remove(path)


def _pages(commands: Commands, path: Path, fights: int) -> dict[str, Question]:
    half, end = fights // 2, fights - 100
    newest = _newest_start(path)
    week = Filters(date_from_ms=newest - 40 * DAY_MS, date_to_ms=newest - 33 * DAY_MS)
    questions: dict[str, Question] = {
        "list: first page": lambda: commands.get_recent_encounters(50, 0),
        "list: a page in the middle": lambda: commands.get_recent_encounters(50, half),
        "list: a page at the far end": lambda: commands.get_recent_encounters(50, end),
    }
    for name, filters in {**FILTERS, "dateFromMs, dateToMs": week}.items():
        questions[f"list: {name}"] = _filtered(commands, filters, 0)
    deep = Filters(is_defeated=True)
    questions["list: isDefeated, a deep page"] = _filtered(commands, deep, fights // 4)
    return questions


def _filtered(commands: Commands, filters: Filters, offset: int) -> Question:
    return lambda: commands.get_recent_encounters_filtered(50, offset, filters)


def _single(commands: Commands, fight: int) -> dict[str, Question]:
    return {
        "one fight with its players": lambda: commands.get_encounter_by_id(fight),
        "one fight, all actors": lambda: commands.get_encounter_actor_stats(fight),
        "one player's skills": lambda: commands.get_encounter_player_skills(
            fight, LOCAL_PLAYER, "dps"
        ),
    }


def _asked(questions: dict[str, Question], bound_ms: float, rounds: int) -> Iterator[Figure]:
    asked = in_turns(rounds, *(_milliseconds(ask) for ask in questions.values()))
    for name, times in zip(questions, asked, strict=True):
        note = f"{min(times):.1f} to {max(times):.1f}"
        yield Figure.of(name, median(times), "ms", target=Target(bound_ms), note=note)


def _milliseconds(ask: Question) -> Callable[[], float]:
    return lambda: 1e3 * seconds(ask)


def _opened(path: Path, rounds: int) -> Iterator[Figure]:
    runs = [run_child("history_child", path) for _ in range(rounds)]
    yield Figure.of(
        "opening that file",
        median(run["open"] for run in runs),
        "s",
        target=Target(0.3),
        note="Database.open in a fresh process",
    )
    yield Figure.of("importing before it", median(run["import"] for run in runs), "s")


def _newest_start(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("SELECT max(started_at_ms) FROM encounters").fetchone()[0])
    finally:
        connection.close()
