"""Arguments of the commands: one model per command, snake_case in Python, camelCase on the wire."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Final

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Strict,
    StringConstraints,
)
from pydantic.alias_generators import to_camel

from resonance_logs.tasks import MAX_INTEGER

MAX_LIMIT: Final = 1_000
MAX_BUCKETS: Final = 10_000
MAX_CHOICES: Final = 1_000
MAX_LINES: Final = 1_000

Integer = Annotated[int, Strict(), Field(ge=-MAX_INTEGER, le=MAX_INTEGER)]


def _storable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("contains an unpaired surrogate") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Flag = Annotated[bool, Strict()]
Limit = Annotated[
    int, Strict(), Field(ge=1, le=MAX_LIMIT, description="Maximum number of rows, 1 to 1,000.")
]
Offset = Annotated[
    int, Strict(), Field(ge=0, le=MAX_INTEGER, description="Number of rows to skip.")
]
FromMs = Annotated[
    int,
    Strict(),
    Field(
        ge=0,
        le=MAX_INTEGER,
        description="Where the part begins, in milliseconds after the fight's start.",
    ),
]
ToMs = Annotated[
    int,
    Strict(),
    Field(
        ge=0,
        le=MAX_INTEGER,
        description="Where the part ends, in milliseconds after the fight's start: it excludes "
        "this millisecond, unless it reaches the fight's end.",
    ),
]


def _none_to_empty(value: object) -> object:
    return [] if value is None else value


Choices = Annotated[list[Text], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)]


class Arguments(BaseModel):
    """The arguments of a command; unknown arguments are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class Sort(StrEnum):
    """Sort order of a list of fights; ties by id, in the same direction."""

    STARTED_AT = "startedAt"
    DURATION = "duration"
    TOTAL_DMG = "totalDmg"


class SkillType(StrEnum):
    """What is summed: damage dealt, healing done, or damage taken from the other side.

    Players are one side, all other actors (monsters) the other.
    """

    DPS = "dps"
    HEAL = "heal"
    TANKED = "tanked"


class Side(StrEnum):
    """Which side: players, or all other actors."""

    PLAYERS = "players"
    MONSTERS = "monsters"


class GroupBy(StrEnum):
    """What each line of a timeline stands for.

    ``actor``: who dealt or healed (for ``tanked``: who was hit); ``target``: the other side.
    """

    ACTOR = "actor"
    SKILL = "skill"
    TARGET = "target"


class Filters(Arguments):
    """A fight must match every given filter (not empty or null); within a list, any value
    matches.
    """

    encounter_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(default=[], description="Only these fights.")
    boss_names: Choices = Field(default=[], description="Boss names.")
    encounter_names: Choices = Field(default=[], description="Scene names.")
    player_name: Text | None = Field(
        default=None, description="Player name contains this text, ignoring case."
    )
    player_names: Choices = Field(default=[], description="Full player names.")
    class_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_to_empty)
    ] = Field(default=[], description="Player classes.")
    date_from_ms: Integer | None = Field(
        default=None, description="Started at or after this time (epoch ms)."
    )
    date_to_ms: Integer | None = Field(
        default=None, description="Started at or before this time (epoch ms)."
    )
    is_favorite: Flag | None = Field(default=None, description="Is a favourite, or is not.")
    tags: Choices = Field(default=[], description="Tags.")
    min_duration_ms: Integer | None = Field(default=None, description="Minimum duration.")
    is_defeated: Flag | None = Field(default=None, description="Any boss was defeated, or none.")
    sort: Sort = Sort.STARTED_AT
    descending: Flag = True


class NoArguments(Arguments):
    """No arguments."""


class PageArguments(Arguments):
    """A page of a list."""

    limit: Limit = 50
    offset: Offset = 0


def _none_to_no_filters(value: object) -> object:
    return {} if value is None else value


class FilteredPageArguments(PageArguments):
    """A page of a filtered list."""

    filters: Annotated[Filters, BeforeValidator(_none_to_no_filters)] = Filters()


class EncounterArguments(Arguments):
    """One fight."""

    encounter_id: Integer


class PlayerSkillsArguments(EncounterArguments):
    """The skills of an actor, of one kind, in a range of the fight."""

    actor_id: Integer
    skill_type: SkillType
    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class RangeArguments(EncounterArguments):
    """Which part of the fight.

    From ``from_ms`` (included) to ``to_ms`` (excluded); a part that reaches the fight's end
    includes the end, so that adjacent parts add up to the whole.
    """

    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class PartyArguments(RangeArguments):
    """One side of a fight, in a range of it."""

    kind: SkillType = SkillType.DPS
    side: Side = Side.PLAYERS


class TimelineArguments(RangeArguments):
    """A timeline: what is summed, its lines and its buckets."""

    group_by: GroupBy = GroupBy.ACTOR
    kind: SkillType = SkillType.DPS
    actor_id: Integer | None = Field(default=None, description="Only what this actor did or took.")
    bucket_ms: Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)] | None = None
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] | None = Field(
        default=None, description="Maximum number of buckets."
    )
    side: Side = Field(default=Side.PLAYERS, description="The side, if no actor is given.")
    most: Annotated[int, Strict(), Field(ge=1, le=MAX_LINES)] | None = Field(
        default=None, description="Maximum number of lines; the others are summed up."
    )
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] | None = Field(
        default=None,
        description="Also give rates per second, averaged over this many ms; 0: over each bucket.",
    )


class PrefixArguments(Arguments):
    """Part of a name."""

    prefix: Text


class RecentPlayersArguments(Arguments):
    """A number of players."""

    limit: Limit = 50


class PlayerArguments(Arguments):
    """One player."""

    uid: Integer


class EncountersArguments(Arguments):
    """Several fights."""

    ids: Annotated[list[Integer], Field(max_length=10_000)]


class FavoriteArguments(Arguments):
    """A fight, and whether it is a favourite."""

    id: Integer
    is_favorite: Flag


class SetNoteArguments(EncounterArguments):
    """A fight and its note."""

    note: Annotated[Text, Field(max_length=10_000)] | None


Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_storable),
]


class SetTagsArguments(EncounterArguments):
    """A fight and its tags."""

    tags: Annotated[list[Tag], Field(max_length=50)]


class PlayersArguments(PageArguments):
    """A page of the list of players."""

    search: Text | None = Field(default=None, description="Name contains this text, ignoring case.")


class PlayerFightsArguments(PlayerArguments, PageArguments):
    """A page of a player's fights."""

    boss_name: Text | None = Field(default=None, description="Only fights with this boss.")


class BossProfileArguments(Arguments):
    """A boss, a scene, or both."""

    boss_name: Text | None = Field(default=None, description="Fights with this boss.")
    scene_name: Text | None = Field(default=None, description="Fights in this scene.")
    newest: Limit = Field(
        default=1_000, description="DPS by class covers this many of the newest kills, 1 to 1,000."
    )


class ComparisonSide(EncounterArguments):
    """A fight, or one of its actors."""

    actor_id: Integer | None = Field(default=None, description="Null: the whole fight.")


class ComparisonArguments(Arguments):
    """What to compare, and the maximum number of buckets."""

    sides: Annotated[list[ComparisonSide], Field(min_length=2, max_length=8)]
    kind: SkillType = SkillType.DPS
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] = 120
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] = Field(
        default=0, description="Smoothing of the curves, as in get_encounter_timeline."
    )


class CatalogKind(StrEnum):
    """What the names belong to."""

    SKILL = "skill"
    SCENE = "scene"


class SetCatalogNamesArguments(Arguments):
    """Names by id, and what they belong to."""

    kind: CatalogKind
    names: Annotated[
        dict[
            Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)],
            Annotated[Text, Field(min_length=1)],
        ],
        Field(max_length=1_000_000),
    ]


class CheckArguments(Arguments):
    """How thorough the check is."""

    quick: Flag = Field(default=False, description="Check only the file's pages, not the fights.")


_Days = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
_Count = Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)]


class PruneArguments(Arguments):
    """Limits for keeping fights and their individual hits; null: no limit."""

    keep_hits_days: _Days | None = Field(
        default=None,
        description="Delete hits of fights more than this many days before the newest.",
    )
    keep_hits_newest: _Count | None = Field(
        default=None, description="Keep the individual hits of this many of the newest fights."
    )
    keep_hits_file_bytes: _Count | None = Field(
        default=None,
        description="Delete the oldest fights' hits while the file is larger than this.",
    )
    keep_fights_days: _Days | None = Field(
        default=None, description="Delete fights more than this many days before the newest."
    )
    keep_fights_newest: _Count | None = Field(
        default=None, description="Keep this many of the newest fights."
    )
    keep_fights_file_bytes: _Count | None = Field(
        default=None, description="Delete the oldest fights while the file is larger than this."
    )
    dry_run: Flag = Field(default=False, description="Only report what would be deleted.")


class RejectedTasksArguments(Arguments):
    """Some rejected tasks."""

    ids: Annotated[list[Integer], Field(max_length=10_000)] | None = Field(
        default=None, description="Their ids; null: all."
    )
