"""Browse recorded fights: the list, one fight, one player's skills."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from resonance_logs.cli import options
from resonance_logs.cli.fights import print_fight, print_history, unknown_attackers
from resonance_logs.cli.names import hints, with_known_names
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.recorders import Origins
from resonance_logs.cli.render import out, print_error
from resonance_logs.cli.skills import SkillKind, print_skills, skills_of
from resonance_logs.fights.identity import DEFAULT_GAME

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resonance_logs.commands.encounter import ActorEncounterStat, EncounterSummary
    from resonance_logs.commands.filters import Filters
    from resonance_logs.database import Database


class Order(StrEnum):
    """Sort order of the list."""

    STARTED = "started"
    DURATION = "duration"
    DAMAGE = "damage"


_WIRE_ORDER = {Order.STARTED: "startedAt", Order.DURATION: "duration", Order.DAMAGE: "totalDmg"}


def list_fights(
    boss: Annotated[
        list[str] | None,
        typer.Option(help="Only fights with this boss, ignoring case; repeatable."),
    ] = None,
    scene: Annotated[
        list[str] | None,
        typer.Option(help="Only fights in this scene, ignoring case; repeatable."),
    ] = None,
    player: Annotated[
        list[str] | None,
        typer.Option(help="Only fights with this player (full name, ignoring case); repeatable."),
    ] = None,
    player_name: Annotated[
        str | None,
        typer.Option(metavar="PART", help="Player name contains this text."),
    ] = None,
    class_: Annotated[
        list[str] | None,
        typer.Option("--class", help="Only fights with this class (name or id); repeatable."),
    ] = None,
    since: Annotated[
        str | None, typer.Option(metavar="DATE", help="Started at or after this date or time.")
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="DATE", help="Started on or before this date or time.")
    ] = None,
    favorites: Annotated[bool, typer.Option("--favorites", help="Only favourites.")] = False,
    tag: Annotated[
        list[str] | None, typer.Option(help="Only fights with this tag; repeatable.")
    ] = None,
    kills: Annotated[
        bool | None,
        typer.Option("--kills/--wipes", help="Only kills; or only fights without a kill."),
    ] = None,
    min_duration: Annotated[
        str | None, typer.Option(metavar="TIME", help="Minimum duration: 90, 90s, 1m30s, 1:30.")
    ] = None,
    sort: Annotated[Order, typer.Option(help="Sort order.")] = Order.STARTED,
    ascending: Annotated[
        bool, typer.Option("--ascending", help="Oldest, shortest or smallest first.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Maximum number of fights.")] = 20,
    offset: Annotated[
        int, typer.Option(min=0, max=2**53 - 1, help="Number of fights to skip.")
    ] = 0,
    game: options.Games = None,
    recorder: options.Recorders = None,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """List recorded fights, newest first."""
    games = options.read_games(game)
    classes = [options.read_class(each, games) for each in class_ or []]
    if any(each.is_named for each in classes):
        games = games or [DEFAULT_GAME]  # a name is that of a class of this game
    wanted = {
        "bossNames": boss or [],
        "encounterNames": scene or [],
        "playerNames": player or [],
        "playerName": player_name,
        "classIds": [each for chosen in classes for each in chosen.ids],
        "dateFromMs": options.read_since(since),
        "dateToMs": options.read_until(until),
        "isFavorite": favorites or None,
        "tags": tag or [],
        "isDefeated": kills,
        "minDurationMs": options.read_duration_ms(min_duration),
        "sort": _WIRE_ORDER[sort],
        "descending": not ascending,
        "games": games,
        "recorders": recorder or [],
    }
    filters = _filters(wanted)
    with open_for_reading(db) as database:
        page = database.commands.get_recent_encounters_filtered(
            limit=limit, offset=offset, filters=with_known_names(database, filters)
        )
        for line in () if page.total_count else hints(database, filters):
            print_error(line)
        origins = Origins.of(database)
    if as_json:
        typer.echo(page.model_dump_json(indent=2).encode())
        return
    print_history(out(), page, offset, origins)


def _filters(wanted: Mapping[str, object]) -> Filters:
    from pydantic import ValidationError

    from resonance_logs.commands.filters import Filters

    try:
        return Filters.model_validate(wanted)
    except ValidationError as error:
        first = error.errors()[0]
        raise typer.BadParameter(f"{first['loc'][0]}: {first['msg']}") from error


def _unknown(database: Database, fight: EncounterSummary) -> list[ActorEncounterStat]:
    if not fight.unknown_dmg:
        return []
    return unknown_attackers(database.commands.get_encounter_actor_stats(encounter_id=fight.id))


def show(
    fight_id: options.FightId,
    skills: Annotated[
        str | None,
        typer.Option(metavar="PLAYER", help="Show this player's skills (name or id)."),
    ] = None,
    kind: Annotated[
        SkillKind,
        typer.Option("--type", help="With --skills: damage dealt, healing, or damage taken."),
    ] = SkillKind.DPS,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """Show one fight (party, bosses, totals) or one player's skills."""
    if kind is not SkillKind.DPS and skills is None:
        raise typer.BadParameter("--type needs --skills PLAYER")
    with open_for_reading(db) as database:
        fight = database.commands.get_encounter_by_id(encounter_id=fight_id)
        window = None if skills is None else skills_of(database, fight, skills, kind)
        unknown = _unknown(database, fight)
        origins = Origins.of(database)
    if as_json:
        answer = fight if window is None else window
        typer.echo(answer.model_dump_json(indent=2).encode())
        return
    console = out()
    if window is None:
        print_fight(console, fight, unknown, origins)
    else:
        print_skills(console, fight, window, kind, origins)
