"""Commands for asyncio: an awaitable method for each command."""

# Written by tools/generate_facade.py --write, from the commands.

# ruff: noqa: A002

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Mapping, Sequence
from typing import Literal

from resonance_logs.commands import (
    attempts,
    bosses,
    catalog,
    check,
    comparison,
    encounter,
    filters,
    games,
    health,
    known_names,
    listing,
    maintenance,
    models,
    party,
    players,
    prune,
    recorders,
    rejects,
    skills,
    time_range,
    timeline,
)
from resonance_logs.commands.calling import AsyncCaller
from resonance_logs.commands.facade import Commands

_CatalogKind = catalog.CatalogKind | Literal["skill", "scene"]
_GroupBy = timeline.GroupBy | Literal["actor", "skill", "target"]
_Side = models.Side | Literal["players", "monsters"]
_SkillType = models.SkillType | Literal["dps", "heal", "tanked"]


class AsyncCommands(AsyncCaller):
    """The same commands, awaitable: each method of Commands, run in a worker thread.

    ``page = await db.async_commands.get_recent_encounters(limit=10)``.
    """

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._commands = commands

    async def get_recent_encounters(
        self, limit: int = 50, offset: int = 0
    ) -> listing.EncounterPage:
        """Ended fights, newest first."""
        return await to_thread(self._commands.get_recent_encounters, limit, offset)

    async def get_recent_encounters_filtered(
        self, limit: int = 50, offset: int = 0, filters: filters.Filters | None = None
    ) -> listing.EncounterPage:
        """Ended fights that match all filters, in the requested order."""
        return await to_thread(
            self._commands.get_recent_encounters_filtered, limit, offset, filters
        )

    async def get_encounter_by_id(self, encounter_id: int) -> encounter.EncounterSummary:
        """One fight with its players, most damage first; an open fight as it is so far."""
        return await to_thread(self._commands.get_encounter_by_id, encounter_id)

    async def get_encounter_actor_stats(
        self, encounter_id: int
    ) -> list[encounter.ActorEncounterStat]:
        """Statistics of every player and monster in a fight, most damage first."""
        return await to_thread(self._commands.get_encounter_actor_stats, encounter_id)

    async def get_encounter_player_skills(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> skills.SkillsWindow:
        """What an actor dealt, healed or took in a fight, by skill, largest first."""
        return await to_thread(
            self._commands.get_encounter_player_skills,
            encounter_id,
            actor_id,
            skill_type,
            from_ms,
            to_ms,
        )

    async def get_unique_boss_names(self, game: str | None = None) -> known_names.Names:
        """Names of all bosses in ended fights, sorted."""
        return await to_thread(self._commands.get_unique_boss_names, game)

    async def get_unique_scene_names(self, game: str | None = None) -> known_names.Names:
        """Names of all scenes of ended fights, sorted."""
        return await to_thread(self._commands.get_unique_scene_names, game)

    async def get_player_names_filtered(
        self, prefix: str, game: str | None = None
    ) -> known_names.Names:
        """Names that contain ``prefix``, most recently seen first; at most 1,000."""
        return await to_thread(self._commands.get_player_names_filtered, prefix, game)

    async def get_recent_players_command(
        self, limit: int = 50, game: str | None = None
    ) -> list[tuple[int, str]]:
        """Ids and names of players with a known name, most recently seen first."""
        return await to_thread(self._commands.get_recent_players_command, limit, game)

    async def get_player_name_command(self, uid: int, game: str | None = None) -> str | None:
        """The player's name; null if it (or the player) is unknown."""
        return await to_thread(self._commands.get_player_name_command, uid, game)

    async def delete_encounter(self, encounter_id: int) -> None:
        """Delete a fight and everything that belongs to it."""
        await to_thread(self._commands.delete_encounter, encounter_id)

    async def delete_encounters(self, ids: Sequence[int]) -> None:
        """Delete fights and everything that belongs to them: all, or none if an error is raised."""
        await to_thread(self._commands.delete_encounters, ids)

    async def toggle_favorite_encounter(self, id: int, is_favorite: bool) -> None:
        """Mark an ended fight as favourite, or remove the mark."""
        await to_thread(self._commands.toggle_favorite_encounter, id, is_favorite)

    async def set_catalog_names(
        self, kind: _CatalogKind, names: Mapping[int, str], game: str = "bpsr"
    ) -> None:
        """Set names of skills or scenes of a game by id, replacing existing ones."""
        await to_thread(self._commands.set_catalog_names, kind, names, game)

    async def get_catalog(self, game: str | None = None) -> catalog.Catalog:
        """How many skills and scenes have a name, in one game or in all."""
        return await to_thread(self._commands.get_catalog, game)

    async def get_live_encounter(
        self, recorder: str | None = None
    ) -> encounter.EncounterSummary | None:
        """The fight being recorded, or of several the one that began last; or null."""
        return await to_thread(self._commands.get_live_encounter, recorder)

    async def get_live_encounters(self) -> list[encounter.EncounterSummary]:
        """All fights being recorded, as they are so far, the one that began last first."""
        return await to_thread(self._commands.get_live_encounters)

    async def get_encounter_range(
        self, encounter_id: int, from_ms: int | None = None, to_ms: int | None = None
    ) -> time_range.EncounterRange:
        """All figures of a fight, recomputed for a range of it.

        The whole range gives what is stored. Adjacent parts add up to the whole, active times
        excepted.
        """
        return await to_thread(self._commands.get_encounter_range, encounter_id, from_ms, to_ms)

    async def get_encounter_timeline(
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
    ) -> timeline.Timeline:
        """Totals per time bucket, one line per actor, skill or target, largest first.

        Without ``actor_id`` what all of a side did or took counts, with it what this actor did or
        took. The first bucket of a fight includes the events from before its start, the last one
        those at and after its end, so that the buckets of adjacent parts add up to those of the
        whole fight.
        """
        return await to_thread(
            self._commands.get_encounter_timeline,
            encounter_id,
            group_by,
            kind,
            actor_id,
            bucket_ms,
            points,
            from_ms,
            to_ms,
            side,
            most,
            smooth_ms,
        )

    async def get_boss_tries(self, encounter_id: int) -> attempts.BossAttempts:
        """The fights of its game that share a boss with this one, by start: previous, next, how
        many.

        A fight without a boss, or one that is still open, stands alone.
        """
        return await to_thread(self._commands.get_boss_tries, encounter_id)

    async def get_bosses_and_scenes(self, game: str | None = None) -> bosses.TargetsOverview:
        """All bosses and scenes: attempts, kills, best times; most attempts first.

        A try in a scene is a fight with a boss, and a kill one in which every boss was defeated.
        """
        return await to_thread(self._commands.get_bosses_and_scenes, game)

    async def get_boss_profile(
        self,
        boss_name: str | None = None,
        scene_name: str | None = None,
        newest: int = 1000,
        game: str | None = None,
    ) -> bosses.BossProfile:
        """The fights with a boss, in a scene, or both: attempts, kills, times, DPS by class."""
        return await to_thread(self._commands.get_boss_profile, boss_name, scene_name, newest, game)

    async def check_database(self, *, quick: bool = False) -> check.CheckReport:
        """Check for damage in the file and in each fight's figures.

        With ``quick`` only the file's pages are checked. Nothing is changed, and nobody is
        blocked: each fight is read separately.
        """
        return await to_thread(self._commands.check_database, quick=quick)

    async def get_encounter_party(
        self,
        encounter_id: int,
        kind: _SkillType = "dps",
        side: _Side = "players",
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> party.EncounterParty:
        """What the players (or monsters) dealt, healed or took in a fight, or in a range of it."""
        return await to_thread(
            self._commands.get_encounter_party, encounter_id, kind, side, from_ms, to_ms
        )

    async def get_encounter_player_targets(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> skills.TargetsWindow:
        """Whom an actor hit or healed, or (for ``tanked``) who hit it, largest total first."""
        return await to_thread(
            self._commands.get_encounter_player_targets,
            encounter_id,
            actor_id,
            skill_type,
            from_ms,
            to_ms,
        )

    async def compare_encounters(
        self,
        sides: Sequence[comparison.ComparisonSide | tuple[int, int | None] | int],
        kind: _SkillType = "dps",
        points: int = 120,
        smooth_ms: int = 0,
    ) -> comparison.Comparison:
        """Compare two to eight fights, or actors of fights: figures, skills, curves.

        All curves have the same bucket width, chosen for the longest fight.
        """
        return await to_thread(self._commands.compare_encounters, sides, kind, points, smooth_ms)

    async def get_unique_recorder_names(self) -> known_names.Names:
        """Names of all recorders of ended fights, sorted."""
        return await to_thread(self._commands.get_unique_recorder_names)

    async def get_games(self) -> list[games.GameOverview]:
        """The games that fights or players are stored of, by id, with their classes."""
        return await to_thread(self._commands.get_games)

    async def get_database_health(self) -> health.DatabaseHealth:
        """Size, free space, the recorder's last run, pending files, and what needs attention."""
        return await to_thread(self._commands.get_database_health)

    async def get_recorder_runs(self, limit: int = 50, offset: int = 0) -> health.RunPage:
        """The recorder's runs, newest first."""
        return await to_thread(self._commands.get_recorder_runs, limit, offset)

    async def get_database_info(self) -> maintenance.DatabaseInfo:
        """What is stored, and its size in bytes."""
        return await to_thread(self._commands.get_database_info)

    async def set_encounter_note(self, encounter_id: int, note: str | None) -> None:
        """Set the note of an ended fight, replacing the previous one; null or empty removes it."""
        await to_thread(self._commands.set_encounter_note, encounter_id, note)

    async def set_encounter_tags(self, encounter_id: int, tags: Sequence[str]) -> None:
        """Set the tags of an ended fight, replacing the previous ones; of duplicates the first is
        kept.
        """
        await to_thread(self._commands.set_encounter_tags, encounter_id, tags)

    async def get_unique_tags(self, game: str | None = None) -> known_names.Names:
        """All tags of ended fights, sorted."""
        return await to_thread(self._commands.get_unique_tags, game)

    async def get_players(
        self, search: str | None = None, limit: int = 50, offset: int = 0, game: str | None = None
    ) -> players.PlayerPage:
        """Known players whose name contains ``search``, most recently seen first."""
        return await to_thread(self._commands.get_players, search, limit, offset, game)

    async def get_player_profile(self, uid: int, game: str | None = None) -> players.PlayerProfile:
        """Statistics over all ended fights of a player: classes, bosses, distribution of DPS."""
        return await to_thread(self._commands.get_player_profile, uid, game)

    async def get_player_fights(
        self,
        uid: int,
        boss_name: str | None = None,
        limit: int = 50,
        offset: int = 0,
        game: str | None = None,
    ) -> players.PlayerFights:
        """A player's ended fights (with ``bossName`` only those with it), newest first."""
        return await to_thread(
            self._commands.get_player_fights, uid, boss_name, limit, offset, game
        )

    async def prune_encounters(
        self,
        *,
        keep_hits_days: float | None = None,
        keep_hits_newest: int | None = None,
        keep_hits_file_bytes: int | None = None,
        keep_fights_days: float | None = None,
        keep_fights_newest: int | None = None,
        keep_fights_file_bytes: int | None = None,
        dry_run: bool = False,
    ) -> prune.PruneReport:
        """Delete individual hits and whole fights that exceed the limits, oldest first.

        Favourites are kept. With ``dry_run`` nothing is changed; the bytes are an estimate of
        what would be freed. Otherwise deletion runs in small steps, so that a recorder is not
        blocked, and the space is returned to the system.
        """
        return await to_thread(
            self._commands.prune_encounters,
            keep_hits_days=keep_hits_days,
            keep_hits_newest=keep_hits_newest,
            keep_hits_file_bytes=keep_hits_file_bytes,
            keep_fights_days=keep_fights_days,
            keep_fights_newest=keep_fights_newest,
            keep_fights_file_bytes=keep_fights_file_bytes,
            dry_run=dry_run,
        )

    async def get_recorders(self) -> list[recorders.RecorderOverview]:
        """The recorders, by name: how far their tasks are stored, and their fights."""
        return await to_thread(self._commands.get_recorders)

    async def get_rejected_tasks(self, limit: int = 50, offset: int = 0) -> rejects.RejectedPage:
        """Rejected tasks with their errors, newest first."""
        return await to_thread(self._commands.get_rejected_tasks, limit, offset)

    async def retry_rejected_tasks(self, ids: Sequence[int] | None = None) -> rejects.RetryReport:
        """Retry rejected tasks (without ids: all) that are now valid; the others stay.

        Hits and heals are added to their fights, whose figures are recomputed.
        """
        return await to_thread(self._commands.retry_rejected_tasks, ids)

    async def delete_rejected_tasks(self, ids: Sequence[int] | None = None) -> None:
        """Delete rejected tasks (without ids: all) permanently."""
        await to_thread(self._commands.delete_rejected_tasks, ids)
