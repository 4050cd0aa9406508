"""A kind of event is a module and a line in the registry: a third one works like the first two."""

from collections.abc import Iterator
from struct import pack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.errors import CorruptArchive, InvalidTask
from resonance_logs.fights.archive import MAX_EVENTS, decode_events, encode_events
from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.fights.kinds import EVENT_TASKS, KINDS
from resonance_logs.fights.kinds.values import UNKNOWN, UNKNOWN_SKILL
from resonance_logs.fights.statistics import actor_ids, last_time_ms
from resonance_logs.tasks import MAX_INTEGER, TASK_TYPES, InsertDamageEvent, InsertHealEvent
from tests.helpers.deaths import (
    NUMBER,
    DeathEvents,
    InsertDeath,
    OlderDeathEvents,
    collect,
    deaths_of,
)
from tests.helpers.payloads import assert_equal, framed, split_content, with_heads

HIT = InsertDamageEvent(timestamp_ms=1_000, attacker_id=1, value=5, monster_name="Golem")
HEAL = InsertHealEvent(timestamp_ms=2_000, healer_id=2, value=5)
DEATH = InsertDeath(timestamp_ms=3_000, actor_id=3, killer_id=4, skill_id=5)
ALONE = InsertDeath(timestamp_ms=1_500, actor_id=3)
"""A death without a killer and a skill."""

SECTION = "<BBIq"

both_forms = pytest.mark.parametrize("compact", [False, True], ids=["journal", "archive"])

_integers = st.integers(-3, 3) | st.integers(-MAX_INTEGER, MAX_INTEGER)
_deaths = st.builds(
    InsertDeath,
    timestamp_ms=_integers,
    actor_id=_integers,
    killer_id=st.none() | _integers,
    skill_id=st.none() | _integers,
)


@pytest.fixture
def with_deaths() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(KINDS, NUMBER, DeathEvents)
        yield


def test_every_kind_has_a_task_a_number_above_the_last_and_limits_for_every_row() -> None:
    assert list(KINDS) == sorted(KINDS)
    assert EVENT_TASKS < TASK_TYPES
    assert len(EVENT_TASKS) == len(KINDS)
    for kind in KINDS.values():
        assert list(kind.COLUMNS) == list(range(len(kind.COLUMNS)))
        assert kind.empty().numbers.shape == (len(kind.COLUMNS), 0)


@pytest.mark.usefixtures("with_deaths")
@given(st.lists(st.just(HIT) | st.just(HEAL) | _deaths, max_size=30), st.booleans())
def test_events_of_a_third_kind_come_back_as_they_were(tasks: list[Any], compact: bool) -> None:
    events = collect(*tasks)
    deaths = [task for task in tasks if isinstance(task, InsertDeath)]
    assert deaths_of(events) == [
        [
            task.timestamp_ms,
            task.actor_id,
            UNKNOWN if task.killer_id is None else task.killer_id,
            UNKNOWN_SKILL if task.skill_id is None else task.skill_id,
        ]
        for task in deaths
    ]
    assert len(events) == len(tasks)
    assert_equal(decode_events(encode_events(events, compact=compact)), events)


@pytest.mark.usefixtures("with_deaths")
def test_a_wrong_field_of_a_third_kind_is_refused() -> None:
    for wrong in (MAX_INTEGER + 1, 1.5, "3", None):
        with pytest.raises(InvalidTask):
            collect(HIT, InsertDeath(timestamp_ms=1, actor_id=wrong))  # type: ignore[arg-type]
    with pytest.raises(InvalidTask):
        collect(InsertDeath(timestamp_ms=1, actor_id=1, killer_id=UNKNOWN))


@pytest.mark.usefixtures("with_deaths")
def test_a_third_kind_is_joined_cut_and_counted_like_the_others() -> None:
    parts = [collect(HIT, DEATH), collect(HEAL), collect(ALONE, HIT)]
    whole = Events.concatenate(parts)
    assert len(whole) == 5
    assert deaths_of(whole) == [[3_000, 3, 4, 5], [1_500, 3, UNKNOWN, UNKNOWN_SKILL]]
    assert deaths_of(whole.between(1_501, None)) == [[3_000, 3, 4, 5]]
    assert deaths_of(whole.between(None, 1_501)) == [[1_500, 3, UNKNOWN, UNKNOWN_SKILL]]
    assert [len(each) for each in whole.latest(1).kinds] == [1, 1, 1]
    assert deaths_of(whole.latest(1)) == [[1_500, 3, UNKNOWN, UNKNOWN_SKILL]]
    assert last_time_ms(whole) == 3_000
    assert actor_ids(whole) == {1, 2, 3, 4}


@both_forms
def test_whether_there_were_events_of_a_kind_that_a_payload_predates_is_unknown(
    compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = encode_events(collect(HIT, HEAL), compact=compact)
    monkeypatch.setitem(KINDS, NUMBER, DeathEvents)
    old = decode_events(before)
    assert deaths_of(old) is None
    assert len(old) == 2
    assert deaths_of(old.between(0, 1_500)) is None
    assert deaths_of(Events.concatenate([old, old])) is None
    assert encode_events(old, compact=compact) == before


@both_forms
@pytest.mark.usefixtures("with_deaths")
def test_no_events_of_a_kind_are_none_and_cost_the_head_of_a_section(compact: bool) -> None:
    events = collect(HIT, HEAL)
    assert deaths_of(events) == []
    assert deaths_of(Events.empty()) == []
    assert deaths_of(Events.concatenate([])) == []
    assert events.of(DeathEvents) is collect(HEAL).of(DeathEvents) is DeathEvents.empty()
    payload = encode_events(events, compact=compact)
    assert deaths_of(decode_events(payload)) == []
    heads, planes = split_content(payload)
    old_heads, old_planes = split_content(encode_events(_without_deaths(events), compact=compact))
    assert heads == old_heads + pack(SECTION, NUMBER, 2 | compact, 0, 0)
    assert planes == old_planes


@pytest.mark.usefixtures("with_deaths")
def test_where_some_parts_predate_a_kind_the_events_of_the_others_are_kept() -> None:
    old = _without_deaths(collect(HIT))
    assert deaths_of(Events.concatenate([old, collect(HEAL)])) is None
    assert deaths_of(Events.concatenate([collect(DEATH), old])) == [[3_000, 3, 4, 5]]


@both_forms
def test_a_payload_with_a_kind_of_a_newer_version_is_refused_as_such(
    compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setitem(KINDS, NUMBER, DeathEvents)
        payload = encode_events(collect(HIT, DEATH), compact=compact)
    with pytest.raises(CorruptArchive, match=r"newer version of the program: .* kind 3"):
        decode_events(payload)


@both_forms
def test_an_older_version_of_a_section_is_read_and_what_it_lacks_is_unknown(
    compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, NUMBER, OlderDeathEvents)
    payload = encode_events(collect(HIT, DEATH, ALONE), compact=compact)
    monkeypatch.setitem(KINDS, NUMBER, DeathEvents)
    assert deaths_of(decode_events(payload)) == [
        [3_000, 3, 4, UNKNOWN_SKILL],
        [1_500, 3, UNKNOWN, UNKNOWN_SKILL],
    ]


@both_forms
def test_a_newer_version_of_a_section_is_refused_as_such(
    compact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(KINDS, NUMBER, DeathEvents)
    payload = encode_events(collect(DEATH), compact=compact)
    monkeypatch.setitem(KINDS, NUMBER, OlderDeathEvents)
    with pytest.raises(CorruptArchive, match=r"newer version of the program: .* has version 1"):
        decode_events(payload)


@pytest.mark.parametrize("form", [2, 3, 255])
def test_the_first_two_kinds_have_a_single_version_yet(form: int) -> None:
    heads, planes = split_content(encode_events(collect_events([HIT]), compact=False))
    with pytest.raises(CorruptArchive, match=f"newer version.* has version {form >> 1}"):
        decode_events(with_heads(heads[:1] + bytes([form]) + heads[2:], planes))


@pytest.mark.usefixtures("with_deaths")
def test_sections_that_repeat_or_descend_or_lack_are_refused() -> None:
    """So that a few bytes of heads cannot claim memory again and again."""
    heads, planes = split_content(encode_events(collect(HIT, HEAL), compact=False))
    none = pack(SECTION, NUMBER, 0, 0, 0)
    assert heads.endswith(pack(SECTION, NUMBER, 2, 0, 0))
    for more in (none, pack(SECTION, 1, 0, 0, 0), pack(SECTION, 0, 0, 0, 0)):
        with pytest.raises(CorruptArchive, match="head of a section"):
            decode_events(with_heads(heads + more, planes))
    with pytest.raises(CorruptArchive, match="head of a section"):
        decode_events(with_heads(pack(SECTION, NUMBER, 0, MAX_EVENTS + 1, 0)))
    for present in (b"", none):
        with pytest.raises(CorruptArchive, match="lacks a section"):
            decode_events(with_heads(present))


@both_forms
@pytest.mark.usefixtures("with_deaths")
def test_a_damaged_section_of_a_third_kind_gives_no_other_error(compact: bool) -> None:
    heads, planes = split_content(encode_events(collect(HIT, DEATH, ALONE, DEATH), compact=compact))
    content = bytearray(pack("<I", len(heads)) + heads + planes)
    for place in range(len(content)):
        for change in (0x01, 0x02, 0x7F, 0x80, 0xFF):
            content[place] ^= change
            _check_whole_or_corrupt(framed(bytes(content)))
            content[place] ^= change


def _check_whole_or_corrupt(payload: bytes) -> None:
    try:
        events = decode_events(payload)
    except CorruptArchive:
        return
    found = events.of(DeathEvents)
    assert found is None or found.numbers.shape == (4, len(found))


def _without_deaths(events: Events) -> Events:
    return Events(events.damage, events.heals)
