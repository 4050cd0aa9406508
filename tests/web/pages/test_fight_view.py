"""A view of a fight and its URL correspond, whatever the URL says."""

from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.commands.models import Side, SkillType
from resonance_logs.web.pages.fight_view import FightView

MS = st.integers(0, 10**9)
PARTS = st.none() | st.tuples(MS, MS).filter(lambda part: part[0] < part[1])


def view(kind: SkillType, side: Side, part: tuple[int, int] | None, actor: int | None) -> FightView:
    start, end = part or (None, None)
    return FightView(kind, side, start, end, actor)


@given(
    st.builds(
        view,
        st.sampled_from(SkillType),
        st.sampled_from(Side),
        PARTS,
        st.none() | st.integers(-(10**14), 10**14),
    )
)
def test_an_address_gives_back_what_is_shown(chosen: FightView) -> None:
    assert FightView.of_query(parse_qs(chosen.query()[1:])) == chosen


@pytest.mark.parametrize(
    "query",
    [
        "kind=loud&side=left&actor=me",
        "from=5",
        "from=9&to=5",
        "from=-9&to=5",
        "from=5&to=" + "9" * 5_000,
        "actor=" + "9" * 5_000,
        "from=&to=&kind=",
        "actor=²",
    ],
)
def test_what_makes_no_sense_in_an_address_is_left_out(query: str) -> None:
    assert FightView.of_query(parse_qs(query, keep_blank_values=True)) == FightView()
