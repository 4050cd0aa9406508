"""What a timeline has besides totals: the other side, the sum of the rest, smoothed rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.commands import Commands
from resonance_logs.commands.timeline import _rates
from tests.helpers.builder import AOI, BEN, BOSS, Builder, hit, known_fight


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("dps", [(BOSS, [50, 150])]), ("heal", []), ("tanked", [(BOSS, [400, 100])])],
)
def test_the_monsters_have_lines_too(
    builder: Builder, commands: Commands, kind: str, expected: list[tuple[int, list[int]]]
) -> None:
    timeline = commands.get_encounter_timeline(
        known_fight(builder),
        kind=kind,  # type: ignore[arg-type]
        side="monsters",
        bucket_ms=5_000,
    )
    assert [(line.id, line.values) for line in timeline.series] == expected


def test_the_lines_beyond_the_greatest_are_one(builder: Builder, commands: Commands) -> None:
    fight = known_fight(builder)
    cut = commands.get_encounter_timeline(fight, "skill", bucket_ms=5_000, most=2, smooth_ms=0)
    assert [(line.id, line.values) for line in cut.series] == [(2, [300, 0]), (-1, [200, 0])]
    assert cut.rest is not None
    assert (cut.rest.id, cut.rest.name, cut.rest.total) == (None, None, 240)
    assert (cut.rest.values, cut.rest.rates) == ([140, 100], [28.0, 20.0])
    for most in (4, 5, None):
        assert commands.get_encounter_timeline(fight, "skill", most=most).rest is None


def test_without_smoothing_a_rate_is_the_total_of_the_bucket_over_its_time(
    builder: Builder, commands: Commands
) -> None:
    fight = known_fight(builder)
    assert commands.get_encounter_timeline(fight).series[0].rates is None
    aoi, ben = commands.get_encounter_timeline(fight, bucket_ms=4_000, smooth_ms=0).series
    # 4 s, 4 s, and the remaining 2 s.
    assert (aoi.id, aoi.values, aoi.rates) == (AOI, [400, 0, 100], [100.0, 0.0, 50.0])
    assert (ben.id, ben.values, ben.rates) == (BEN, [200, 40, 0], [50.0, 10.0, 0.0])


def test_a_smoothed_rate_is_that_of_the_time_around(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(0, 4_000, damage_events=1)
    builder.actor(fight, AOI, is_player=1)
    builder.archive(fight, [hit(1_500, 600)])
    (line,) = commands.get_encounter_timeline(fight, bucket_ms=1_000, smooth_ms=3_000).series
    assert line.values == [0, 600, 0, 0]
    # Around 0.5 s lie the 2 s until second 2; around 1.5 s and 2.5 s 3 s; around 3.5 s 2 s.
    assert line.rates == [300.0, 200.0, 200.0, 0.0]


def test_a_fight_of_no_length_counts_as_a_second(builder: Builder, commands: Commands) -> None:
    fight = builder.fight(0, 0, damage_events=1)
    builder.actor(fight, AOI, is_player=1)
    builder.archive(fight, [hit(0, 7)])
    (line,) = commands.get_encounter_timeline(fight, smooth_ms=3_000).series
    assert line.rates == [7.0]


VALUES = st.lists(st.integers(0, 10**9), min_size=1, max_size=40)
WIDTHS = st.integers(1, 10_000)


def rates(values: list[int], width: int, last: int, smooth: int) -> list[float]:
    ends = np.arange(len(values) + 1) * width
    ends[-1] = ends[-2] + last
    return _rates(np.array(values, dtype=np.int64), ends, smooth)


@given(VALUES, WIDTHS, st.integers(1, 10_000), st.integers(0, 10**6))
def test_a_smoothed_rate_lies_between_the_least_and_the_greatest(
    values: list[int], width: int, last: int, smooth: int
) -> None:
    plain = rates(values, width, min(width, last), 0)
    for rate in rates(values, width, min(width, last), smooth):
        assert min(plain) * (1 - 1e-6) - 1e-3 <= rate <= max(plain) * (1 + 1e-6) + 1e-3


@given(VALUES, WIDTHS, st.integers(1, 10_000))
def test_rates_that_are_not_smoothed_add_up_to_the_total(
    values: list[int], width: int, last: int
) -> None:
    last = min(width, last)
    seconds = [width / 1_000] * (len(values) - 1) + [last / 1_000]
    plain = rates(values, width, last, 0)
    whole = sum(rate * time for rate, time in zip(plain, seconds, strict=True))
    assert whole == pytest.approx(sum(values))


@given(st.integers(0, 10**9), st.integers(1, 40), WIDTHS, st.integers(0, 10**6))
def test_an_even_rate_stays_what_it_is_up_to_both_ends(
    value: int, count: int, width: int, smooth: int
) -> None:
    expected = [pytest.approx(1_000 * value / width)] * count
    assert rates([value] * count, width, width, smooth) == expected


@given(VALUES, WIDTHS)
def test_smoothed_over_all_of_it_every_rate_is_the_mean(values: list[int], width: int) -> None:
    seconds = len(values) * width / 1_000
    smoothed = rates(values, width, width, 2 * len(values) * width)
    assert smoothed == [pytest.approx(sum(values) / seconds)] * len(values)
