"""What the commands answer. In Python the fields are snake_case, on the wire camelCase."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from resonance_logs.commands.arguments import Side, SkillType


class Shape(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class BossSummary(Shape):
    """A boss as a list of fights shows it; ``max_hp`` is null where no hit told it."""

    monster_name: str
    max_hp: int | None
    is_defeated: bool


class PlayerSummary(Shape):
    """A player as a list of fights shows it; ``name`` is ``#<id>`` where it is not known."""

    name: str
    class_id: int | None
    is_local_player: bool


class ActorEncounterStat(Shape):
    """What one actor did in one fight.

    ``dps`` is damage per second of the fight, ``active_dps`` per second of ``active_time_ms``.
    Each counter comes four times: dealt, heal, taken (from non-players), and dealt to bosses.
    """

    encounter_id: int
    actor_id: int
    name: str | None
    class_id: int | None
    class_spec: int | None
    ability_score: int | None
    level: int | None
    is_player: bool
    is_local_player: bool
    dps: float
    active_time_ms: int
    active_dps: float
    damage_dealt: int
    hits_dealt: int
    crit_hits_dealt: int
    lucky_hits_dealt: int
    crit_total_dealt: int
    lucky_total_dealt: int
    heal_dealt: int
    hits_heal: int
    crit_hits_heal: int
    lucky_hits_heal: int
    crit_total_heal: int
    lucky_total_heal: int
    damage_taken: int
    hits_taken: int
    crit_hits_taken: int
    lucky_hits_taken: int
    crit_total_taken: int
    lucky_total_taken: int
    boss_damage_dealt: int
    boss_hits_dealt: int
    boss_crit_hits_dealt: int
    boss_lucky_hits_dealt: int
    boss_crit_total_dealt: int
    boss_lucky_total_dealt: int


class EncounterSummary(Shape):
    """A fight; ``duration`` in seconds; ``ended_at_ms`` is null while it is being recorded.

    ``dps`` is ``total_dmg`` per second of it; ``note`` and ``tags`` are the users'.

    ``actors`` are its players, most damage first; empty in lists. ``was_interrupted``: the
    recorder stopped before the fight's end came; ``rejected_events`` were wrong and set aside,
    ``lost_events`` damaged on disk; ``is_damaged``: what is shown here is not what was written;
    ``is_complete`` is true where it is none of these. ``clock_jumped``: the clock was set back
    while the fight went on, so that its times are not exact. ``unknown_dmg`` is the damage dealt to
    monsters by attackers that are neither players nor named monsters, which is not in
    ``total_dmg``; null where it is not known.
    """

    id: int
    started_at_ms: int
    ended_at_ms: int | None
    duration: float
    total_dmg: int
    total_heal: int
    dps: float
    scene_id: int | None
    scene_name: str | None
    is_favorite: bool
    note: str | None
    tags: list[str]
    bosses: list[BossSummary]
    players: list[PlayerSummary]
    actors: list[ActorEncounterStat]
    was_interrupted: bool
    rejected_events: int
    lost_events: int
    clock_jumped: bool
    unknown_dmg: int | None
    is_damaged: bool
    is_complete: bool


class EncounterPage(Shape):
    """Some of the fights asked for, and how many there are in all."""

    rows: list[EncounterSummary]
    total_count: int


class SkillRow(Shape):
    """The figures of one skill: rates from 0 to 1, ``dmg_pct`` from 0 to 100."""

    skill_id: int
    name: str
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class PlayerRow(Shape):
    """The same figures for a whole player; ``dmg_pct`` is the share of all players' total."""

    uid: int
    name: str | None
    class_name: str
    class_spec_name: str
    ability_score: int | None
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class SkillsWindow(Shape):
    """One player's skills in one fight, most first; ``curr_player`` holds one row."""

    curr_player: list[PlayerRow]
    skill_rows: list[SkillRow]


class TargetRow(Shape):
    """The figures of a SkillRow for the other side of an actor's hits or heals, all skills.

    ``actor_id`` and ``name`` are null where it is not known; ``dmg_pct`` is the share of what the
    actor did or took.
    """

    actor_id: int | None
    name: str | None
    class_id: int | None
    is_player: bool
    total_dmg: int
    dps: float
    dmg_pct: float
    crit_rate: float
    crit_dmg_rate: float
    lucky_rate: float
    lucky_dmg_rate: float
    hits: int
    hits_per_minute: float


class TargetsWindow(Shape):
    """Whom one actor hit or healed, or who hit it, most first."""

    target_rows: list[TargetRow]


class PartyRow(Shape):
    """One actor's damage, healing or damage taken: ``share`` and rates from 0 to 1.

    ``share`` is of its side's total. ``active_per_second`` (damage over the time in which the
    actor was active) and ``boss_total`` (damage to bosses) are null unless ``kind`` is ``dps``.
    """

    actor_id: int
    name: str | None
    class_id: int | None
    class_name: str
    class_spec: int | None
    class_spec_name: str
    is_player: bool
    is_local_player: bool
    total: int
    per_second: float
    share: float
    active_per_second: float | None
    hits: int
    hits_per_minute: float
    crit_rate: float
    lucky_rate: float
    boss_total: int | None


class EncounterParty(Shape):
    """One side of a fight from ``from_ms`` to ``to_ms`` after its start, most first.

    ``duration`` is that part's, in seconds; ``total`` and ``per_second`` are the side's.
    """

    encounter_id: int
    kind: SkillType
    side: Side
    from_ms: int
    to_ms: int
    duration: float
    total: int
    per_second: float
    rows: list[PartyRow]


class Names(Shape):
    """Names."""

    names: list[str]


class TimelineSeries(Shape):
    """One line of a timeline; ``id`` is null for hits on nobody known.

    ``values`` are the totals of the buckets. ``rates``, null unless ``smoothMs`` is given, has for
    each bucket the total per second within ``smoothMs`` (at least the bucket) around its middle,
    or within as much of that as lies in the window; a bucket's total counts as spread evenly.
    """

    id: int | None
    name: str | None
    total: int
    values: list[int]
    rates: list[float] | None


class Timeline(Shape):
    """Totals per bucket of ``bucket_ms``, from ``from_ms`` after the fight's start, most first.

    ``rest`` is the sum of the lines beyond ``most``, null where there are none.
    """

    bucket_ms: int
    from_ms: int
    buckets: int
    series: list[TimelineSeries]
    rest: TimelineSeries | None


class BossStat(Shape):
    """A boss within a range: the hits it took and their total."""

    monster_name: str
    max_hp: int | None
    is_defeated: bool
    hits: int
    total_damage: int


class DamageSkill(Shape):
    """The hits of one skill of one attacker on one defender (null: unknown)."""

    attacker_id: int
    defender_id: int | None
    skill_id: int
    name: str
    total_value: int
    hits: int
    crit_hits: int
    lucky_hits: int
    crit_total: int
    lucky_total: int
    hp_loss_total: int
    shield_loss_total: int


class HealSkill(Shape):
    """The heals of one skill of one healer on one target (null: unknown)."""

    healer_id: int
    target_id: int | None
    skill_id: int
    name: str
    total_value: int
    hits: int
    crit_hits: int
    lucky_hits: int
    crit_total: int
    lucky_total: int


class EncounterRange(Shape):
    """All figures of a fight for the window from ``from_ms`` (included) to ``to_ms`` (excluded)."""

    encounter_id: int
    from_ms: int
    to_ms: int
    duration: float
    total_dmg: int
    total_heal: int
    actors: list[ActorEncounterStat]
    bosses: list[BossStat]
    damage_skills: list[DamageSkill]
    heal_skills: list[HealSkill]


class DatabaseInfo(Shape):
    """What is stored; ``space_saved`` is the fraction of the pruned journal archives do without."""

    path: str
    size_bytes: int
    schema_version: str | None
    encounters: int
    open_encounters: int
    players: int
    archived_events: int
    rejected_tasks: int
    oldest_started_at_ms: int | None
    newest_started_at_ms: int | None
    journal_bytes_pruned: int
    archive_bytes: int
    space_saved: float


class Finding(Shape):
    """A fault: in which part of the file (or of which fight), and what it is.

    ``is_damage`` is false for a table that somebody added: nothing is lost by it.
    """

    part: str
    encounter_id: int | None
    message: str
    is_damage: bool = True


class CheckReport(Shape):
    """What a check found; ``encounters_checked`` had their figures compared with their events."""

    is_sound: bool
    encounters_checked: int
    findings: list[Finding]


class PrunedPart(Shape):
    """How many fights let something go, about how many bytes that frees, and from when they are."""

    encounters: int
    bytes: int
    oldest_started_at_ms: int | None
    newest_started_at_ms: int | None


class PruneReport(Shape):
    """What was let go (with ``dry_run``: would be): single hits of ``hits``, whole ``fights``."""

    dry_run: bool
    hits: PrunedPart
    fights: PrunedPart


class RejectedRow(Shape):
    """A task that was set aside: as JSON (or as Python shows it), with what is wrong with it.

    ``encounter_id`` is the fight that was open, where the task is an event.
    """

    id: int
    rejected_at_ms: int
    encounter_id: int | None
    task: str
    error: str


class RejectedPage(Shape):
    """Some of the rejected tasks, and how many there are in all."""

    rows: list[RejectedRow]
    total_count: int


class RetryRefusal(Shape):
    """A rejected task that stays one, and why."""

    id: int
    reason: str


class RetryReport(Shape):
    """Which rejected tasks were taken, and which stay."""

    taken: list[int]
    left: list[RetryRefusal]


class RunShape(Shape):
    """A run of the recorder: when it began, ended (null: not, or it was cut off), and what it did.

    What it has ``written``, ``queued``, ``rejected``, and its last ``fault``: as of ``seen_at_ms``.
    """

    id: int
    started_at_ms: int
    ended_at_ms: int | None
    version: str
    pid: int
    is_clean: bool
    seen_at_ms: int | None
    written: int
    queued: int
    rejected: int
    fault: str | None


class RunPage(Shape):
    """Some of the recorder's runs, the newest first, and how many there are in all."""

    rows: list[RunShape]
    total_count: int


class Catalog(Shape):
    """How many skills and scenes have a name."""

    skills: int
    scenes: int


class DatabaseHealth(Shape):
    """How the file and its recorder are; ``findings`` are what needs to be looked at.

    ``free_bytes`` are free within the file, ``disk_free_bytes`` beside it. ``spill_files`` hold
    tasks that wait to be read in; ``kept_files`` were put aside and may be deleted.
    """

    path: str
    program_version: str
    schema_version: str | None
    size_bytes: int
    log_bytes: int
    free_bytes: int
    disk_free_bytes: int
    encounters: int
    open_encounter_id: int | None
    open_since_ms: int | None
    is_recorded: bool
    last_run: RunShape | None
    rejected_tasks: int
    spill_files: list[str]
    kept_files: list[str]
    findings: list[str]


class BossTries(Shape):
    """The place of a fight among those with its bosses: the ids beside it, its number of how many.

    ``previous_id`` and ``next_id`` are null at the ends.
    """

    previous_id: int | None
    next_id: int | None
    number: int
    count: int


class Spread(Shape):
    """How ``count`` values are spread: the least, the quartiles, the most."""

    count: int
    least: float
    lower: float
    median: float
    upper: float
    most: float


class PlayerOverview(Shape):
    """A known player, as last seen."""

    uid: int
    name: str | None
    class_id: int | None
    class_name: str
    class_spec_name: str
    ability_score: int | None
    level: int | None
    first_seen_ms: int
    last_seen_ms: int


class PlayerPage(Shape):
    """Some of the players asked for, and how many there are in all."""

    rows: list[PlayerOverview]
    total_count: int


class ClassPlayed(Shape):
    """A class and spec that a player played: in how many fights, with which DPS.

    DPS is null where the clock was set back in all of them.
    """

    class_id: int | None
    class_name: str
    class_spec: int | None
    class_spec_name: str
    fights: int
    median_dps: float | None
    best_dps: float | None


class BossMet(Shape):
    """A player's fights with a boss; DPS of all tries, and of the kills (null: none).

    Fights in which the clock was set back count as tries and kills, but have no part in DPS.
    """

    monster_name: str
    tries: int
    kills: int
    median_dps: float | None
    best_dps: float | None
    best_encounter_id: int | None
    median_kill_dps: float | None
    best_kill_dps: float | None
    last_started_at_ms: int


class PlayerProfile(Shape):
    """All of one player's ended fights; ``dps`` is null where there are none.

    ``kills`` are the fights in which any boss was defeated; ``classes`` and ``bosses`` are those
    of most fights first.
    """

    player: PlayerOverview
    fights: int
    kills: int
    total_dmg: int
    total_heal: int
    active_time_ms: int
    dps: Spread | None
    classes: list[ClassPlayed]
    bosses: list[BossMet]


class BossOfFight(Shape):
    """A boss of a player's fight; ``percentile`` (0 to 100) among the player's kills of it.

    It is the share of the other kills with less DPS, those with as much counting half; null where
    the boss was not defeated, or never in another fight.
    """

    monster_name: str
    is_defeated: bool
    percentile: float | None


class PlayerFight(Shape):
    """What a player did in one fight; ``trend_dps`` is the median of it and the nine before it."""

    encounter_id: int
    started_at_ms: int
    duration: float
    scene_name: str | None
    bosses: list[BossOfFight]
    class_id: int | None
    class_name: str
    class_spec_name: str
    total_dmg: int
    dps: float
    active_dps: float
    total_heal: int
    damage_taken: int
    trend_dps: float


class PlayerFights(Shape):
    """Some of a player's fights, the newest first, and how many there are in all."""

    rows: list[PlayerFight]
    total_count: int


class TargetOverview(Shape):
    """The ended fights with a boss, or in a scene; ``best_time`` (s) of the kills, null: none.

    In a scene there may be fights without a boss, which are no tries, and a kill is a fight in
    which every boss was defeated. Fights in which the clock was set back have no part in times.
    """

    name: str
    fights: int
    tries: int
    kills: int
    best_time: float | None
    last_started_at_ms: int


class TargetsOverview(Shape):
    """All bosses and all scenes of ended fights, most tries first."""

    bosses: list[TargetOverview]
    scenes: list[TargetOverview]


class Try(Shape):
    """A fight with a boss, or in a scene (then maybe without a boss); ``duration`` in seconds."""

    encounter_id: int
    started_at_ms: int
    duration: float
    has_boss: bool
    is_kill: bool
    scene_name: str | None
    total_dmg: int
    dps: float
    clock_jumped: bool


class ClassDps(Shape):
    """The DPS of the players of a class, one value for each player and fight."""

    class_id: int | None
    class_name: str
    dps: Spread


class BossProfile(Shape):
    """The fights with a boss, or in a scene; times in seconds, null without a kill.

    Those with a boss are tries; of a scene alone, those in which every boss was defeated are kills.
    ``fastest`` are the shortest kills, ``newest`` the last fights, each at most 100; ``classes`` is
    of the newest ``kills_compared`` kills, the highest median first. Fights in which the clock was
    set back count, but have no part in times and DPS.
    """

    boss_name: str | None
    scene_name: str | None
    fights: int
    tries: int
    kills: int
    time_spent: float
    best_time: float | None
    median_time: float | None
    first_started_at_ms: int
    last_started_at_ms: int
    fastest: list[Try]
    newest: list[Try]
    kills_compared: int
    classes: list[ClassDps]


class ComparedSide(Shape):
    """One side: a fight, or one of its actors (``actor_id``).

    ``values`` are per second, a bucket each, null where the single hits are not kept;
    ``active_dps`` is null for a whole fight, and for what is no damage dealt.
    """

    encounter_id: int
    started_at_ms: int
    duration: float
    scene_name: str | None
    bosses: list[BossSummary]
    actor_id: int | None
    name: str | None
    class_id: int | None
    class_name: str
    class_spec_name: str
    total: int
    per_second: float
    active_dps: float | None
    hits: int
    crit_rate: float
    lucky_rate: float
    values: list[float] | None


class ComparedSkill(Shape):
    """A skill on each side, in their order; null where it was not used."""

    skill_id: int
    name: str
    sides: list[SkillRow | None]


class ComparedActor(Shape):
    """An actor on each side, in their order; null where it is not, or did nothing of the kind.

    ``share`` of a row is of all players in its fight, or of itself where it is a side alone.
    """

    actor_id: int
    name: str | None
    class_id: int | None
    sides: list[PartyRow | None]


class Comparison(Shape):
    """Fights or players side by side; ``values`` are per second, in buckets of ``bucket_ms``."""

    kind: str
    bucket_ms: int
    sides: list[ComparedSide]
    actors: list[ComparedActor]
    skills: list[ComparedSkill]
