"""All commands by name: the one table behind Python, HTTP and the command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import getdoc
from types import MappingProxyType
from typing import Any, Final

from pydantic import TypeAdapter

from resonance_logs.commands import (
    answers,
    arguments,
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
    rejects,
    skills,
    time_range,
    timeline,
)
from resonance_logs.errors import NotFound
from resonance_logs.store.sqlite.connections import Store


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, summary, arguments and answer."""

    name: str
    summary: str
    arguments: type[arguments.Arguments]
    answer: TypeAdapter[Any]
    function: Callable[[Store, Any], Any]
    is_quick: bool = False
    """Whether it only reads, and answers within milliseconds regardless of the number of fights."""
    fast_json: Callable[[Store, Any], bytes] | None = None
    """The same answer as JSON, if there is a faster way than by ``answer``."""

    def answer_json(self, store: Store, given: Any) -> bytes:
        """The answer as JSON."""
        if self.fast_json is not None:
            return self.fast_json(store, given)
        return self.answer.dump_json(self.function(store, given), by_alias=True)

    @property
    def argument_names(self) -> tuple[str, ...]:
        """The wire names of the arguments."""
        return tuple(field.alias or name for name, field in self.arguments.model_fields.items())

    @property
    def description(self) -> dict[str, Any]:
        """The whole description as JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            "arguments": self.arguments_schema,
            "answer": self.answer_schema,
        }

    @property
    def arguments_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, in wire format."""
        return self.arguments.model_json_schema(by_alias=True)

    @property
    def answer_schema(self) -> dict[str, Any]:
        """JSON Schema of the answer, in wire format."""
        return self.answer.json_schema(by_alias=True, mode="serialization")


_nothing: Final = TypeAdapter[None](None)
_actors: Final = TypeAdapter(list[answers.ActorEncounterStat])

_TABLE: Final[
    tuple[tuple[Callable[..., Any], type[arguments.Arguments], TypeAdapter[Any]], ...]
] = (
    (listing.get_recent_encounters, arguments.PageArguments, TypeAdapter(answers.EncounterPage)),
    (
        listing.get_recent_encounters_filtered,
        arguments.FilteredPageArguments,
        TypeAdapter(answers.EncounterPage),
    ),
    (
        encounter.get_encounter_by_id,
        arguments.EncounterArguments,
        TypeAdapter(answers.EncounterSummary),
    ),
    (encounter.get_encounter_actor_stats, arguments.EncounterArguments, _actors),
    (
        skills.get_encounter_player_skills,
        arguments.PlayerSkillsArguments,
        TypeAdapter(answers.SkillsWindow),
    ),
    (known_names.get_unique_boss_names, arguments.NoArguments, TypeAdapter(answers.Names)),
    (known_names.get_unique_scene_names, arguments.NoArguments, TypeAdapter(answers.Names)),
    (known_names.get_player_names_filtered, arguments.PrefixArguments, TypeAdapter(answers.Names)),
    (
        known_names.get_recent_players_command,
        arguments.RecentPlayersArguments,
        TypeAdapter(list[tuple[int, str]]),
    ),
    (known_names.get_player_name_command, arguments.PlayerArguments, TypeAdapter(str | None)),
    (maintenance.delete_encounter, arguments.EncounterArguments, _nothing),
    (maintenance.delete_encounters, arguments.EncountersArguments, _nothing),
    (marks.toggle_favorite_encounter, arguments.FavoriteArguments, _nothing),
    (timeline.get_encounter_timeline, arguments.TimelineArguments, TypeAdapter(answers.Timeline)),
    (time_range.get_encounter_range, arguments.RangeArguments, TypeAdapter(answers.EncounterRange)),
    (
        skills.get_encounter_player_targets,
        arguments.PlayerSkillsArguments,
        TypeAdapter(answers.TargetsWindow),
    ),
    (party.get_encounter_party, arguments.PartyArguments, TypeAdapter(answers.EncounterParty)),
    (
        encounter.get_live_encounter,
        arguments.NoArguments,
        TypeAdapter(answers.EncounterSummary | None),
    ),
    (marks.set_encounter_note, arguments.SetNoteArguments, _nothing),
    (marks.set_encounter_tags, arguments.SetTagsArguments, _nothing),
    (marks.get_unique_tags, arguments.NoArguments, TypeAdapter(answers.Names)),
    (players.get_players, arguments.PlayersArguments, TypeAdapter(answers.PlayerPage)),
    (players.get_player_profile, arguments.PlayerArguments, TypeAdapter(answers.PlayerProfile)),
    (players.get_player_fights, arguments.PlayerFightsArguments, TypeAdapter(answers.PlayerFights)),
    (
        bosses.get_bosses_and_scenes,
        arguments.NoArguments,
        TypeAdapter(answers.TargetsOverview),
    ),
    (bosses.get_boss_profile, arguments.BossProfileArguments, TypeAdapter(answers.BossProfile)),
    (comparison.compare_encounters, arguments.ComparisonArguments, TypeAdapter(answers.Comparison)),
    (attempts.get_boss_tries, arguments.EncounterArguments, TypeAdapter(answers.BossAttempts)),
    (maintenance.get_database_info, arguments.NoArguments, TypeAdapter(answers.DatabaseInfo)),
    (health.get_database_health, arguments.NoArguments, TypeAdapter(answers.DatabaseHealth)),
    (check.check_database, arguments.CheckArguments, TypeAdapter(answers.CheckReport)),
    (health.get_recorder_runs, arguments.PageArguments, TypeAdapter(answers.RunPage)),
    (catalog.get_catalog, arguments.NoArguments, TypeAdapter(answers.Catalog)),
    (catalog.set_catalog_names, arguments.SetCatalogNamesArguments, _nothing),
    (rejects.get_rejected_tasks, arguments.PageArguments, TypeAdapter(answers.RejectedPage)),
    (
        rejects.retry_rejected_tasks,
        arguments.RejectedTasksArguments,
        TypeAdapter(answers.RetryReport),
    ),
    (rejects.delete_rejected_tasks, arguments.RejectedTasksArguments, _nothing),
    (prune.prune_encounters, arguments.PruneArguments, TypeAdapter(answers.PruneReport)),
)


_FASTER: Final[Mapping[Callable[..., Any], Callable[[Store, Any], bytes]]] = {
    listing.get_recent_encounters: listing.recent_encounters_json,
    listing.get_recent_encounters_filtered: listing.recent_encounters_filtered_json,
}


_QUICK: Final[frozenset[Callable[..., Any]]] = frozenset(
    {
        listing.get_recent_encounters,
        listing.get_recent_encounters_filtered,
        encounter.get_encounter_by_id,
        encounter.get_encounter_actor_stats,
        encounter.get_live_encounter,
        skills.get_encounter_player_skills,
        known_names.get_unique_boss_names,
        known_names.get_unique_scene_names,
        known_names.get_player_names_filtered,
        known_names.get_recent_players_command,
        known_names.get_player_name_command,
        players.get_players,
        marks.get_unique_tags,
        catalog.get_catalog,
        attempts.get_boss_tries,
    }
)


def _find_docs(
    function: Callable[..., Any], takes: type[arguments.Arguments], answer: TypeAdapter[Any]
) -> Command:
    lines = (getdoc(function) or "").split("\n\n")[0].split()
    return Command(
        function.__name__,
        " ".join(lines),
        takes,
        answer,
        function,
        is_quick=function in _QUICK,
        fast_json=_FASTER.get(function),
    )


REGISTRY: Final[Mapping[str, Command]] = MappingProxyType(
    {command.name: command for command in (_find_docs(*row) for row in _TABLE)}
)
"""Every command by name, those of the desktop application first."""


def find_command(name: str) -> Command:
    """Find a command by name.

    Raises:
        NotFound: there is none; the message suggests similar names.
    """
    found = REGISTRY.get(name)
    if found is None:
        close = ", ".join(get_close_matches(name, REGISTRY, n=3))
        hint = f"; did you mean {close}?" if close else ""
        raise NotFound(f"there is no command {name!r}{hint}")
    return found
