"""One player's skills in one fight: find the player, query, print."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from resonance_logs.cli.fights import print_head
from resonance_logs.cli.recorders import ONE_ORIGIN, Origins
from resonance_logs.cli.render import Bar, cell, fail, number, percent, player_name, safe, table
from resonance_logs.fights.name_folding import fold_name

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from resonance_logs.commands.encounter import ActorEncounterStat, EncounterSummary
    from resonance_logs.commands.skills import SkillRow, SkillsWindow
    from resonance_logs.database import Database

BAR_COLOR: Final = "cyan"


class SkillKind(StrEnum):
    """Which of a player's skills: damage dealt, healing, or damage taken."""

    DPS = "dps"
    HEAL = "heal"
    TANKED = "tanked"


_KIND_LABELS: Final = {
    SkillKind.DPS: "damage dealt",
    SkillKind.HEAL: "healing",
    SkillKind.TANKED: "damage taken",
}


def skills_of(
    database: Database, fight: EncounterSummary, player: str, kind: SkillKind
) -> SkillsWindow:
    """The skills of the player with this name or id; exits if there is none."""
    from resonance_logs.commands.models import SkillType

    found = _find(fight.actors, player)
    if len(found) != 1:
        fail(_not_found(fight, player, found))
    return database.commands.get_encounter_player_skills(
        encounter_id=fight.id, actor_id=found[0].actor_id, skill_type=SkillType(kind)
    )


def print_skills(
    console: Console,
    fight: EncounterSummary,
    window: SkillsWindow,
    kind: SkillKind,
    origins: Origins = ONE_ORIGIN,
) -> None:
    """Print the fight's header, the player's totals and the skills."""
    print_head(console, fight, origins)
    console.print()
    for player in window.curr_player:
        console.print(player_name(player.name, player.uid), style="bold")
        console.print(
            f"{_KIND_LABELS[kind]} {number(player.total_dmg)} ({number(player.dps)}/s)"
            f" in {player.hits:,} hits · {player.dmg_pct:.1f} % of the party's"
        )
    if window.skill_rows:
        console.print()
        console.print(_skill_table(window.skill_rows))


def _find(actors: Sequence[ActorEncounterStat], player: str) -> list[ActorEncounterStat]:
    """Players with this id; else with this name; else whose name contains it."""
    wanted = fold_name(player)
    folded = {actor.actor_id: fold_name(actor.name or "") for actor in actors}
    ways = (
        [actor for actor in actors if str(actor.actor_id) == player.removeprefix("#")],
        [actor for actor in actors if folded[actor.actor_id] == wanted],
        [actor for actor in actors if wanted and wanted in folded[actor.actor_id]],
    )
    return next(filter(None, ways), [])


def _not_found(fight: EncounterSummary, player: str, found: Sequence[ActorEncounterStat]) -> str:
    candidates = found or fight.actors
    names = ", ".join(
        f"{player_name(each.name, each.actor_id)} ({each.actor_id})" for each in candidates
    )
    if found:
        return f"'{safe(player)}' is ambiguous: {names}; give the id"
    return f"fight {fight.id} has no player '{safe(player)}'; its players: {names or 'none'}"


def _skill_table(rows: Sequence[SkillRow]) -> Table:
    numbers = ("total", "per s", "share", "hits", "per min", "crit", "lucky")
    shown = table("skill", *numbers[:3], "", *numbers[3:], numbers=numbers)
    maximum = max(row.total_dmg for row in rows)
    for row in rows:
        shown.add_row(
            cell(safe(row.name)),
            number(row.total_dmg),
            number(row.dps),
            percent(row.dmg_pct / 100),
            Bar(row.total_dmg / maximum if maximum else 0, BAR_COLOR),
            f"{row.hits:,}",
            f"{row.hits_per_minute:.1f}",
            percent(row.crit_rate),
            percent(row.lucky_rate),
        )
    return shown
