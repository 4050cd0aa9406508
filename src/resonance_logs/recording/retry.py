"""Retry rejected tasks: those that are now valid are applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from resonance_logs.errors import AlreadyRecording, InvalidTask
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.statistics import actor_ids
from resonance_logs.store.finished_fights import rebuild
from resonance_logs.store.players import EntityCache
from resonance_logs.store.rejects import RejectedTask, delete_rejected, read_rejected
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.lock import RecorderLock
from resonance_logs.store.stored_fight import StoredFight
from resonance_logs.tasks import BeginEncounter, EndEncounter, Task, UpsertEntity, decode_task


@dataclass(slots=True)
class RetryResult:
    """Which rejected tasks were recorded, and why the others were not."""

    taken: list[int] = field(default_factory=list)
    left: dict[int, str] = field(default_factory=dict)


def retry_tasks(store: Store, rejected: Sequence[RejectedTask]) -> RetryResult:
    """Retry rejected tasks that are now valid; the others stay, with the reason.

    A hit or heal is added to its fight, which is finalized again, as long as that fight's
    individual hits are stored; a player is updated unless the file is being recorded.

    Raises:
        DatabaseError: the file cannot be written; tasks not yet recorded stay.
    """
    retried = RetryResult()
    updates: list[tuple[RejectedTask, UpsertEntity]] = []
    events: defaultdict[int, dict[int, Task]] = defaultdict(dict)
    for each in rejected:
        try:
            task = decode_task(each.task)
        except InvalidTask as error:
            retried.left[each.id] = f"still invalid: {error}"
            continue
        if isinstance(task, UpsertEntity):
            updates.append((each, task))
        elif isinstance(task, BeginEncounter | EndEncounter):
            retried.left[each.id] = (
                "the begin or end of a fight is only valid in its original order"
            )
        elif each.encounter_id is None:
            retried.left[each.id] = "no fight was open when it arrived"
        else:
            events[each.encounter_id][each.id] = task
    for encounter_id, tasks in events.items():
        _add_to_fight(store, encounter_id, tasks, retried)
    _update(store, updates, retried)
    return retried


def _add_to_fight(
    store: Store, encounter_id: int, tasks: Mapping[int, Task], retried: RetryResult
) -> None:
    with store.write_transaction() as connection:
        left = {each.id for each in read_rejected(connection, list(tasks))}
        tasks = {number: task for number, task in tasks.items() if number in left}
        refusal = _rebuild_with(connection, encounter_id, tasks) if tasks else None
    if refusal is None:
        retried.taken += tasks
    else:
        retried.left |= dict.fromkeys(tasks, refusal)


def _rebuild_with(
    connection: Connection, encounter_id: int, tasks: Mapping[int, Task]
) -> str | None:
    """Add the events to the fight; returns why that is impossible, or None."""
    fight = StoredFight.read(connection, encounter_id)
    if fight is None:
        return f"fight {encounter_id} no longer exists"
    if fight.row["ended_at_ms"] is None:
        return f"fight {encounter_id} is still being recorded"
    if fight.faults:
        return f"fight {encounter_id} is damaged"
    if fight.archive is None and fight.row["damage_events"] + fight.row["heal_events"]:
        return f"the individual hits of fight {encounter_id} are no longer stored"
    stored = Events() if fight.archive is None else decode_events(fight.archive[1])
    events = Events.concatenate([stored, collect_events(list(tasks.values()))])
    new = actor_ids(events) - fight.actor_ids()
    known = EntityCache(fight.row["game"]).draft().players(connection, new)
    delete_rejected(connection, tasks)
    row = {**fight.row, "rejected_events": max(0, fight.row["rejected_events"] - len(tasks))}
    rebuild(connection, encounter_id, row, events, known | fight.players())
    return None


def _update(
    store: Store, updates: Sequence[tuple[RejectedTask, UpsertEntity]], retried: RetryResult
) -> None:
    if not updates:
        return
    lock = RecorderLock(store.path)
    try:
        lock.acquire()
    except AlreadyRecording:
        # The recorder holds the players in memory, and would overwrite the update.
        reason = "the file is being recorded; try again later, or send the task again"
        retried.left |= dict.fromkeys((each.id for each, _ in updates), reason)
        return
    try:
        with store.write_transaction() as connection:
            left = read_rejected(connection, [each.id for each, _ in updates])
            updates = [(each, task) for each, task in updates if each in left]
            drafts = {each.game: EntityCache(each.game).draft() for each, _ in updates}
            for each, task in updates:
                drafts[each.game].upsert(connection, task)
            for draft in drafts.values():
                draft.store(connection, with_seen=True)
            delete_rejected(connection, [each.id for each, _ in updates])
        retried.taken += [each.id for each, _ in updates]
    finally:
        lock.release()
