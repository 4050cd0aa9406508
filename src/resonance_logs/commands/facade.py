"""Commands: a method for each command."""

# Written by tools/generate_facade.py --write, from the commands.

# ruff: noqa: A002

from __future__ import annotations

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
    marks,
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
from resonance_logs.commands.calling import Caller

_CatalogKind = catalog.CatalogKind | Literal["skill", "scene"]
_GroupBy = timeline.GroupBy | Literal["actor", "skill", "target"]
_Side = models.Side | Literal["players", "monsters"]
_SkillType = models.SkillType | Literal["dps", "heal", "tanked"]


class Commands(Caller):
    """The commands of one store; safe to use from several threads.

    Every method raises InvalidArgument for an invalid argument, NotFound for something that is not
    stored, and Unavailable if the file cannot be read or written now.
    """

    def get_recent_encounters(self, limit: int = 50, offset: int = 0) -> listing.EncounterPage:
        """Ended fights, newest first."""
        return self._run(listing.get_recent_encounters, limit=limit, offset=offset)

    def get_recent_encounters_filtered(
        self, limit: int = 50, offset: int = 0, filters: filters.Filters | None = None
    ) -> listing.EncounterPage:
        """Ended fights that match all filters, in the requested order."""
        return self._run(
            listing.get_recent_encounters_filtered, limit=limit, offset=offset, filters=filters
        )

    def get_encounter_by_id(self, encounter_id: int) -> encounter.EncounterSummary:
        """One fight with its players, most damage first; an open fight as it is so far."""
        return self._run(encounter.get_encounter_by_id, encounter_id=encounter_id)

    def get_encounter_actor_stats(self, encounter_id: int) -> list[encounter.ActorEncounterStat]:
        """Statistics of every player and monster in a fight, most damage first."""
        return self._run(encounter.get_encounter_actor_stats, encounter_id=encounter_id)

    def get_encounter_player_skills(
        self,
        encounter_id: int,
        actor_id: int,
        skill_type: _SkillType,
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> skills.SkillsWindow:
        """What an actor dealt, healed or took in a fight, by skill, largest first."""
        return self._run(
            skills.get_encounter_player_skills,
            encounter_id=encounter_id,
            actor_id=actor_id,
            skill_type=skill_type,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def get_unique_boss_names(self, game: str | None = None) -> known_names.Names:
        """Names of all bosses in ended fights, sorted."""
        return self._run(known_names.get_unique_boss_names, game=game)

    def get_unique_scene_names(self, game: str | None = None) -> known_names.Names:
        """Names of all scenes of ended fights, sorted."""
        return self._run(known_names.get_unique_scene_names, game=game)

    def get_player_names_filtered(self, prefix: str, game: str | None = None) -> known_names.Names:
        """Names that contain ``prefix``, most recently seen first; at most 1,000."""
        return self._run(known_names.get_player_names_filtered, prefix=prefix, game=game)

    def get_recent_players_command(
        self, limit: int = 50, game: str | None = None
    ) -> list[tuple[int, str]]:
        """Ids and names of players with a known name, most recently seen first."""
        return self._run(known_names.get_recent_players_command, limit=limit, game=game)

    def get_player_name_command(self, uid: int, game: str | None = None) -> str | None:
        """The player's name; null if it (or the player) is unknown."""
        return self._run(known_names.get_player_name_command, uid=uid, game=game)

    def delete_encounter(self, encounter_id: int) -> None:
        """Delete a fight and everything that belongs to it."""
        self._run(maintenance.delete_encounter, encounter_id=encounter_id)

    def delete_encounters(self, ids: Sequence[int]) -> None:
        """Delete fights and everything that belongs to them: all, or none if an error is raised."""
        self._run(maintenance.delete_encounters, ids=ids)

    def toggle_favorite_encounter(self, id: int, is_favorite: bool) -> None:
        """Mark an ended fight as favourite, or remove the mark."""
        self._run(marks.toggle_favorite_encounter, id=id, is_favorite=is_favorite)

    def set_catalog_names(
        self, kind: _CatalogKind, names: Mapping[int, str], game: str = "bpsr"
    ) -> None:
        """Set names of skills or scenes of a game by id, replacing existing ones."""
        self._run(catalog.set_catalog_names, kind=kind, names=names, game=game)

    def get_catalog(self, game: str | None = None) -> catalog.Catalog:
        """How many skills and scenes have a name, in one game or in all."""
        return self._run(catalog.get_catalog, game=game)

    def get_live_encounter(self, recorder: str | None = None) -> encounter.EncounterSummary | None:
        """The fight being recorded, or of several the one that began last; or null."""
        return self._run(encounter.get_live_encounter, recorder=recorder)

    def get_live_encounters(self) -> list[encounter.EncounterSummary]:
        """All fights being recorded, as they are so far, the one that began last first."""
        return self._run(encounter.get_live_encounters)

    def get_encounter_range(
        self, encounter_id: int, from_ms: int | None = None, to_ms: int | None = None
    ) -> time_range.EncounterRange:
        """All figures of a fight, recomputed for a range of it.

        The whole range gives what is stored. Adjacent parts add up to the whole, active times
        excepted.
        """
        return self._run(
            time_range.get_encounter_range, encounter_id=encounter_id, from_ms=from_ms, to_ms=to_ms
        )

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
    ) -> timeline.Timeline:
        """Totals per time bucket, one line per actor, skill or target, largest first.

        Without ``actor_id`` what all of a side did or took counts, with it what this actor did or
        took. The first bucket of a fight includes the events from before its start, the last one
        those at and after its end, so that the buckets of adjacent parts add up to those of the
        whole fight.
        """
        return self._run(
            timeline.get_encounter_timeline,
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

    def get_boss_tries(self, encounter_id: int) -> attempts.BossAttempts:
        """The fights of its game that share a boss with this one, by start: previous, next, how
        many.

        A fight without a boss, or one that is still open, stands alone.
        """
        return self._run(attempts.get_boss_tries, encounter_id=encounter_id)

    def get_bosses_and_scenes(self, game: str | None = None) -> bosses.TargetsOverview:
        """All bosses and scenes: attempts, kills, best times; most attempts first.

        A try in a scene is a fight with a boss, and a kill one in which every boss was defeated.
        """
        return self._run(bosses.get_bosses_and_scenes, game=game)

    def get_boss_profile(
        self,
        boss_name: str | None = None,
        scene_name: str | None = None,
        newest: int = 1000,
        game: str | None = None,
    ) -> bosses.BossProfile:
        """The fights with a boss, in a scene, or both: attempts, kills, times, DPS by class."""
        return self._run(
            bosses.get_boss_profile,
            boss_name=boss_name,
            scene_name=scene_name,
            newest=newest,
            game=game,
        )

    def check_database(self, *, quick: bool = False) -> check.CheckReport:
        """Check for damage in the file and in each fight's figures.

        With ``quick`` only the file's pages are checked. Nothing is changed, and nobody is
        blocked: each fight is read separately.
        """
        return self._run(check.check_database, quick=quick)

    def get_encounter_party(
        self,
        encounter_id: int,
        kind: _SkillType = "dps",
        side: _Side = "players",
        from_ms: int | None = None,
        to_ms: int | None = None,
    ) -> party.EncounterParty:
        """What the players (or monsters) dealt, healed or took in a fight, or in a range of it."""
        return self._run(
            party.get_encounter_party,
            encounter_id=encounter_id,
            kind=kind,
            side=side,
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
    ) -> skills.TargetsWindow:
        """Whom an actor hit or healed, or (for ``tanked``) who hit it, largest total first."""
        return self._run(
            skills.get_encounter_player_targets,
            encounter_id=encounter_id,
            actor_id=actor_id,
            skill_type=skill_type,
            from_ms=from_ms,
            to_ms=to_ms,
        )

    def compare_encounters(
        self,
        sides: Sequence[comparison.ComparisonSide | tuple[int, int | None] | int],
        kind: _SkillType = "dps",
        points: int = 120,
        smooth_ms: int = 0,
    ) -> comparison.Comparison:
        """Compare two to eight fights, or actors of fights: figures, skills, curves.

        All curves have the same bucket width, chosen for the longest fight.
        """
        return self._run(
            comparison.compare_encounters,
            sides=sides,
            kind=kind,
            points=points,
            smooth_ms=smooth_ms,
        )

    def get_unique_recorder_names(self) -> known_names.Names:
        """Names of all recorders of ended fights, sorted."""
        return self._run(known_names.get_unique_recorder_names)

    def get_games(self) -> list[games.GameOverview]:
        """The games that fights or players are stored of, by id, with their classes."""
        return self._run(games.get_games)

    def get_database_health(self) -> health.DatabaseHealth:
        """Size, free space, the recorder's last run, pending files, and what needs attention."""
        return self._run(health.get_database_health)

    def get_recorder_runs(self, limit: int = 50, offset: int = 0) -> health.RunPage:
        """The recorder's runs, newest first."""
        return self._run(health.get_recorder_runs, limit=limit, offset=offset)

    def get_database_info(self) -> maintenance.DatabaseInfo:
        """What is stored, and its size in bytes."""
        return self._run(maintenance.get_database_info)

    def set_encounter_note(self, encounter_id: int, note: str | None) -> None:
        """Set the note of an ended fight, replacing the previous one; null or empty removes it."""
        self._run(marks.set_encounter_note, encounter_id=encounter_id, note=note)

    def set_encounter_tags(self, encounter_id: int, tags: Sequence[str]) -> None:
        """Set the tags of an ended fight, replacing the previous ones; of duplicates the first is
        kept.
        """
        self._run(marks.set_encounter_tags, encounter_id=encounter_id, tags=tags)

    def get_unique_tags(self, game: str | None = None) -> known_names.Names:
        """All tags of ended fights, sorted."""
        return self._run(marks.get_unique_tags, game=game)

    def get_players(
        self, search: str | None = None, limit: int = 50, offset: int = 0, game: str | None = None
    ) -> players.PlayerPage:
        """Known players whose name contains ``search``, most recently seen first."""
        return self._run(players.get_players, search=search, limit=limit, offset=offset, game=game)

    def get_player_profile(self, uid: int, game: str | None = None) -> players.PlayerProfile:
        """Statistics over all ended fights of a player: classes, bosses, distribution of DPS."""
        return self._run(players.get_player_profile, uid=uid, game=game)

    def get_player_fights(
        self,
        uid: int,
        boss_name: str | None = None,
        limit: int = 50,
        offset: int = 0,
        game: str | None = None,
    ) -> players.PlayerFights:
        """A player's ended fights (with ``bossName`` only those with it), newest first."""
        return self._run(
            players.get_player_fights,
            uid=uid,
            boss_name=boss_name,
            limit=limit,
            offset=offset,
            game=game,
        )

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
    ) -> prune.PruneReport:
        """Delete individual hits and whole fights that exceed the limits, oldest first.

        Favourites are kept. With ``dry_run`` nothing is changed; the bytes are an estimate of
        what would be freed. Otherwise deletion runs in small steps, so that a recorder is not
        blocked, and the space is returned to the system.
        """
        return self._run(
            prune.prune_encounters,
            keep_hits_days=keep_hits_days,
            keep_hits_newest=keep_hits_newest,
            keep_hits_file_bytes=keep_hits_file_bytes,
            keep_fights_days=keep_fights_days,
            keep_fights_newest=keep_fights_newest,
            keep_fights_file_bytes=keep_fights_file_bytes,
            dry_run=dry_run,
        )

    def get_recorders(self) -> list[recorders.RecorderOverview]:
        """The recorders, by name: how far their tasks are stored, and their fights."""
        return self._run(recorders.get_recorders)

    def get_rejected_tasks(self, limit: int = 50, offset: int = 0) -> rejects.RejectedPage:
        """Rejected tasks with their errors, newest first."""
        return self._run(rejects.get_rejected_tasks, limit=limit, offset=offset)

    def retry_rejected_tasks(self, ids: Sequence[int] | None = None) -> rejects.RetryReport:
        """Retry rejected tasks (without ids: all) that are now valid; the others stay.

        Hits and heals are added to their fights, whose figures are recomputed.
        """
        return self._run(rejects.retry_rejected_tasks, ids=ids)

    def delete_rejected_tasks(self, ids: Sequence[int] | None = None) -> None:
        """Delete rejected tasks (without ids: all) permanently."""
        self._run(rejects.delete_rejected_tasks, ids=ids)
