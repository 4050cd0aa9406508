"""One of the crowd's readers: sends one query after another until it reads a line.

It prints ``error MESSAGE`` for each missing or wrong answer, and ``asked N``.
"""

from __future__ import annotations

import sys
import threading
from itertools import count

from resonance_logs import Database, ResonanceLogsError
from torture.recorder import say


def ask(db: Database, number: int) -> None:
    """Query a page, one of its fights, its skills and its timeline; their totals must agree.

    Raises:
        ArithmeticError: the totals differ.
    """
    page = db.commands.get_recent_encounters(limit=20)
    live = db.commands.get_live_encounter()
    if live is not None and live.ended_at_ms is not None:
        raise ArithmeticError(f"fight {live.id} is live and ended")
    if not page.rows:
        return
    listed = page.rows[number % len(page.rows)]
    fight = db.commands.get_encounter_by_id(listed.id)
    line = db.commands.get_encounter_timeline(listed.id)
    skills = [
        db.commands.get_encounter_player_skills(listed.id, actor.actor_id, "dps").skill_rows
        for actor in fight.actors
    ]
    totals = (
        listed.total_dmg,
        fight.total_dmg,
        sum(actor.damage_dealt for actor in fight.actors),
        sum(series.total for series in line.series),
        sum(row.total_dmg for rows in skills for row in rows),
    )
    if len(set(totals)) != 1:
        raise ArithmeticError(f"fight {listed.id} has totals that differ: {totals}")


def _stop_on_line(stop: threading.Event) -> None:
    sys.stdin.readline()
    stop.set()


def main() -> None:
    """Send queries until a line arrives."""
    stop = threading.Event()
    threading.Thread(target=_stop_on_line, args=(stop,), daemon=True).start()
    with Database.open(sys.argv[1], record=False) as db:
        for number in count():
            try:
                ask(db, number)
            except (ResonanceLogsError, ArithmeticError) as error:
                say("error", type(error).__name__, error)
            if stop.is_set():
                say("asked", number + 1)
                return


if __name__ == "__main__":
    main()
