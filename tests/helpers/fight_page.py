"""A fight's page as its tests use it: its parts, dragging on its curve, choosing a part."""

from collections.abc import Sequence

import httpx
import msgspec
from playwright.sync_api import Locator, Page, expect

from resonance_logs import Task, encode_task
from tests.helpers.pages import DAY_MS, FIRST_MS, Site, raid

TIMES = {"started_at_ms", "ended_at_ms", "seen_at_ms", "timestamp_ms"}


def raid_at(number: int, start_ms: int) -> list[Task]:
    """The raid of this number at another time."""
    later = start_ms - FIRST_MS - DAY_MS * number
    return [
        msgspec.structs.replace(task, **{name: getattr(task, name) + later})
        for task in raid(number)
        for name in sorted(TIMES.intersection(task.__struct_fields__))
    ]


def rows(page: Page) -> Locator:
    """The rows of all tables."""
    return page.locator(".ag-center-cols-container [role=row]")


def party(page: Page) -> Locator:
    """The rows of the table of a side."""
    return page.locator(".rl-opens .ag-center-cols-container [role=row]")


def panel(page: Page) -> Locator:
    """The text of the panel of the selected row."""
    return page.get_by_role("region", name="Selected row")


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def open_fight(page: Page, site: Site, number: int = 1) -> None:
    page.goto(f"{site.address}/fight/{number}")
    expect(party(page)).to_have_count(2)


def curve(page: Page) -> Locator:
    """The curve, once it can be dragged on."""
    page.wait_for_function(
        "() => { const each = document.querySelector('.rl-chart');"
        " return each && getElement(each.id.slice(1))?.chart?.rlArmed; }"
    )
    return page.locator(".rl-chart canvas")


def drag(page: Page, start: float, end: float, height: float) -> None:
    """Drag on the curve between two points, given as fractions of its width and height."""
    box = curve(page).bounding_box()
    assert box is not None
    y = box["y"] + box["height"] * height
    page.mouse.move(box["x"] + box["width"] * start, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * end, y, steps=8)
    page.mouse.up()


def choose_seconds(page: Page, start: str, end: str) -> None:
    page.get_by_label("From").fill(start)
    page.get_by_label("To", exact=True).fill(end)


def expect_lines(page: Page, expected: Sequence[Sequence[str]]) -> None:
    """Wait until these lines are drawn, each with its name and its stack."""
    page.wait_for_function(
        "expected => { const each = document.querySelector('.rl-chart');"
        " const chart = each && getElement(each.id.slice(1))?.chart;"
        " return JSON.stringify(chart?.getOption()?.series?.map("
        "line => [line.name, line.stack ?? 'none'])) === expected; }",
        arg=str([list(each) for each in expected]).replace("'", '"').replace(", ", ","),
    )


def send(site: Site, tasks: Sequence[Task], **query: str) -> None:
    """Record these tasks; ``query`` may say as which recorder, and of which game."""
    content = b"".join(encode_task(task) + b"\n" for task in tasks)
    answer = httpx.post(f"{site.address}/api/tasks", content=content, params=query)
    assert answer.json()["refused"] == 0


def axis_seconds(page: Page, place: float) -> float:
    """The second of the fight at this place across the curve, as a fraction of its width."""
    seconds = page.evaluate(
        "place => { const canvas = document.querySelector('.rl-chart canvas');"
        " const chart = getElement(canvas.closest('.rl-chart').id.slice(1)).chart;"
        " return chart.convertFromPixel({xAxisIndex: 0}, canvas.clientWidth * place); }",
        place,
    )
    return float(seconds)
