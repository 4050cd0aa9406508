"""The queue: bounded, ordered, and no wake-up is lost."""

import threading
import time

import pytest

from resonance_logs.errors import DatabaseClosed, QueueFull
from resonance_logs.recording.queue import FlushMark, Item, TaskQueue, wait_for_any
from resonance_logs.tasks import EndEncounter


def wait(queue: TaskQueue, count: int, timeout: float) -> bool:
    return wait_for_any([queue], queue.wakeup, count, timeout)


def numbered(number: int) -> EndEncounter:
    return EndEncounter(ended_at_ms=number)


def test_items_come_out_in_the_order_in_which_they_were_put() -> None:
    queue = TaskQueue(100)
    for number in range(50):
        queue.put(numbered(number), None)
    assert queue.take(20) == [numbered(n) for n in range(20)]
    assert queue.take(100) == [numbered(n) for n in range(20, 50)]


def test_a_full_queue_raises_after_the_timeout_and_keeps_what_it_holds() -> None:
    queue = TaskQueue(2)
    queue.put(numbered(1), 0)
    queue.put(numbered(2), 0)
    with pytest.raises(QueueFull, match="2 tasks"):
        queue.put(numbered(3), 0.01)
    assert queue.take(9) == [numbered(1), numbered(2)]


def test_one_who_waits_for_room_continues_when_there_is_some() -> None:
    queue = TaskQueue(1)
    queue.put(numbered(1), 0)
    thread = threading.Thread(target=queue.put, args=(numbered(2), 30))
    thread.start()
    taken: list[Item] = []
    while len(taken) < 2:
        taken += queue.take(1)
    thread.join()
    assert taken == [numbered(1), numbered(2)]


def test_the_taker_wakes_for_the_count_it_waits_for() -> None:
    queue = TaskQueue(1000)

    def put() -> None:
        for number in range(10):
            queue.put(numbered(number), None)

    thread = threading.Thread(target=put)
    thread.start()
    assert wait(queue, 10, 30)
    thread.join()
    assert len(queue) == 10


def test_the_taker_wakes_for_a_mark_long_before_its_count_is_reached() -> None:
    queue = TaskQueue(1000)
    threading.Timer(0.01, queue.put_mark, [FlushMark()]).start()
    assert wait(queue, 500, 30)


def test_the_taker_wakes_for_a_full_queue_that_its_count_is_beyond() -> None:
    queue = TaskQueue(3)

    def put() -> None:
        for number in range(3):
            queue.put(numbered(number), None)

    thread = threading.Thread(target=put)
    thread.start()
    assert wait(queue, 500, 30)
    thread.join()
    assert len(queue) == 3


def test_a_mark_put_before_the_taker_waits_is_not_slept_through() -> None:
    queue = TaskQueue(1000)
    queue.put_mark(FlushMark())
    assert wait(queue, 500, 30)


def test_waiting_for_what_does_not_come_ends_in_time() -> None:
    queue = TaskQueue(10)
    assert not wait(queue, 1, 0.01)


def test_a_backlog_that_one_batch_left_is_not_waited_for() -> None:
    queue = TaskQueue(100)
    for number in range(30):
        queue.put(numbered(number), None)
    queue.put_mark(FlushMark())
    queue.take(20)
    assert wait(queue, 1000, 30)


def test_many_threads_put_and_every_task_comes_out_once() -> None:
    queue = TaskQueue(50)

    def put(start: int) -> None:
        for number in range(start, start + 500):
            queue.put(numbered(number), 30)

    threads = [threading.Thread(target=put, args=(start,)) for start in (0, 500, 1000, 1500)]
    for thread in threads:
        thread.start()
    taken: list[object] = []
    while len(taken) < 2000:
        assert wait(queue, 1, 30)
        taken += queue.take(64)
    for thread in threads:
        thread.join()
    numbers = [task.ended_at_ms for task in taken if isinstance(task, EndEncounter)]
    assert sorted(numbers) == list(range(2000))
    for start in (0, 500, 1000, 1500):
        own = [n for n in numbers if start <= n < start + 500]
        assert own == sorted(own)


def test_several_tasks_are_put_in_their_order_as_there_is_room() -> None:
    queue = TaskQueue(3)
    tasks = [numbered(n) for n in range(10)]
    thread = threading.Thread(target=queue.put_many, args=(tasks, 30))
    thread.start()
    taken: list[object] = []
    while len(taken) < 10:
        assert wait(queue, 1, 30)
        taken += queue.take(2)
        assert len(queue) <= 3
    thread.join()
    assert taken == tasks


def test_where_there_is_no_room_for_all_the_error_says_how_many_were_taken() -> None:
    queue = TaskQueue(3)
    with pytest.raises(QueueFull) as full:
        queue.put_many([numbered(n) for n in range(5)], 0.01)
    assert full.value.taken == 3
    assert queue.take(9) == [numbered(0), numbered(1), numbered(2)]


def test_the_taker_wakes_for_several_at_once_and_no_tasks_are_nothing() -> None:
    queue = TaskQueue(100)
    queue.put_many([], 0)
    assert len(queue) == 0
    threading.Timer(0.01, queue.put_many, [[numbered(n) for n in range(7)]]).start()
    assert wait(queue, 7, 30)


def test_without_a_timeout_the_queues_own_patience_holds() -> None:
    queue = TaskQueue(1, default_timeout=0.01)
    queue.put(numbered(1))
    with pytest.raises(QueueFull, match=r"for 0\.01 s") as full:
        queue.put(numbered(2))
    assert full.value.taken == 0


def test_a_closed_queue_takes_no_more_and_keeps_what_it_has() -> None:
    queue = TaskQueue(3)
    told: list[DatabaseClosed] = []

    def feed() -> None:
        try:
            queue.put_many([numbered(n) for n in range(10)], 30)
        except DatabaseClosed as error:
            told.append(error)

    thread = threading.Thread(target=feed)
    thread.start()
    while len(queue) < 3:
        time.sleep(0.001)
    queue.close()
    thread.join(30)
    assert "the first 3 were queued" in str(told[0])
    assert queue.take(9) == [numbered(0), numbered(1), numbered(2)]
    with pytest.raises(DatabaseClosed):
        queue.put_many([numbered(1)], 0)
