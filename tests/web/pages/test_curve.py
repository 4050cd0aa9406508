"""A part of a fight is dragged on its curve: the pixels say which, whatever was drawn before."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from resonance_logs import EndEncounter
from tests.helpers.fight_page import (
    axis_seconds,
    button,
    choose_seconds,
    curve,
    drag,
    expect_lines,
    open_fight,
    party,
    send,
)
from tests.helpers.pages import DAY_MS, EVIL, FIRST_MS, Site, raid

WHOLE_MS = 10_043
"""More than the curve or the boxes show of the end."""
CHART = "getElement(document.querySelector('.rl-chart').id.slice(1)).chart"


def part_ms(page: Page) -> tuple[int, int]:
    """The part in the address, once there is one."""
    page.wait_for_url(re.compile(r"from=\d+&to=\d+"))
    found = re.search(r"from=(\d+)&to=(\d+)", page.url)
    assert found is not None
    return int(found[1]), int(found[2])


def expect_dragged(page: Page, start: float, end: float) -> None:
    """Drag between two places; the part is what the axis showed there, to less than a pixel."""
    wanted = [axis_seconds(page, place) * 1_000 for place in (start, end)]
    width = curve(page).evaluate("canvas => canvas.clientWidth")
    pixel = (axis_seconds(page, 1) - axis_seconds(page, 0)) * 1_000 / width
    before = page.url
    drag(page, start, end, 0.4)
    expect(page).not_to_have_url(before)
    assert part_ms(page) == pytest.approx(wanted, abs=1.5 * pixel)
    zooms = page.evaluate(f"{CHART}.getOption().dataZoom.map(e => [e.startValue, e.endValue])")
    assert [each * 1_000 for each in zooms[0]] == pytest.approx(wanted, abs=1.5 * pixel)


def make_whole(page: Page) -> None:
    button(page, "Whole fight").click()
    expect(page).not_to_have_url(re.compile("from="))
    page.wait_for_function(
        f"() => {{ const zoom = {CHART}.getOption().dataZoom[0];"
        " return zoom.start === 0 && zoom.end === 100; }"
    )


def choose_player(page: Page) -> None:
    party(page).nth(1).locator("[col-id=player]").click()


def choose_monsters(page: Page) -> None:
    button(page, "Close").click()
    button(page, "Taken").click()
    page.get_by_label("Side").get_by_role("button", name="Monsters").click()


def test_a_redraw_does_not_change_what_a_drag_selects(page: Page, site: Site) -> None:
    open_fight(page, site)
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])
    expect_dragged(page, 0.3, 0.6)
    redraws: list[tuple[Callable[[], None], list[str]]] = [
        (button(page, "Healing").click, [EVIL]),
        (button(page, "Damage").click, [EVIL, "Aoi"]),
        (button(page, "Skills").click, ["Skill 5"]),
        (button(page, "Targets").click, ["Ogre"]),
        (lambda: choose_player(page), ["Skill 5"]),
        (lambda: choose_monsters(page), ["Ogre"]),
    ]
    for redraw, lines in redraws:
        redraw()
        expect_lines(page, [(line, "all") for line in lines])
        expect_dragged(page, 0.3, 0.6)  # of the part that is shown
        make_whole(page)
        expect_dragged(page, 0.2, 0.7)


def test_a_drag_to_an_edge_selects_to_the_end_of_the_fight(page: Page, site: Site) -> None:
    *tasks, _ = raid(30)
    send(site, [*tasks, EndEncounter(ended_at_ms=FIRST_MS + 30 * DAY_MS + WHOLE_MS)])
    open_fight(page, site, 13)
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])
    drag(page, 0.5, 1.1, 0.4)
    start, end = part_ms(page)
    assert 4_000 < start < 6_000
    assert end == WHOLE_MS
    page.reload()
    expect(page.get_by_role("status").get_by_text("to 0:10")).to_be_visible()
    assert part_ms(page) == (start, WHOLE_MS)
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])
    drag(page, 0.5, 1.1, 0.4)  # the end of what is shown is still that of the fight
    expect(page).not_to_have_url(re.compile(f"from={start}&"))
    assert part_ms(page)[1] == WHOLE_MS
    make_whole(page)
    drag(page, 0.5, -0.1, 0.4)
    assert part_ms(page)[0] == 0
    make_whole(page)
    choose_seconds(page, "5", "10.0")  # the box shows tenths: this is what it shows of the end
    button(page, "Apply").click()
    assert part_ms(page) == (5_000, WHOLE_MS)
    choose_seconds(page, "5", "99")
    page.get_by_label("From").fill("6")
    button(page, "Apply").click()
    expect(page).to_have_url(re.compile(f"from=6000&to={WHOLE_MS}"))
