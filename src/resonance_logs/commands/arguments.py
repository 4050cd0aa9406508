"""What the commands take: one model a command, in Python snake_case, on the wire camelCase."""

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
        raise ValueError("has half of a surrogate pair") from None
    return text


Text = Annotated[str, AfterValidator(_storable)]
Flag = Annotated[bool, Strict()]
Limit = Annotated[
    int, Strict(), Field(ge=1, le=MAX_LIMIT, description="At most so many rows, 1 to 1,000.")
]
Offset = Annotated[
    int, Strict(), Field(ge=0, le=MAX_INTEGER, description="Skip so many rows before the first.")
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


def _none_is_empty(value: object) -> object:
    return [] if value is None else value


Choices = Annotated[list[Text], Field(max_length=MAX_CHOICES), BeforeValidator(_none_is_empty)]


class Arguments(BaseModel):
    """The arguments of a command; unknown ones are refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class Sort(StrEnum):
    """What a list of fights is ordered by; equal ones by id, in the same direction."""

    STARTED_AT = "startedAt"
    DURATION = "duration"
    TOTAL_DMG = "totalDmg"


class SkillType(StrEnum):
    """What is summed: damage dealt, healing done, or damage taken from the other side.

    Players are one side, all others (monsters) the other.
    """

    DPS = "dps"
    HEAL = "heal"
    TANKED = "tanked"


class Side(StrEnum):
    """Whose figures: the players', or those of all others."""

    PLAYERS = "players"
    MONSTERS = "monsters"


class GroupBy(StrEnum):
    """The lines of a timeline.

    ``actor`` is whose total it is (for ``tanked`` the one hit), ``target`` the other side.
    """

    ACTOR = "actor"
    SKILL = "skill"
    TARGET = "target"


class Filters(Arguments):
    """Which fights: all given filters must hold, of a list any; empty or null is no filter."""

    encounter_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_is_empty)
    ] = Field(default=[], description="Only of these fights.")
    boss_names: Choices = Field(default=[], description="Names of bosses.")
    encounter_names: Choices = Field(default=[], description="Names of scenes.")
    player_name: Text | None = Field(
        default=None, description="A player's name contains this, whatever the case."
    )
    player_names: Choices = Field(default=[], description="Whole names of players.")
    class_ids: Annotated[
        list[Integer], Field(max_length=MAX_CHOICES), BeforeValidator(_none_is_empty)
    ] = Field(default=[], description="Classes of players.")
    date_from_ms: Integer | None = Field(
        default=None, description="Started then or later (epoch ms)."
    )
    date_to_ms: Integer | None = Field(
        default=None, description="Started then or earlier (epoch ms)."
    )
    is_favorite: Flag | None = Field(default=None, description="Marked as favourite, or not.")
    tags: Choices = Field(default=[], description="Tags.")
    min_duration_ms: Integer | None = Field(default=None, description="Lasted at least so long.")
    is_defeated: Flag | None = Field(default=None, description="Any boss was defeated, or none.")
    sort: Sort = Sort.STARTED_AT
    descending: Flag = True


class NoArguments(Arguments):
    """None."""


class Page(Arguments):
    """Which part of the list."""

    limit: Limit = 50
    offset: Offset = 0


def _none_is_no_filter(value: object) -> object:
    return {} if value is None else value


class FilteredPage(Page):
    """Which part of which list."""

    filters: Annotated[Filters, BeforeValidator(_none_is_no_filter)] = Filters()


class OneEncounter(Arguments):
    """Which fight."""

    encounter_id: Integer


class PlayerSkills(OneEncounter):
    """Whose skills, of which kind, in which part of the fight."""

    actor_id: Integer
    skill_type: SkillType
    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class Range(OneEncounter):
    """Which part of the fight.

    From ``from_ms`` (included) to ``to_ms`` (excluded); a part that reaches the fight's end
    includes the end, so that adjacent parts add up to the whole.
    """

    from_ms: FromMs | None = None
    to_ms: ToMs | None = None


class PartyOf(Range):
    """What of a fight's one side, in which part of the fight."""

    kind: SkillType = SkillType.DPS
    side: Side = Side.PLAYERS


class TimelineOf(Range):
    """What of the fight, in which lines and buckets."""

    group_by: GroupBy = GroupBy.ACTOR
    kind: SkillType = SkillType.DPS
    actor_id: Integer | None = Field(default=None, description="Only what this actor did or took.")
    bucket_ms: Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)] | None = None
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] | None = Field(
        default=None, description="At most so many buckets."
    )
    side: Side = Field(default=Side.PLAYERS, description="Whose, where no actor is given.")
    most: Annotated[int, Strict(), Field(ge=1, le=MAX_LINES)] | None = Field(
        default=None, description="The greatest so many lines, and the sum of the others."
    )
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] | None = Field(
        default=None,
        description="Give rates too, averaged over so many ms around each bucket's middle; "
        "0 for those of the buckets themselves.",
    )


class Prefix(Arguments):
    """Part of a name."""

    prefix: Text


class RecentPlayers(Arguments):
    """How many players."""

    limit: Limit = 50


class OnePlayer(Arguments):
    """Which player."""

    uid: Integer


class ManyEncounters(Arguments):
    """Which fights."""

    ids: Annotated[list[Integer], Field(max_length=10_000)]


class Favorite(Arguments):
    """Which fight, and whether it is a favourite."""

    id: Integer
    is_favorite: Flag


class NoteOf(OneEncounter):
    """Which fight, and what to write to it."""

    note: Annotated[Text, Field(max_length=10_000)] | None


Tag = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=50),
    AfterValidator(_storable),
]


class TagsOf(OneEncounter):
    """Which fight, and its tags."""

    tags: Annotated[list[Tag], Field(max_length=50)]


class PlayersOf(Page):
    """Which part of the list of players."""

    search: Text | None = Field(
        default=None, description="The name contains this, whatever the case."
    )


class PlayerFightsOf(OnePlayer, Page):
    """Whose fights, which part of the list."""

    boss_name: Text | None = Field(default=None, description="Only fights with this boss.")


class TriesOf(Arguments):
    """Of which boss, in which scene; at least one of them."""

    boss_name: Text | None = Field(default=None, description="Fights with this boss.")
    scene_name: Text | None = Field(default=None, description="Fights in this scene.")
    newest: Limit = Field(
        default=1_000, description="DPS by class is of the newest so many kills, 1 to 1,000."
    )


class SideOf(OneEncounter):
    """A fight, or one of its actors."""

    actor_id: Integer | None = Field(default=None, description="Null is the whole fight.")


class ComparisonOf(Arguments):
    """What to compare, and in how many buckets at most."""

    sides: Annotated[list[SideOf], Field(min_length=2, max_length=8)]
    kind: SkillType = SkillType.DPS
    points: Annotated[int, Strict(), Field(ge=1, le=MAX_BUCKETS)] = 120
    smooth_ms: Annotated[int, Strict(), Field(ge=0, le=MAX_INTEGER)] = Field(
        default=0, description="The curves are means over so long, as in get_encounter_timeline."
    )


class CatalogKind(StrEnum):
    """What the names are of."""

    SKILL = "skill"
    SCENE = "scene"


class CatalogOf(Arguments):
    """Names by id, and what they are names of."""

    kind: CatalogKind
    names: Annotated[
        dict[
            Annotated[int, Field(ge=-MAX_INTEGER, le=MAX_INTEGER)],
            Annotated[Text, Field(min_length=1)],
        ],
        Field(max_length=1_000_000),
    ]


class CheckOf(Arguments):
    """How thoroughly to look."""

    quick: Flag = Field(default=False, description="Only the file's pages, not the fights.")


_Days = Annotated[float, Field(gt=0, le=1_000_000, allow_inf_nan=False)]
_Count = Annotated[int, Strict(), Field(ge=1, le=MAX_INTEGER)]


class PruneTo(Arguments):
    """Up to where fights and their single hits are kept; null is without a limit."""

    keep_hits_days: _Days | None = Field(
        default=None, description="Let go the single hits of fights so many days before the newest."
    )
    keep_hits_newest: _Count | None = Field(
        default=None, description="Keep the single hits of the newest so many fights."
    )
    keep_hits_file_bytes: _Count | None = Field(
        default=None, description="Let go the oldest fights' hits while the file is larger."
    )
    keep_fights_days: _Days | None = Field(
        default=None, description="Let go fights so many days before the newest."
    )
    keep_fights_newest: _Count | None = Field(
        default=None, description="Keep the newest so many fights."
    )
    keep_fights_file_bytes: _Count | None = Field(
        default=None, description="Let go the oldest fights while the file is larger."
    )
    dry_run: Flag = Field(default=False, description="Only tell what would go.")


class SomeRejected(Arguments):
    """Which rejected tasks."""

    ids: Annotated[list[Integer], Field(max_length=10_000)] | None = Field(
        default=None, description="Their numbers; null for all."
    )
