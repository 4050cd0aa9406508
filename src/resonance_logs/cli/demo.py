"""The demo: record a simulated night live, then show the results."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.fights import print_fight, print_history
from resonance_logs.cli.maintenance import print_info
from resonance_logs.cli.opening import open_for_recording, show_warnings
from resonance_logs.cli.render import fail, out, player_name, print_error
from resonance_logs.cli.skills import SkillKind, print_skills, skills_of

if TYPE_CHECKING:
    from rich.console import Console

    from resonance_logs.commands.encounter import EncounterSummary
    from resonance_logs.database import Database

SEED: Final = 20261123
PLAYERS: Final = 10
FIGHTS: Final = 5
FIGHT_SECONDS: Final = 150
LIVE_SECONDS: Final = 0.25


def demo(
    seconds: Annotated[
        float, typer.Option(min=0, max=600, help="Seconds that the recording takes.")
    ] = 9.0,
    db: Annotated[
        Path | None,
        typer.Option(
            "--db",
            metavar="PATH",
            help="New database file. Default: demo.db in your data folder, replaced each time.",
            show_default=False,
            callback=options.inherit_db,
        ),
    ] = None,
) -> None:
    """Record a simulated raid night live and show it."""
    path = _new_path(db)
    console = out()
    console.print("Recording a simulated raid night as it happens.", style="bold")
    with show_warnings(print_error):
        _record(path, console, seconds)
        _show_results(path, console)


def _new_path(db: Path | None) -> Path:
    """A path without a file: the given one, or the demo's own after removing its file."""
    from resonance_logs.settings import default_path, find_path

    if db is not None:
        path = find_path(db)
        if path.exists():
            fail(f"{path} already exists, but the demo needs a new file; choose another path")
        return path
    path = default_path().with_name("demo.db")
    for suffix in ("", "-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    return path


def _record(path: Path, console: Console, seconds: float) -> None:
    from resonance_logs.cli.replay import replay
    from resonance_logs.settings import Settings
    from resonance_logs.sources.simulation import Night, simulate, skill_names

    night = Night(seed=SEED, players=PLAYERS, fights=FIGHTS, seconds=FIGHT_SECONDS)
    tasks = list(simulate(night))
    with open_for_recording(path, Settings(live_seconds=LIVE_SECONDS)) as database:
        database.commands.set_catalog_names("skill", skill_names())
        replay(database, tasks, console, seconds)
        database.flush()
        console.print(f"{len(tasks):,} tasks recorded.\n")


def _show_results(path: Path, console: Console) -> None:
    from resonance_logs.database import Database

    with Database.open(path, record=False) as database:
        page = database.commands.get_recent_encounters(limit=FIGHTS * 4)
        option = f"--db {shlex.quote(str(path))}"
        _title(console, f"list {option}")
        print_history(console, page, 0)
        fight = _highest_damage(database, page.rows)
        _title(console, f"show {fight.id} {option}")
        print_fight(console, fight)
        best = fight.actors[0]
        name = shlex.quote(player_name(best.name, best.actor_id))
        _title(console, f"show {fight.id} --skills {name} {option}")
        window = skills_of(database, fight, str(best.actor_id), SkillKind.DPS)
        print_skills(console, fight, window, SkillKind.DPS)
        _title(console, f"info {option}")
        print_info(console, database.commands.get_database_info())
    _print_next_steps(console, fight.id, option)


def _highest_damage(database: Database, fights: list[EncounterSummary]) -> EncounterSummary:
    """The fight with the most damage, with its players."""
    chosen = max(fights, key=lambda fight: fight.total_dmg)
    return database.commands.get_encounter_by_id(encounter_id=chosen.id)


def _title(console: Console, command: str) -> None:
    console.print(f"\n$ {_program()} {command}\n", style="bold cyan", soft_wrap=True)


def _program() -> str:
    """How to call this program, which may not be on the PATH."""
    if shutil.which("resonance-logs"):
        return "resonance-logs"
    called = Path(sys.argv[0])
    if called.name == "resonance-logs":
        return shlex.quote(str(called))
    return f"{shlex.quote(sys.executable)} -m resonance_logs"


def _print_next_steps(console: Console, fight_id: int, option: str) -> None:
    timeline = shlex.quote(f'{{"encounterId": {fight_id}, "points": 12}}')
    console.print("\nTry next:", style="bold")
    for command in (
        f"list --kills --sort damage {option}",
        f"favorite {fight_id} {option}",
        f"call get_encounter_timeline {timeline} {option}",
        "simulate --seed 7 -o night.ndjson",
        f"ingest night.ndjson {option}",
    ):
        console.print(f"  {_program()} {command}", soft_wrap=True)
    console.print("\nSee this database in a browser:", style="bold")
    console.print(f"  {_program()} serve {option} --open", soft_wrap=True)
