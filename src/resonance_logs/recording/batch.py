"""What the tasks of one batch of a recorder do, within one transaction.

A batch works on a draft of the recorder's state. The writer keeps the draft once the transaction
is committed; where it is rolled back, the draft is dropped and nothing has happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from msgspec import structs
from sqlalchemy import Connection

from resonance_logs.errors import InvalidTask
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.finished_fight import Ending, EndReport
from resonance_logs.fights.kinds import EVENT_TASKS
from resonance_logs.fights.open_fight import OpenEncounter
from resonance_logs.fights.text_limits import count_long, cut_name, is_cut
from resonance_logs.recording.late_names import EndedFight, LateNames
from resonance_logs.recording.settlement import store_state
from resonance_logs.recording.state import RecorderState
from resonance_logs.store import fights, journal
from resonance_logs.store.finished_fights import finish
from resonance_logs.store.players import EntityDraft
from resonance_logs.store.rejects import Rejection, store_rejections
from resonance_logs.system.repeated_messages import limited_logger
from resonance_logs.tasks import (
    BeginEncounter,
    EndEncounter,
    StreamItem,
    UpsertEntity,
    check_task,
)

_logger = limited_logger(__name__)
_BOUNDARIES: Final = frozenset({BeginEncounter, EndEncounter})
MAX_LOGGED: Final = 200
"""Characters of a rejected task that are logged."""

MAX_IDS_LOGGED: Final = 10

PLAUSIBLE_MS: Final = range(10**11, 10**14)
"""From 1973 to 5138. Times outside are probably seconds (or 0), or microseconds."""


LogEntry = tuple[str, *tuple[object, ...]]
"""A message for the log, with its values."""


class Batch:
    """The effect of some tasks on the database and on a draft of the state."""

    def __init__(self, connection: Connection, state: RecorderState, *, archive: bool) -> None:
        self._connection = connection
        self._state = state
        self._archive = archive
        self._identity = state.identity
        self._entities: EntityDraft = state.entities.draft(state.updated)
        self._position = state.position
        self._stored_position = state.stored_position
        self._can_resume = state.can_resume
        self._fight = state.fight
        self._joined: set[int] = set()
        self._strays = state.strays
        self._unwritten: list[Events] = []
        self._rejections: list[Rejection] = []
        self._rejected = 0
        self._first_rejection: Rejection | None = None
        self._ignored = 0
        self._cut = 0
        self._implausible_start: int | None = None
        self._has_begun = False
        self._has_stored_seen = False
        self._ended: list[EndReport] = []
        self._late_names = LateNames(state.awaited_names)

    def apply(self, items: Sequence[StreamItem]) -> None:
        """Apply the tasks in order."""
        for run in _split_runs(items):
            first = run[0]
            try:
                if isinstance(first, BeginEncounter):
                    self._begin(first)
                elif isinstance(first, EndEncounter):
                    self._end(first)
                else:
                    self._take(run)
            except InvalidTask as error:
                self._reject(first, error)
        self._position += len(items)
        is_in_journal = self._write_journal()
        # Who resumes does not send again what the journal's position covers.
        self._has_stored_seen = self._can_resume
        self._entities.store(self._connection, with_seen=self._has_stored_seen)
        self._late_names.store(self._connection)
        self._store_rejections()
        self._store_position(is_in_journal=is_in_journal)

    def set_aside(self, items: Sequence[StreamItem], rejections: Sequence[Rejection]) -> None:
        """Set aside tasks that cannot be applied, instead of applying them."""
        self._rejections += rejections
        self._store_rejections()
        self._position += len(items)
        if any(isinstance(item, EndEncounter) for item in items):
            # The fight stays open, to be ended at the next open; others may begin.
            self._fight = None
        self._store_position(is_in_journal=False)

    def publish(self) -> None:
        """Make the draft current; called once the transaction is committed."""
        state = self._state
        if state.fight is None or self._fight is None or state.fight.id != self._fight.id:
            state.live_rows = {}
        self._entities.publish(with_seen=self._has_stored_seen)
        state.position = self._position
        state.stored_position = self._stored_position
        state.stored_can_resume = self._can_resume
        state.fight = self._fight
        state.strays = self._strays
        state.ignored += self._ignored
        state.cut += self._cut + self._entities.cut
        state.rejected += self._rejected
        state.ended += len(self._ended)
        state.unmatched_bosses += sum(each.unmatched_bosses for each in self._ended)
        state.unknown_dmg += sum(each.unknown_dmg for each in self._ended)
        # Of a fight that ended before the program started, it was not counted.
        state.unknown_dmg = max(0, state.unknown_dmg - self._late_names.identified_dmg)
        state.has_warned_of_times |= self._implausible_start is not None
        state.awaited_names = self._late_names.awaited
        state.is_settled = False

    def warnings(self) -> list[LogEntry]:
        """What the log should say of the batch; to be asked before ``publish``."""
        return list(self._warnings(self._state))

    def _warnings(self, before: RecorderState) -> Iterator[LogEntry]:
        if dropped := self._strays.dropped - before.strays.dropped:
            yield "%d event(s) arrived outside any fight and were dropped", dropped
        if self._first_rejection is not None:
            yield (
                "%d tasks of a batch were set aside in the table rejected_tasks; first: %s: %s",
                self._rejected,
                self._first_rejection.error,
                self._first_rejection.task[:MAX_LOGGED],
            )
        if self._implausible_start is not None and not before.has_warned_of_times:
            yield (
                "begin_encounter: started_at_ms is %d; milliseconds since 1970 are expected, "
                "such as 1700000000000 (recorded as it is; not logged again)",
                self._implausible_start,
            )
        for each in self._ended:
            if each.unmatched_bosses:
                yield (
                    "fight %d: defeated bosses that match no hit: %d; they are stored without hits",
                    each.id,
                    each.unmatched_bosses,
                )
        unknown = next((each for each in self._ended if each.unknown_dmg), None)
        if unknown is not None and not before.unknown_dmg:
            yield (
                "fight %d: %d damage by unknown attackers (ids %s) is not in its total; send an "
                "upsert_entity for each player (later fights are only counted)",
                unknown.id,
                unknown.unknown_dmg,
                ", ".join(map(str, sorted(unknown.unknown_attackers)[:MAX_IDS_LOGGED])),
            )

    def _reject(self, task: StreamItem, error: InvalidTask) -> None:
        fight_id = None if self._fight is None else self._fight.id
        self._rejections.append(Rejection.from_error(task, error, fight_id, self._identity))

    def _store_rejections(self) -> None:
        store_rejections(self._connection, self._rejections)
        if self._rejections and self._first_rejection is None:
            self._first_rejection = self._rejections[0]
        self._rejected += len(self._rejections)
        self._rejections = []

    def _begin(self, task: BeginEncounter) -> None:
        check_task(task)
        if self._fight is not None:
            if not self._fight.gives_way_to(task):
                self._ignore(
                    "begin_encounter at %d ms ignored: a fight is already open", task.started_at_ms
                )
                return
            self._interrupt(self._fight)
        if task.started_at_ms not in PLAUSIBLE_MS:
            self._implausible_start = task.started_at_ms
        self._late_names.awaited = self._late_names.awaited.since(task.started_at_ms)
        if task.scene_name is not None:
            self._cut += count_long([task.scene_name])
            task = structs.replace(task, scene_name=cut_name(task.scene_name))
        self._fight = fights.begin(self._connection, task, self._identity)
        self._has_begun = True
        taken, self._strays = self._strays.claim(task.started_at_ms)
        self._add(taken)

    def _end(self, task: EndEncounter) -> None:
        if self._fight is None:
            self._ignore("end_encounter at %s ms ignored: no fight is open", task.ended_at_ms)
            return
        check_task(task)
        events, lost = self._read_events(self._fight)
        bosses = task.defeated_bosses or ()
        self._cut += count_long(bosses)
        ending = Ending(task.ended_at_ms, [cut_name(each) for each in bosses], lost_events=lost)
        self._finish(self._fight, events, ending)

    def _interrupt(self, fight: OpenEncounter) -> None:
        """End a fight whose end never came at its last event; without events it is removed."""
        events, lost = self._read_events(fight)
        if not (len(events) or lost or fight.lost_events):
            fights.remove_open(self._connection, fight.id)
            self._fight = None
            self._joined = set()
            return
        ended_at_ms = max(fight.started_at_ms, fight.last_event_ms or fight.started_at_ms)
        _logger.warning(
            "encounter %d: another one began and its end never came; it ends at its last event",
            fight.id,
        )
        self._finish(fight, events, Ending(ended_at_ms, was_interrupted=True, lost_events=lost))

    def _read_events(self, fight: OpenEncounter) -> tuple[Events, int]:
        if not fight.chunks:  # as of a short fight, which began in this batch
            return Events.concatenate(self._unwritten), 0
        stored, lost = journal.read(self._connection, fight.id)
        return Events.concatenate([stored, *self._unwritten]), lost

    def _finish(self, fight: OpenEncounter, events: Events, ending: Ending) -> None:
        self._entities.store(self._connection)
        self._store_rejections()
        report = finish(
            self._connection, fight, events, ending, self._entities, archive=self._archive
        )
        self._fight = None
        self._unwritten = []
        self._joined = set()
        self._ended.append(report)
        ended = EndedFight.of(report, None if self._archive else events)
        self._late_names.awaited = self._late_names.awaited.after(ended)

    def _ignore(self, message: str, time: object) -> None:
        self._ignored += 1
        _logger.warning(message, time)

    def _take(self, run: Sequence[StreamItem]) -> None:
        kinds = set(map(type, run))
        if UpsertEntity in kinds:
            self._upsert([task for task in run if type(task) is UpsertEntity])
        if not EVENT_TASKS.isdisjoint(kinds):
            self._add(self._events(run))

    def _upsert(self, updates: Sequence[UpsertEntity]) -> None:
        ids = {task.entity_id for task in updates if type(task.entity_id) is int}
        self._entities.load(self._connection, ids)
        seen: set[int] = set()
        for task in updates:
            try:
                self._entities.upsert(self._connection, task)
                seen.add(task.entity_id)
            except InvalidTask as error:
                self._reject(task, error)
            else:
                if task.entity_id in self._late_names.awaited.unnamed:
                    self._name_late(task)
        self._entities.mark_updated(seen)
        if self._fight is not None:
            self._joined |= seen - self._fight.party
            self._fight = self._fight.with_party(seen)

    def _name_late(self, task: UpsertEntity) -> None:
        player = self._entities.find(task.entity_id)
        if player is not None:
            self._late_names.take(player, task.seen_at_ms)

    def _events(self, run: Sequence[StreamItem]) -> Events:
        try:
            events = collect_events(run)
        except InvalidTask:
            events = collect_events(list(self._valid_events(run)))
        if any(map(is_cut, events.damage.monster_names)):
            self._cut += count_long(getattr(task, "monster_name", None) for task in run)
        return events

    def _valid_events(self, tasks: Sequence[StreamItem]) -> Iterator[StreamItem]:
        """The valid events; the others are rejected."""
        for task in tasks:
            if type(task) not in EVENT_TASKS:
                continue
            try:
                collect_events([task])
            except InvalidTask as error:
                self._reject(task, _with_field(task, error))
            else:
                yield task

    def _add(self, events: Events) -> None:
        if not len(events):
            return
        if self._fight is None:
            self._strays = self._strays.adding(events)
            return
        self._fight = self._fight.adding(events)
        self._unwritten.append(events)

    def _write_journal(self) -> bool:
        """Write what was added to the open fight, if anything."""
        if self._fight is None or not (self._unwritten or self._joined):
            return False
        events = Events.concatenate(self._unwritten)
        entry = journal.Entry(events, self._position, self._joined)
        journal.append(self._connection, self._fight.id, self._fight.chunks, entry)
        self._fight = replace(self._fight, chunks=self._fight.chunks + 1)
        self._unwritten = []
        self._joined = set()
        return True

    def _store_position(self, *, is_in_journal: bool) -> None:
        """Store the position with what must not be done twice; the rest may wait a second."""
        state = self._state
        holds_others = self._can_resume and self._strays.held is not state.strays.held
        has_effect = bool(self._rejected or self._ended or self._has_begun)
        is_new = state.stored_position < 0 or self._can_resume != state.stored_can_resume
        if holds_others or is_new or (has_effect and not is_in_journal):
            store_state(self._connection, state, self._position, self._strays)
        elif not is_in_journal:
            return
        self._stored_position = self._position


def _split_runs(tasks: Sequence[StreamItem]) -> Iterator[Sequence[StreamItem]]:
    """The tasks split at begins and ends, each of which is a run of its own."""
    if _BOUNDARIES.isdisjoint(map(type, tasks)):
        if tasks:
            yield tasks
        return
    start = 0
    for index, task in enumerate(tasks):
        if type(task) in _BOUNDARIES:
            if start < index:
                yield tasks[start:index]
            yield tasks[index : index + 1]
            start = index + 1
    if start < len(tasks):
        yield tasks[start:]


def _with_field(task: object, error: InvalidTask) -> InvalidTask:
    """The error with the name of the field, if the check finds it too."""
    try:
        check_task(task)
    except InvalidTask as named:
        return named
    return error
