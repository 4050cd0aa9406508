"""Commands: every query about the stored fights, typed and by name.

A command is a function of the store and a model of arguments; ``registry`` lists them all.
``Commands`` has one method per command, with Python names; ``Commands.call`` uses the wire format,
in camelCase. Reading commands never write, and never wait for the writer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Literal, TypeVar

from resonance_logs.commands import (
    attempts,
    bosses,
    catalog,
    check,
    comparison,
    encounter,
    health,
    known_names,
    listing,
    maintenance,
    marks,
    party,
    players,
    prune,
    registry,
    rejects,
    skills,
    time_range,
    timeline,
)
from resonance_logs.commands.answering import answering, naming_arguments
from resonance_logs.commands.attempts import BossAttempts
from resonance_logs.commands.bosses import BossProfile, BossProfileArguments, TargetsOverview
from resonance_logs.commands.catalog import Catalog, CatalogKind, SetCatalogNamesArguments
from resonance_logs.commands.check import CheckArguments, CheckReport
from resonance_logs.commands.comparison import Comparison, ComparisonArguments, ComparisonSide
from resonance_logs.commands.encounter import ActorEncounterStat, EncounterSummary
from resonance_logs.commands.filters import Filters, Sort
from resonance_logs.commands.health import DatabaseHealth, RunPage
from resonance_logs.commands.known_names import Names, PrefixArguments, RecentPlayersArguments
from resonance_logs.commands.listing import EncounterPage, FilteredPageArguments
from resonance_logs.commands.maintenance import DatabaseInfo, EncountersArguments
from resonance_logs.commands.marks import FavoriteArguments, SetNoteArguments, SetTagsArguments
from resonance_logs.commands.models import (
    Arguments,
    EncounterArguments,
    NoArguments,
    PageArguments,
    PlayerArguments,
    Side,
    SkillType,
)
from resonance_logs.commands.party import EncounterParty, PartyArguments
from resonance_logs.commands.players import (
    PlayerFights,
    PlayerFightsArguments,
    PlayerPage,
    PlayerProfile,
    PlayersArguments,
)
from resonance_logs.commands.prune import PruneArguments, PruneReport
from resonance_logs.commands.rejects import RejectedPage, RejectedTasksArguments, RetryReport
from resonance_logs.commands.skills import PlayerSkillsArguments, SkillsWindow, TargetsWindow
from resonance_logs.commands.time_range import EncounterRange, RangeArguments
from resonance_logs.commands.timeline import GroupBy, Timeline, TimelineArguments
from resonance_logs.store.sqlite.connections import Store

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
    """The commands of one store; safe to use from several threads.

    Every method raises InvalidArgument for an invalid argument, NotFound for something that is not
    stored, and Unavailable if the file cannot be read or written now.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def call(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """Run a command in wire format: camelCase in, JSON-compatible camelCase out."""
        command = registry.find_command(name)
        with naming_arguments():
            given = command.arguments.model_validate(
                {} if arguments is None else arguments, by_alias=True, by_name=False
            )
        answer = self._answer(command.function, given)
        return command.answer.dump_python(answer, mode="json", by_alias=True)

    def call_json(self, name: str, text: str | bytes = "") -> str:
        """Like ``call``, with arguments and answer as JSON text; empty text means no arguments."""
        command = registry.find_command(name)
        with naming_arguments():
            given = command.arguments.model_validate_json(
                text if text.strip() else "{}", by_alias=True, by_name=False
            )
        return self._answer(command.answer_json, given).decode()

    def get_recent_encounters(self, limit: int = 50, offset: int = 0) -> EncounterPage:
        """Ended fights, newest first."""
        return self._run(listing.get_recent_encounters, PageArguments, limit=limit, offset=offset)

    def get_recent_encounters_filtered(
        self, limit: int = 50, offset: int = 0, filters: Filters | None = None
    ) -> EncounterPage:
        """Ended fights that match all filters, in the requested order."""
        return self._run(
            listing.get_recent_encounters_filtered,
            FilteredPageArguments,
            limit=limit,
            offset=offset,
            filters=Filters() if filters is None else filters,
        )

    def get_encounter_by_id(self, encounter_id: int) -> EncounterSummary:
        """One fight with its players, most damage first; an open fight as it is so far."""
        return self._run(
            encounter.get_encounter_by_id, EncounterArguments, encounter_id=encounter_id
        )

    def get_encounter_actor_stats(self, encounter_id: int) -> list[ActorEncounterStat]:
        """Statistics of every player and monster in a fight, most damage first."""
        return self._run(
            encounter.get_encounter_actor_stats, EncounterArguments, encounter_id=encounter_id
        )

    def get_encounter_player_skills(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> SkillsWindow:
        """What an actor dealt, healed or took, by skill; optionally in a range of the fight.

        ``from_ms`` (included) and ``to_ms`` (excluded) are milliseconds after the fight's start;
        a part that reaches the fight's end includes the end, so that parts add up to the whole.
        """
        return self._run(
            skills.get_encounter_player_skills,
            PlayerSkillsArguments,
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
    ) -> TargetsWindow:
        """Whom an actor hit or healed, or (for ``tanked``) who hit it, largest total first."""
        return self._run(
            skills.get_encounter_player_targets,
            PlayerSkillsArguments,
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
    ) -> EncounterParty:
        """What each player (or monster) dealt, healed or took, with its share, largest first."""
        return self._run(
            party.get_encounter_party,
            PartyArguments,
            encounter_id=encounter_id,
            kind=kind,
            side=side,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_unique_boss_names(self) -> Names:
        """Names of all bosses in ended fights, sorted."""
        return self._run(known_names.get_unique_boss_names, NoArguments)

    def get_unique_scene_names(self) -> Names:
        """Names of all scenes of ended fights, sorted."""
        return self._run(known_names.get_unique_scene_names, NoArguments)

    def get_player_names_filtered(self, prefix: str) -> Names:
        """Player names that contain ``prefix``, most recently seen first; at most 1,000."""
        return self._run(known_names.get_player_names_filtered, PrefixArguments, prefix=prefix)

    def get_recent_players_command(self, limit: int = 50) -> list[tuple[int, str]]:
        """Ids and names of players with a known name, most recently seen first."""
        return self._run(
            known_names.get_recent_players_command, RecentPlayersArguments, limit=limit
        )

    def get_player_name_command(self, uid: int) -> str | None:
        """The player's name; None if it (or the player) is unknown."""
        return self._run(known_names.get_player_name_command, PlayerArguments, uid=uid)

    def delete_encounter(self, encounter_id: int) -> None:
        """Delete an ended fight and everything that belongs to it."""
        self._run(maintenance.delete_encounter, EncounterArguments, encounter_id=encounter_id)

    def delete_encounters(self, ids: Sequence[int]) -> None:
        """Delete ended fights and everything that belongs to them; all or none."""
        self._run(maintenance.delete_encounters, EncountersArguments, ids=ids)

    def toggle_favorite_encounter(self, id: int, is_favorite: bool) -> None:  # noqa: A002
        """Mark an ended fight as favourite, or remove the mark."""
        self._run(
            marks.toggle_favorite_encounter, FavoriteArguments, id=id, is_favorite=is_favorite
        )

    def set_encounter_note(self, encounter_id: int, note: str | None) -> None:
        """Set the note of an ended fight, replacing the previous one; None removes it."""
        self._run(marks.set_encounter_note, SetNoteArguments, encounter_id=encounter_id, note=note)

    def set_encounter_tags(self, encounter_id: int, tags: Sequence[str]) -> None:
        """Set the tags of an ended fight, replacing the previous ones."""
        self._run(
            marks.set_encounter_tags, SetTagsArguments, encounter_id=encounter_id, tags=list(tags)
        )

    def get_unique_tags(self) -> Names:
        """All tags of ended fights, sorted."""
        return self._run(marks.get_unique_tags, NoArguments)

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
    ) -> Timeline:
        """Totals per time bucket, one line per actor, skill or target, largest first.

        Without ``actor_id`` the timeline covers a whole side, with it one actor. Give
        ``bucket_ms``, or ``points`` for a maximum number of buckets, or neither for about 120.
        ``most`` limits the number of lines and sums up the rest; ``smooth_ms`` adds rates per
        second, averaged over that time (0: over each bucket).
        """
        return self._run(
            timeline.get_encounter_timeline,
            TimelineArguments,
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
    ) -> EncounterRange:
        """All figures of a fight, recomputed for a range; for the whole fight, as stored."""
        return self._run(
            time_range.get_encounter_range,
            RangeArguments,
            encounter_id=encounter_id,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_live_encounter(self) -> EncounterSummary | None:
        """The fight being recorded, as it is so far; None if there is none."""
        return self._run(encounter.get_live_encounter, NoArguments)

    def get_players(
        self, search: str | None = None, limit: int = 50, offset: int = 0
    ) -> PlayerPage:
        """Known players whose name contains ``search``, most recently seen first."""
        return self._run(
            players.get_players, PlayersArguments, search=search, limit=limit, offset=offset
        )

    def get_player_profile(self, uid: int) -> PlayerProfile:
        """Statistics over all ended fights of a player: classes, bosses, distribution of DPS."""
        return self._run(players.get_player_profile, PlayerArguments, uid=uid)

    def get_player_fights(
        self, uid: int, boss_name: str | None = None, limit: int = 50, offset: int = 0
    ) -> PlayerFights:
        """A player's ended fights (with ``boss_name`` only those with it), newest first."""
        return self._run(
            players.get_player_fights,
            PlayerFightsArguments,
            uid=uid,
            boss_name=boss_name,
            limit=limit,
            offset=offset,
        )

    def get_bosses_and_scenes(self) -> TargetsOverview:
        """All bosses and scenes: attempts, kills, best times; most attempts first."""
        return self._run(bosses.get_bosses_and_scenes, NoArguments)

    def get_boss_profile(
        self, boss_name: str | None = None, scene_name: str | None = None, newest: int = 1_000
    ) -> BossProfile:
        """The attempts at a boss, in a scene, or both: kills, times, DPS by class.

        DPS by class covers the latest ``newest`` kills.
        """
        return self._run(
            bosses.get_boss_profile,
            BossProfileArguments,
            boss_name=boss_name,
            scene_name=scene_name,
            newest=newest,
        )

    def compare_encounters(
        self,
        sides: Sequence[ComparisonSide | tuple[int, int | None] | int],
        kind: _SkillType = "dps",
        points: int = 120,
        smooth_ms: int = 0,
    ) -> Comparison:
        """Compare two to eight fights, or players of fights given as (fight, actor)."""
        given = [_side(each) for each in sides]
        return self._run(
            comparison.compare_encounters,
            ComparisonArguments,
            sides=given,
            kind=kind,
            points=points,
            smooth_ms=smooth_ms,
        )

    def get_boss_tries(self, encounter_id: int) -> BossAttempts:
        """The fights that share a boss with this one: the previous, the next, how many."""
        return self._run(attempts.get_boss_tries, EncounterArguments, encounter_id=encounter_id)

    def get_database_info(self) -> DatabaseInfo:
        """What is stored, and its size in bytes."""
        return self._run(maintenance.get_database_info, NoArguments)

    def get_database_health(self) -> DatabaseHealth:
        """Size, free space, the recorder's last run, pending files, and what needs attention."""
        return self._run(health.get_database_health, NoArguments)

    def check_database(self, *, quick: bool = False) -> CheckReport:
        """Check the file for damage, and each fight's figures against its events."""
        return self._run(check.check_database, CheckArguments, quick=quick)

    def get_recorder_runs(self, limit: int = 50, offset: int = 0) -> RunPage:
        """The recorder's runs, newest first."""
        return self._run(health.get_recorder_runs, PageArguments, limit=limit, offset=offset)

    def get_catalog(self) -> Catalog:
        """How many skills and scenes have a name."""
        return self._run(catalog.get_catalog, NoArguments)

    def set_catalog_names(
        self, kind: CatalogKind | Literal["skill", "scene"], names: Mapping[int, str]
    ) -> None:
        """Set names of skills or scenes by id, replacing existing ones."""
        self._run(catalog.set_catalog_names, SetCatalogNamesArguments, kind=kind, names=dict(names))

    def get_rejected_tasks(self, limit: int = 50, offset: int = 0) -> RejectedPage:
        """Rejected tasks with their errors, newest first."""
        return self._run(rejects.get_rejected_tasks, PageArguments, limit=limit, offset=offset)

    def retry_rejected_tasks(self, ids: Sequence[int] | None = None) -> RetryReport:
        """Retry rejected tasks (None: all) that are now valid; the others stay."""
        return self._run(rejects.retry_rejected_tasks, RejectedTasksArguments, ids=ids)

    def delete_rejected_tasks(self, ids: Sequence[int] | None = None) -> None:
        """Delete rejected tasks (None: all) permanently."""
        self._run(rejects.delete_rejected_tasks, RejectedTasksArguments, ids=ids)

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
    ) -> PruneReport:
        """Delete what exceeds the limits, oldest first, never favourites; or report what would
        go.
        """
        return self._run(
            prune.prune_encounters,
            PruneArguments,
            keep_hits_days=keep_hits_days,
            keep_hits_newest=keep_hits_newest,
            keep_hits_file_bytes=keep_hits_file_bytes,
            keep_fights_days=keep_fights_days,
            keep_fights_newest=keep_fights_newest,
            keep_fights_file_bytes=keep_fights_file_bytes,
            dry_run=dry_run,
        )

    def _run(
        self, function: Callable[[Store, _Given], _Answer], takes: type[_Given], **given: object
    ) -> _Answer:
        with naming_arguments(camel=True):
            arguments = takes.model_validate(given, by_alias=False, by_name=True)
        return self._answer(function, arguments)

    def _answer(self, function: Callable[[Store, _Given], _Answer], given: _Given) -> _Answer:
        with answering():
            return function(self._store, given)


class AsyncCommands:
    """The same commands, awaitable: each method of Commands, run in a worker thread.

    ``page = await db.async_commands.get_recent_encounters(limit=10)``. The methods are created on
    access, so their types are known only from Commands.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """The awaitable version of a method of Commands."""
        if name.startswith("_"):
            raise AttributeError(name)
        return partial(asyncio.to_thread, getattr(self._commands, name))

    def __dir__(self) -> list[str]:
        return [name for name in dir(self._commands) if not name.startswith("_")]


def _side(given: ComparisonSide | tuple[int, int | None] | int) -> object:
    if isinstance(given, ComparisonSide):
        return given
    encounter_id, actor_id = given if isinstance(given, tuple) else (given, None)
    return {"encounter_id": encounter_id, "actor_id": actor_id}
