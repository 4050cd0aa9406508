"""Ranges and timelines, computed from the archive of a large fight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from statistics import median

from bench.figures import Figure, Target
from bench.material import PLAYERS, begin, ending, feed, make_rows
from bench.rounds import database, in_turns, seconds
from bench.run import Run
from resonance_logs.commands import Commands


def measure(run: Run) -> Iterator[Figure]:
    """Several of each."""
    rows = make_rows(run.size(200_000, 20_000))
    with database(run.folder / "night.db") as opened:
        begin(opened)
        feed(opened, rows)
        opened.enqueue(ending(rows))
        opened.flush()
        questions = _questions(opened.commands, len(rows) * 10)
        asked = in_turns(run.size(15, 3), *(_milliseconds(ask) for ask in questions.values()))
    for name, times in zip(questions, asked, strict=True):
        note = f"{len(rows):,} hits; {min(times):.1f} to {max(times):.1f}"
        yield Figure.of(name, median(times), "ms", target=Target(50.0), note=note)


def _questions(commands: Commands, length_ms: int) -> dict[str, Callable[[], object]]:
    middle = {"from_ms": length_ms // 4, "to_ms": length_ms // 2}
    player = PLAYERS[3]
    return {
        "range: a quarter of the fight": lambda: commands.get_encounter_range(1, **middle),
        "range: the whole fight": lambda: commands.get_encounter_range(1),
        "timeline by actor": lambda: commands.get_encounter_timeline(1),
        "timeline of a player by skill": lambda: commands.get_encounter_timeline(
            1, group_by="skill", actor_id=player
        ),
        "a player's skills in a quarter": lambda: commands.get_encounter_player_skills(
            1, player, "dps", **middle
        ),
    }


def _milliseconds(ask: Callable[[], object]) -> Callable[[], float]:
    return lambda: 1e3 * seconds(ask)
