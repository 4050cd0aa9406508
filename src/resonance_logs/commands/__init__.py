"""Commands: every question that can be asked about the stored fights, typed and by name.

A command is a function of the store and a model of arguments; ``registry`` lists them all.
``Commands`` has a method for each, in Python's names; ``Commands.call`` takes and gives what goes
over the wire, in camelCase. Reading commands never write, and never wait for the writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from resonance_logs.commands import (
    bosses,
    catalog,
    check,
    comparison,
    encounter,
    health,
    listing,
    marks,
    party,
    players,
    profile,
    prune,
    registry,
    rejects,
    shapes,
    skills,
    timeline,
    tries,
    upkeep,
    window,
)
from resonance_logs.commands.answering import answering, naming_arguments
from resonance_logs.commands.arguments import (
    Arguments,
    CatalogKind,
    CatalogOf,
    CheckOf,
    ComparisonOf,
    Favorite,
    FilteredPage,
    Filters,
    GroupBy,
    ManyEncounters,
    NoArguments,
    NoteOf,
    OneEncounter,
    OnePlayer,
    Page,
    PartyOf,
    PlayerFightsOf,
    PlayerSkills,
    PlayersOf,
    Prefix,
    PruneTo,
    Range,
    RecentPlayers,
    Side,
    SideOf,
    SkillType,
    SomeRejected,
    Sort,
    TagsOf,
    TimelineOf,
    TriesOf,
)
from resonance_logs.store.engine import Store

__all__ = [
    "AsyncCommands",
    "CatalogKind",
    "Commands",
    "Filters",
    "GroupBy",
    "Side",
    "SkillType",
    "Sort",
]

_SkillType = SkillType | Literal["dps", "heal", "tanked"]
_Side = Side | Literal["players", "monsters"]
_GroupBy = GroupBy | Literal["actor", "skill", "target"]
_Given = TypeVar("_Given", bound=Arguments)
_Answer = TypeVar("_Answer")


class Commands:
    """The commands on one store; may be used by any number of threads at once.

    Every method raises InvalidArgument for an argument out of range, NotFound for what is not
    stored, and Unavailable where the file cannot be read or written now.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def call(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """Answer a command as it comes over the wire: camelCase in, JSON-able camelCase out."""
        command = registry.find_command(name)
        with naming_arguments():
            given = command.arguments.model_validate(
                {} if arguments is None else arguments, by_alias=True, by_name=False
            )
        answer = self._answer(command.function, given)
        return command.answer.dump_python(answer, mode="json", by_alias=True)

    def call_json(self, name: str, text: str | bytes = "") -> str:
        """The same with JSON text both ways; no text at all stands for no arguments."""
        command = registry.find_command(name)
        with naming_arguments():
            given = command.arguments.model_validate_json(
                text if text.strip() else "{}", by_alias=True, by_name=False
            )
        return self._answer(command.answer_json, given).decode()

    def get_recent_encounters(self, limit: int = 50, offset: int = 0) -> shapes.EncounterPage:
        """Ended fights, newest first."""
        return self._ask(listing.get_recent_encounters, Page, limit=limit, offset=offset)

    def get_recent_encounters_filtered(
        self, limit: int = 50, offset: int = 0, filters: Filters | None = None
    ) -> shapes.EncounterPage:
        """Ended fights that pass all filters, in the order asked for."""
        return self._ask(
            listing.get_recent_encounters_filtered,
            FilteredPage,
            limit=limit,
            offset=offset,
            filters=Filters() if filters is None else filters,
        )

    def get_encounter_by_id(self, encounter_id: int) -> shapes.EncounterSummary:
        """One fight with its players, most damage first; the open one as it is so far."""
        return self._ask(encounter.get_encounter_by_id, OneEncounter, encounter_id=encounter_id)

    def get_encounter_actor_stats(self, encounter_id: int) -> list[shapes.ActorEncounterStat]:
        """What each player and monster of a fight did, most damage first."""
        return self._ask(
            encounter.get_encounter_actor_stats, OneEncounter, encounter_id=encounter_id
        )

    def get_encounter_player_skills(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> shapes.SkillsWindow:
        """What an actor dealt, healed or took, skill by skill; in a part of the fight if given.

        ``from_ms`` (included) and ``to_ms`` (excluded) are milliseconds after the fight's start;
        a part that reaches the fight's end includes the end, so that parts add up to the whole.
        """
        return self._ask(
            skills.get_encounter_player_skills,
            PlayerSkills,
            encounter_id=encounter_id,
            actor_id=actor_id,
            skill_type=skill_type,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_encounter_player_targets(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> shapes.TargetsWindow:
        """Whom an actor hit or healed, or (for ``tanked``) who hit it, one by one, most first."""
        return self._ask(
            skills.get_encounter_player_targets,
            PlayerSkills,
            encounter_id=encounter_id,
            actor_id=actor_id,
            skill_type=skill_type,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_encounter_party(
        self,
        encounter_id: int,
        kind: _SkillType = "dps",
        side: _Side = "players",
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> shapes.EncounterParty:
        """What each player (or monster) dealt, healed or took, most first, with its share."""
        return self._ask(
            party.get_encounter_party,
            PartyOf,
            encounter_id=encounter_id,
            kind=kind,
            side=side,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_unique_boss_names(self) -> shapes.Names:
        """The names of all bosses of ended fights, sorted."""
        return self._ask(players.get_unique_boss_names, NoArguments)

    def get_unique_scene_names(self) -> shapes.Names:
        """The names of all scenes of ended fights, sorted."""
        return self._ask(players.get_unique_scene_names, NoArguments)

    def get_player_names_filtered(self, prefix: str) -> shapes.Names:
        """The players' names that contain ``prefix``, most recently seen first; at most 1,000."""
        return self._ask(players.get_player_names_filtered, Prefix, prefix=prefix)

    def get_recent_players_command(self, limit: int = 50) -> list[tuple[int, str]]:
        """Ids and names of the players whose name is known, most recently seen first."""
        return self._ask(players.get_recent_players_command, RecentPlayers, limit=limit)

    def get_player_name_command(self, uid: int) -> str | None:
        """The player's name, None where it (or the player) is not known."""
        return self._ask(players.get_player_name_command, OnePlayer, uid=uid)

    def delete_encounter(self, encounter_id: int) -> None:
        """Delete an ended fight and all that belongs to it."""
        self._ask(upkeep.delete_encounter, OneEncounter, encounter_id=encounter_id)

    def delete_encounters(self, ids: Sequence[int]) -> None:
        """Delete ended fights and all that belongs to them; where one cannot be, none is."""
        self._ask(upkeep.delete_encounters, ManyEncounters, ids=ids)

    def toggle_favorite_encounter(self, id: int, is_favorite: bool) -> None:  # noqa: A002
        """Mark an ended fight as favourite, or as none."""
        self._ask(marks.toggle_favorite_encounter, Favorite, id=id, is_favorite=is_favorite)

    def set_encounter_note(self, encounter_id: int, note: str | None) -> None:
        """Write a note to an ended fight in place of the one before; None takes it away."""
        self._ask(marks.set_encounter_note, NoteOf, encounter_id=encounter_id, note=note)

    def set_encounter_tags(self, encounter_id: int, tags: Sequence[str]) -> None:
        """Give an ended fight these tags, in place of those before."""
        self._ask(marks.set_encounter_tags, TagsOf, encounter_id=encounter_id, tags=list(tags))

    def get_unique_tags(self) -> shapes.Names:
        """The tags that ended fights have, sorted."""
        return self._ask(marks.get_unique_tags, NoArguments)

    def get_encounter_timeline(
        self,
        encounter_id: int,
        group_by: _GroupBy = "actor",
        kind: _SkillType = "dps",
        actor_id: int | None = None,
        bucket_ms: int | None = None,
        points: int | None = None,
        from_ms: int | None = None,
        to_ms: int | None = None,
        side: _Side = "players",
        most: int | None = None,
        smooth_ms: int | None = None,
    ) -> shapes.Timeline:
        """Totals per bucket of time, one line for each actor, skill or target, most first.

        Without ``actor_id`` what all of a side did or took counts, with it this actor's. Give
        ``bucket_ms``, or ``points`` for at most so many buckets, or neither for about 120.
        ``most`` sums up all lines after so many; ``smooth_ms`` adds rates per second, averaged
        over so long (0: over each bucket).
        """
        return self._ask(
            timeline.get_encounter_timeline,
            TimelineOf,
            encounter_id=encounter_id,
            group_by=group_by,
            kind=kind,
            actor_id=actor_id,
            bucket_ms=bucket_ms,
            points=points,
            from_ms=from_ms,
            to_ms=to_ms,
            side=side,
            most=most,
            smooth_ms=smooth_ms,
        )

    def get_encounter_range(
        self, encounter_id: int, from_ms: int | None = None, to_ms: int | None = None
    ) -> shapes.EncounterRange:
        """All figures of a fight, computed again for a part of it; the whole is what is stored."""
        return self._ask(
            window.get_encounter_range,
            Range,
            encounter_id=encounter_id,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_live_encounter(self) -> shapes.EncounterSummary | None:
        """The fight being recorded, as it is so far; None where there is none."""
        return self._ask(encounter.get_live_encounter, NoArguments)

    def get_players(
        self, search: str | None = None, limit: int = 50, offset: int = 0
    ) -> shapes.PlayerPage:
        """The known players whose name contains ``search``, most recently seen first."""
        return self._ask(profile.get_players, PlayersOf, search=search, limit=limit, offset=offset)

    def get_player_profile(self, uid: int) -> shapes.PlayerProfile:
        """All of one player's ended fights in figures: classes, bosses, how DPS is spread."""
        return self._ask(profile.get_player_profile, OnePlayer, uid=uid)

    def get_player_fights(
        self, uid: int, boss_name: str | None = None, limit: int = 50, offset: int = 0
    ) -> shapes.PlayerFights:
        """A player's ended fights (with ``boss_name`` those with it), the newest first."""
        return self._ask(
            profile.get_player_fights,
            PlayerFightsOf,
            uid=uid,
            boss_name=boss_name,
            limit=limit,
            offset=offset,
        )

    def get_bosses_and_scenes(self) -> shapes.TargetsOverview:
        """All bosses and all scenes of ended fights: tries, kills, best times; most tries first."""
        return self._ask(bosses.get_bosses_and_scenes, NoArguments)

    def get_boss_profile(
        self, boss_name: str | None = None, scene_name: str | None = None, newest: int = 1_000
    ) -> shapes.BossProfile:
        """The tries of a boss, or in a scene, or of a boss in a scene: kills, times, DPS by class.

        DPS by class is of the newest ``newest`` kills.
        """
        return self._ask(
            bosses.get_boss_profile,
            TriesOf,
            boss_name=boss_name,
            scene_name=scene_name,
            newest=newest,
        )

    def compare_encounters(
        self,
        sides: Sequence[SideOf | tuple[int, int | None] | int],
        kind: _SkillType = "dps",
        points: int = 120,
        smooth_ms: int = 0,
    ) -> shapes.Comparison:
        """Two to eight fights side by side, or players of fights, as (fight, actor)."""
        given = [_side(each) for each in sides]
        return self._ask(
            comparison.compare_encounters,
            ComparisonOf,
            sides=given,
            kind=kind,
            points=points,
            smooth_ms=smooth_ms,
        )

    def get_boss_tries(self, encounter_id: int) -> shapes.BossTries:
        """The fights with any boss of a fight: before it, after it, how many."""
        return self._ask(tries.get_boss_tries, OneEncounter, encounter_id=encounter_id)

    def get_database_info(self) -> shapes.DatabaseInfo:
        """What is stored, and in how many bytes."""
        return self._ask(upkeep.get_database_info, NoArguments)

    def get_database_health(self) -> shapes.DatabaseHealth:
        """Size, room, the last run of the recorder, what waits, and what needs to be looked at."""
        return self._ask(health.get_database_health, NoArguments)

    def check_database(self, *, quick: bool = False) -> shapes.CheckReport:
        """Whether the file is sound, and each fight's figures agree with its single events."""
        return self._ask(check.check_database, CheckOf, quick=quick)

    def get_recorder_runs(self, limit: int = 50, offset: int = 0) -> shapes.RunPage:
        """The runs of the recorder, the newest first."""
        return self._ask(health.get_recorder_runs, Page, limit=limit, offset=offset)

    def get_catalog(self) -> shapes.Catalog:
        """How many skills and scenes have a name."""
        return self._ask(catalog.get_catalog, NoArguments)

    def set_catalog_names(
        self, kind: CatalogKind | Literal["skill", "scene"], names: Mapping[int, str]
    ) -> None:
        """Take names of skills or scenes by their ids in, in place of those already there."""
        self._ask(catalog.set_catalog_names, CatalogOf, kind=kind, names=dict(names))

    def get_rejected_tasks(self, limit: int = 50, offset: int = 0) -> shapes.RejectedPage:
        """Tasks that were set aside with their error, the newest first."""
        return self._ask(rejects.get_rejected_tasks, Page, limit=limit, offset=offset)

    def retry_rejected_tasks(self, ids: Sequence[int] | None = None) -> shapes.RetryReport:
        """Take rejected tasks (None: all) that are right by now; the others stay."""
        return self._ask(rejects.retry_rejected_tasks, SomeRejected, ids=ids)

    def delete_rejected_tasks(self, ids: Sequence[int] | None = None) -> None:
        """Let rejected tasks (None: all) go for ever."""
        self._ask(rejects.delete_rejected_tasks, SomeRejected, ids=ids)

    def prune_encounters(
        self,
        *,
        keep_hits_days: float | None = None,
        keep_hits_newest: int | None = None,
        keep_hits_file_bytes: int | None = None,
        keep_fights_days: float | None = None,
        keep_fights_newest: int | None = None,
        keep_fights_file_bytes: int | None = None,
        dry_run: bool = False,
    ) -> shapes.PruneReport:
        """Let go what is beyond the limits, oldest first, favourites never; or tell what would."""
        return self._ask(
            prune.prune_encounters,
            PruneTo,
            keep_hits_days=keep_hits_days,
            keep_hits_newest=keep_hits_newest,
            keep_hits_file_bytes=keep_hits_file_bytes,
            keep_fights_days=keep_fights_days,
            keep_fights_newest=keep_fights_newest,
            keep_fights_file_bytes=keep_fights_file_bytes,
            dry_run=dry_run,
        )

    def _ask(
        self, function: Callable[[Store, _Given], _Answer], takes: type[_Given], **given: object
    ) -> _Answer:
        with naming_arguments(camel=True):
            arguments = takes.model_validate(given, by_alias=False, by_name=True)
        return self._answer(function, arguments)

    def _answer(self, function: Callable[[Store, _Given], _Answer], given: _Given) -> _Answer:
        with answering():
            return function(self._store, given)


class AsyncCommands:
    """The same commands, awaited: each method of Commands, run in a thread of its own.

    ``page = await db.async_commands.get_recent_encounters(limit=10)``. The methods are made as
    they are asked for, so their types are those of Commands only in name.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The awaitable counterpart of a method of Commands."""
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(asyncio.to_thread, getattr(self._commands, name))

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._commands) if not name.startswith("_")]


def _side(given: SideOf | tuple[int, int | None] | int) -> object:
    if isinstance(given, SideOf):
        return given
    encounter_id, actor_id = given if isinstance(given, tuple) else (given, None)
    return {"encounter_id": encounter_id, "actor_id": actor_id}
