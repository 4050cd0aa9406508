"""A view of the history and its URL correspond, whatever the URL says."""

from urllib.parse import parse_qs

from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.commands.filters import Sort
from resonance_logs.web.pages.history_view import PAGE_SIZES, View, read_span, span

TEXTS = st.lists(st.text(min_size=1, max_size=8), max_size=3).map(tuple)
VIEWS = st.builds(
    View,
    game=st.lists(st.from_regex("[a-z0-9-]{1,9}", fullmatch=True), max_size=2).map(tuple),
    recorder=TEXTS,
    boss=TEXTS,
    scene=TEXTS,
    player=TEXTS,
    tag=TEXTS,
    kind=st.lists(st.integers(0, 99), max_size=3).map(tuple),
    since=st.just("") | st.dates().filter(lambda d: 1971 <= d.year < 9000).map(str),
    favorites=st.booleans(),
    kills=st.booleans(),
    least=st.integers(0, 9_999),
    sort=st.sampled_from([each.value for each in Sort]),
    ascending=st.booleans(),
    page=st.integers(1, 9_999),
    size=st.sampled_from(PAGE_SIZES),
)


@given(VIEWS)
def test_an_address_gives_back_its_view(view: View) -> None:
    assert View.of_query(parse_qs(view.address()[2:])) == view


@given(st.dictionaries(st.sampled_from(list(View.__slots__)), st.lists(st.text(max_size=9))))
def test_whatever_an_address_says_its_filters_can_be_asked_for(query: dict[str, list[str]]) -> None:
    view = View.of_query(query)
    assert view.page >= 1
    assert view.filters().sort in list(Sort)


@given(VIEWS)
def test_taking_all_chips_away_one_by_one_leaves_all_fights(view: View) -> None:
    assert view.is_filtered is bool(view.chips())
    while chips := view.chips():
        view = chips[0][1]
        assert len(view.chips()) < len(chips)
    assert not view.is_filtered
    assert view.filters() == View(sort=view.sort, ascending=view.ascending).filters()


def test_a_class_has_its_name_in_the_game_that_is_meant() -> None:
    view = View(kind=(1, 3))
    assert [text for text, _ in view.chips("bpsr")] == ["class: Stormblade", "class: Class 3"]
    assert [text for text, _ in view.chips("wow")] == ["class: Class 1", "class: Class 3"]
    assert [text for text, _ in view.chips()] == ["class: 1", "class: 3"]


def test_only_what_is_not_the_default_is_in_the_address() -> None:
    assert View().address() == "/"
    assert View(boss=("A&B", "Ogre"), kills=True).address() == "/?boss=A%26B&boss=Ogre&kills=1"
    assert not View().is_filtered
    assert View(kills=True).is_filtered


@given(st.integers(0, 999_999))
def test_a_span_is_read_as_it_is_written(seconds: int) -> None:
    assert read_span(span(seconds)) == seconds
    assert read_span(f" {seconds} ") == seconds


def test_what_is_no_span_is_not_read() -> None:
    assert read_span("1:00:05") == 3_605
    for text in ("", "soon", "1:", ":30", "-5", "1.5", "²", "1:2:3:4"):
        assert read_span(text) is None
