"""Answers of the commands: snake_case fields in Python, camelCase on the wire."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from resonance_logs.commands.arguments import Side, SkillType


class Shape(BaseModel):
    """An answer, or part of one."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        frozen=True,
        extra="forbid",
    )


class BossSummary(Shape):
    """A boss in a list of fights; ``max_hp`` is null if no hit reported it."""

    monster_name: str
    max_hp: int | None
    is_defeated: bool


class PlayerSummary(Shape):
    """A player in a list of fights; ``name`` is ``#<id>`` if unknown."""

    name: str
    class_id: int | None
    is_local_player: bool


class ActorEncounterStat(Shape):
    """One actor's statistics in one fight.

    ``dps`` is damage per second of the fight, ``active_dps`` per second of ``active_time_ms``. Each
    counter exists four times: dealt, heal, taken (from non-players), and dealt to bosses.
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

    ``dps`` is ``total_dmg`` per second of the fight; ``note`` and ``tags`` are set by users.

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
    """A page of the requested fights, and the total count."""

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
    """One player's skills in one fight, largest first; ``curr_player`` holds one row."""

    curr_player: list[PlayerRow]
    skill_rows: list[SkillRow]


class TargetRow(Shape):
    """The figures of a SkillRow for one target (or source) of an actor, over all skills.

    ``actor_id`` and ``name`` are null if unknown; ``dmg_pct`` is the share of the actor's total.
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
    """Whom one actor hit or healed, or who hit it, largest first."""

    target_rows: list[TargetRow]


class PartyRow(Shape):
    """One actor's damage, healing or damage taken: ``share`` and rates from 0 to 1.

    ``share`` is of its side's total. ``active_per_second`` (damage per second of active time) and
    ``boss_total`` (damage to bosses) are null unless ``kind`` is ``dps``.
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
    """One side of a fight from ``from_ms`` to ``to_ms`` after its start, largest first.

    ``duration`` is the length of the range in seconds; ``total`` and ``per_second`` are the side's.
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
    """One line of a timeline; ``id`` is null for hits on unknown targets.

    ``values`` are the bucket totals. ``rates``, null unless ``smoothMs`` is given, are totals per
    second within ``smoothMs`` (at least one bucket) around the middle of each bucket, clipped to
    the window; a bucket's total counts as evenly spread.
    """

    id: int | None
    name: str | None
    total: int
    values: list[int]
    rates: list[float] | None


class Timeline(Shape):
    """Totals per bucket of ``bucket_ms``, from ``from_ms`` after the fight's start, largest first.

    ``rest`` is the sum of the lines beyond ``most``; null if there are none.
    """

    bucket_ms: int
    from_ms: int
    buckets: int
    series: list[TimelineSeries]
    rest: TimelineSeries | None


class BossStat(Shape):
    """A boss within a range: the hits it took, and their total."""

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
    """All figures of a fight from ``from_ms`` (inclusive) to ``to_ms`` (exclusive)."""

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
    """What is stored; ``space_saved`` is the fraction by which archives are smaller than the
    journal.
    """

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
    """A fault: where in the file (or in which fight), and what it is.

    ``is_damage`` is false for a table that somebody added: nothing is lost by it.
    """

    part: str
    encounter_id: int | None
    message: str
    is_damage: bool = True


class CheckReport(Shape):
    """The result of a check; ``encounters_checked`` fights were compared with their events."""

    is_sound: bool
    encounters_checked: int
    findings: list[Finding]


class PrunedPart(Shape):
    """How many fights are affected, about how many bytes that frees, and when they started."""

    encounters: int
    bytes: int
    oldest_started_at_ms: int | None
    newest_started_at_ms: int | None


class PruneReport(Shape):
    """What was deleted (with ``dry_run``: would be): only the hits of ``hits``; ``fights``."""

    dry_run: bool
    hits: PrunedPart
    fights: PrunedPart


class RejectedRow(Shape):
    """A rejected task, as JSON (or as Python's repr), and its error.

    ``encounter_id`` is the fight that was open, if the task is an event.
    """

    id: int
    rejected_at_ms: int
    encounter_id: int | None
    task: str
    error: str


class RejectedPage(Shape):
    """A page of rejected tasks, and the total count."""

    rows: list[RejectedRow]
    total_count: int


class RetryRefusal(Shape):
    """A rejected task that is still invalid, and why."""

    id: int
    reason: str


class RetryReport(Shape):
    """Which rejected tasks were recorded, and which are still rejected."""

    taken: list[int]
    left: list[RetryRefusal]


class RecorderRun(Shape):
    """A run of the recorder: its start, its end (null: running, or interrupted), its progress.

    ``written``, ``queued``, ``rejected`` and the last ``fault`` are as of ``seen_at_ms``.
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
    """A page of the recorder's runs, newest first, and the total count."""

    rows: list[RecorderRun]
    total_count: int


class Catalog(Shape):
    """How many skills and scenes have a name."""

    skills: int
    scenes: int


class DatabaseHealth(Shape):
    """The state of the file and its recorder; ``findings`` need attention.

    ``free_bytes`` are free within the file, ``disk_free_bytes`` on the disk. ``spill_files`` hold
    tasks that are still to be read; ``kept_files`` are old files that may be deleted.
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
    last_run: RecorderRun | None
    rejected_tasks: int
    spill_files: list[str]
    kept_files: list[str]
    findings: list[str]


class BossAttempts(Shape):
    """The position of a fight among those that share a boss with it: neighbours, number, count.

    ``previous_id`` and ``next_id`` are null at the ends.
    """

    previous_id: int | None
    next_id: int | None
    number: int
    count: int


class Distribution(Shape):
    """The distribution of ``count`` values: minimum, quartiles, maximum."""

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
    """A page of players, and the total count."""

    rows: list[PlayerOverview]
    total_count: int


class ClassRecord(Shape):
    """A class and spec that a player played: number of fights, DPS.

    DPS is null where the clock was set back in all of them.
    """

    class_id: int | None
    class_name: str
    class_spec: int | None
    class_spec_name: str
    fights: int
    median_dps: float | None
    best_dps: float | None


class BossRecord(Shape):
    """A player's fights with a boss; DPS over all attempts, and over the kills (null: none).

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
    """Statistics over all ended fights of a player; ``dps`` is null if there are none.

    ``kills`` are the fights in which any boss was defeated; ``classes`` and ``bosses`` are sorted
    by number of fights.
    """

    player: PlayerOverview
    fights: int
    kills: int
    total_dmg: int
    total_heal: int
    active_time_ms: int
    dps: Distribution | None
    classes: list[ClassRecord]
    bosses: list[BossRecord]


class FightBoss(Shape):
    """A boss in a player's fight; ``percentile`` (0 to 100) is among the player's kills of it.

    The percentile is the share of the other kills with less DPS, ties counting half; null if the
    boss was not defeated, or in no other fight.
    """

    monster_name: str
    is_defeated: bool
    percentile: float | None


class PlayerFight(Shape):
    """A player's figures in one fight; ``trend_dps`` is the median of it and the nine before it."""

    encounter_id: int
    started_at_ms: int
    duration: float
    scene_name: str | None
    bosses: list[FightBoss]
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
    """A page of a player's fights, newest first, and the total count."""

    rows: list[PlayerFight]
    total_count: int


class TargetOverview(Shape):
    """The ended fights with a boss, or in a scene; ``best_time`` (s) is of the kills, null: none.

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
    """All bosses and all scenes of ended fights, most attempts first."""

    bosses: list[TargetOverview]
    scenes: list[TargetOverview]


class Attempt(Shape):
    """A fight with a boss, or in a scene (possibly without a boss); ``duration`` in seconds."""

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
    """The DPS of players of a class, one value per player and fight."""

    class_id: int | None
    class_name: str
    dps: Distribution


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
    fastest: list[Attempt]
    newest: list[Attempt]
    kills_compared: int
    classes: list[ClassDps]


class ComparedSide(Shape):
    """One side: a fight, or one of its actors (``actor_id``).

    ``values`` are per second, one per bucket, null if the events are not stored; ``active_dps`` is
    null for a whole fight, and for anything but damage dealt.
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
    """A skill on each side, in order; null if it was not used."""

    skill_id: int
    name: str
    sides: list[SkillRow | None]


class ComparedActor(Shape):
    """An actor on each side, in order; null if it is absent, or did nothing of the kind.

    ``share`` of a row is of all players in its fight, or of the actor itself if it is a side alone.
    """

    actor_id: int
    name: str | None
    class_id: int | None
    sides: list[PartyRow | None]


class Comparison(Shape):
    """Fights or players compared; ``values`` are per second, in buckets of ``bucket_ms``."""

    kind: str
    bucket_ms: int
    sides: list[ComparedSide]
    actors: list[ComparedActor]
    skills: list[ComparedSkill]
