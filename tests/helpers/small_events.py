"""Few events of few actors, so that many coincide; and sums computed one by one."""

from hypothesis import strategies as st

from resonance_logs.fights.events import Events
from resonance_logs.fights.events_from_tasks import collect_events
from resonance_logs.tasks import InsertDamageEvent, InsertHealEvent

ids = st.integers(1, 5)
hits = st.lists(
    st.builds(
        InsertDamageEvent,
        timestamp_ms=st.integers(0, 20_000),
        attacker_id=ids,
        value=st.integers(0, 10**12),
        defender_id=st.none() | ids,
        monster_name=st.none() | st.sampled_from(["", " ", "A", "B"]),
        skill_id=st.none() | st.integers(-2, 3),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
        hp_loss=st.integers(0, 10**12),
        shield_loss=st.integers(0, 10**12),
        defender_max_hp=st.none() | st.integers(-5, 10**9),
        is_boss=st.booleans(),
    ),
    max_size=40,
)
heals = st.lists(
    st.builds(
        InsertHealEvent,
        timestamp_ms=st.integers(0, 20_000),
        healer_id=ids,
        value=st.integers(0, 10**12),
        target_id=st.none() | ids,
        skill_id=st.none() | st.integers(-2, 3),
        is_crit=st.booleans(),
        is_lucky=st.booleans(),
    ),
    max_size=40,
)


def six(tasks: list[InsertDamageEvent] | list[InsertHealEvent]) -> list[int]:
    return [
        sum(t.value for t in tasks),
        len(tasks),
        sum(t.is_crit for t in tasks),
        sum(t.is_lucky for t in tasks),
        sum(t.value for t in tasks if t.is_crit),
        sum(t.value for t in tasks if t.is_lucky),
    ]


def columns(damage: list[InsertDamageEvent], healing: list[InsertHealEvent]) -> Events:
    return collect_events([*damage, *healing])
