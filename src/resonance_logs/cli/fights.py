"""Print fights: the history, and one fight with its party and bosses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from resonance_logs.cli.recorders import ONE_ORIGIN, Origins
from resonance_logs.cli.render import (
    DIM,
    Bar,
    cell,
    class_and_spec,
    duration,
    local_time,
    number,
    percent,
    player_name,
    safe,
    table,
)
from resonance_logs.fights.games import find_game

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from resonance_logs.commands.encounter import (
        ActorEncounterStat,
        BossSummary,
        EncounterSummary,
    )
    from resonance_logs.commands.listing import EncounterPage

MAX_PARTY_NAMES: Final = 20
_OUTCOME_COLORS: Final = {True: "green", False: "red"}
ACTIVE_NOTE: Final = "DPS: per second of the fight; active: per second of dealing damage"
MIN_WIDTH_WITH_NAMES: Final = 100
"""Minimum width at which the list shows the names of the party."""


def print_history(
    console: Console, page: EncounterPage, offset: int, origins: Origins = ONE_ORIGIN
) -> None:
    """Print a page of the history as a table, and its position in the whole list."""
    if page.rows:
        with_names = console.width >= MIN_WIDTH_WITH_NAMES
        console.print(_history_table(page.rows, origins, with_names=with_names))
        console.print("DPS: per second of the whole fight", style=DIM)
    console.print(_history_footer(page, offset), style=DIM)


def print_fight(
    console: Console,
    fight: EncounterSummary,
    unknown: Sequence[ActorEncounterStat] = (),
    origins: Origins = ONE_ORIGIN,
) -> None:
    """Print one fight: its header, party, unknown attackers and bosses."""
    print_head(console, fight, origins)
    if fight.actors:
        console.print()
        console.print(party_table(fight))
        console.print(ACTIVE_NOTE, style=DIM)
    if unknown:
        console.print()
        console.print(_unknown_table(unknown))
    if fight.bosses:
        console.print()
        console.print(_boss_table(fight.bosses))


def print_head(console: Console, fight: EncounterSummary, origins: Origins = ONE_ORIGIN) -> None:
    """Print which fight this is, its outcome and its totals."""
    from rich.text import Text

    title = Text(f"Fight {fight.id}", style="bold")
    title.append(f"  {scene_of(fight)}", style="not bold")
    if fight.is_favorite:
        title.append("  ★", style="yellow")
    console.print(title, overflow="ellipsis", no_wrap=True)
    when = Text(f"{local_time(fight.started_at_ms)} · {duration(fight.duration)}", style=DIM)
    outcome = _outcome(fight)
    console.print(Text.assemble(when, " · ", outcome) if outcome else when)
    for line in origins.lines(fight.recorder, fight.game):
        console.print(line, markup=False)
    console.print(
        f"damage {number(fight.total_dmg)} ({number(fight.dps)}/s)"
        f" · healing {number(fight.total_heal)} ({number(fight.total_heal / fight.duration)}/s)"
    )
    if fight.tags:
        console.print(f"tags: {', '.join(safe(each) for each in fight.tags)}", markup=False)
    if fight.note:
        console.print(safe(fight.note, 10_000), markup=False)
    if not fight.is_complete:
        console.print(f"incomplete: {', '.join(_missing(fight))}", style="yellow")
    if fight.clock_jumped:
        console.print(
            "the clock was set back during this fight: its times are not exact", style="yellow"
        )
    if fight.unknown_dmg:
        console.print(
            f"{number(fight.unknown_dmg)} damage by unknown attackers is not in the total: "
            "no upsert_entity introduced them",
            style="yellow",
        )


def _missing(fight: EncounterSummary) -> Iterator[str]:
    if fight.is_damaged:
        yield "the stored figures are damaged (see resonance-logs salvage)"
    if fight.was_interrupted:
        yield "the recorder stopped before the fight ended"
    if fight.rejected_events:
        yield f"{fight.rejected_events:,} events were rejected (see table rejected_tasks)"
    if fight.lost_events:
        yield f"{fight.lost_events:,} events were lost to file damage"


def party_table(fight: EncounterSummary, most: int | None = None) -> Table:
    """The table of players, up to a maximum number; bars are relative to the first row."""
    game, players, total = find_game(fight.game), fight.actors[:most], fight.total_dmg
    numbers = ("damage", "DPS", "active", "share", "crit", "healing", "HPS", "taken")
    headings = ("player", "class", *numbers[:4], "", *numbers[4:])
    shown = table(*headings, numbers=numbers, widths={"player": 8})
    maximum = max((player.damage_dealt for player in players), default=0)
    for player in players:
        color = game.class_color(player.class_id)
        shown.add_row(
            cell(_player_label(player), color),
            cell(class_and_spec(game, player.class_id, player.class_spec)),
            number(player.damage_dealt),
            number(player.dps),
            number(player.active_dps),
            percent(player.damage_dealt / total if total else 0),
            Bar(player.damage_dealt / maximum if maximum else 0, color),
            percent(player.crit_hits_dealt / player.hits_dealt if player.hits_dealt else 0),
            number(player.heal_dealt),
            number(player.heal_dealt / fight.duration),
            number(player.damage_taken),
        )
    return shown


def unknown_attackers(actors: Sequence[ActorEncounterStat]) -> list[ActorEncounterStat]:
    """The actors that dealt damage and are neither players nor named monsters."""
    return [each for each in actors if not each.is_player and not each.name and each.damage_dealt]


def _unknown_table(attackers: Sequence[ActorEncounterStat]) -> Table:
    shown = table("unknown attacker", "damage", "hits", numbers=("damage", "hits"))
    for each in attackers:
        shown.add_row(f"#{each.actor_id}", number(each.damage_dealt), f"{each.hits_dealt:,}")
    return shown


def _player_label(player: ActorEncounterStat) -> str:
    name = player_name(player.name, player.actor_id)
    return f"{name} (you)" if player.is_local_player else name


def _history_table(
    rows: Sequence[EncounterSummary], origins: Origins, *, with_names: bool
) -> Table:
    shown = table(
        "id",
        "started",
        *origins.headings,
        "scene",
        "bosses",
        "result",
        "time",
        "damage",
        "DPS",
        "party",
        numbers=("id", "time", "damage", "DPS"),
        widths={"started": len("2026-01-31 20:15")},
    )
    for fight in rows:
        shown.add_row(
            f"★ {fight.id}" if fight.is_favorite else str(fight.id),
            local_time(fight.started_at_ms),
            *map(cell, origins.cells(fight.recorder, fight.game)),
            cell(scene_of(fight)),
            _bosses(fight.bosses),
            _outcome(fight),
            duration(fight.duration),
            number(fight.total_dmg),
            number(fight.dps),
            _party(fight, with_names=with_names),
        )
    return shown


def _history_footer(page: EncounterPage, offset: int) -> str:
    if not page.total_count:
        return "no fights"
    if not page.rows:
        return f"no fights from {offset + 1:,} on; there are {page.total_count:,}"
    last = offset + len(page.rows)
    shown = f"fights {offset + 1:,} to {last:,} of {page.total_count:,}"
    return f"{shown}; more with --offset {last}" if last < page.total_count else shown


def scene_of(fight: EncounterSummary) -> str:
    """The name of the fight's scene."""
    if fight.scene_name:
        return safe(fight.scene_name)
    return "unknown scene" if fight.scene_id is None else f"scene {fight.scene_id}"


def _outcome(fight: EncounterSummary) -> Text:
    if fight.ended_at_ms is None:
        return cell("still open", "yellow")
    if fight.is_damaged:
        return cell("damaged", "red")
    if fight.was_interrupted:
        return cell("interrupted", "yellow")
    if not fight.bosses:
        return cell("")
    killed = sum(boss.is_defeated for boss in fight.bosses)
    if 0 < killed < len(fight.bosses):
        return cell(f"{killed} of {len(fight.bosses)}", "yellow")
    return cell("killed" if killed else "wiped", _OUTCOME_COLORS[bool(killed)])


def _bosses(bosses: Sequence[BossSummary]) -> Text:
    shown = cell("")
    for boss in bosses:
        shown.append(", " if shown else "")
        shown.append(safe(boss.monster_name), _OUTCOME_COLORS[boss.is_defeated])
    return shown


def _party(fight: EncounterSummary, *, with_names: bool) -> Text:
    game, players = find_game(fight.game), fight.players
    shown = cell(f"{len(players):>2}")
    if with_names:
        for index, player in enumerate(players[:MAX_PARTY_NAMES]):
            shown.append(", " if index else "  ")
            shown.append(safe(player.name), game.class_color(player.class_id))
    return shown


def _boss_table(bosses: Sequence[BossSummary]) -> Table:
    shown = table("boss", "health", "outcome", numbers=("health",))
    for boss in bosses:
        outcome = "killed" if boss.is_defeated else "not killed"
        health = "unknown" if boss.max_hp is None else number(boss.max_hp)
        shown.add_row(
            cell(safe(boss.monster_name)), health, cell(outcome, _OUTCOME_COLORS[boss.is_defeated])
        )
    return shown
