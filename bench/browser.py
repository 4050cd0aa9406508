"""The pages in a real browser: from the request until the content is painted."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from playwright.sync_api import Browser, Page, sync_playwright

from bench.figures import Figure, Target
from bench.history_file import build
from bench.material import PLAYERS, begin, ending, feed, make_rows
from bench.run import Run
from bench.serving import served
from resonance_logs import Database

CHROMIUM: Final = shutil.which("chromium") or shutil.which("chromium-browser")
ROWS_A_PAGE: Final = 50
HANDLE_PX: Final = 15
SLIDER_PX: Final = 19
"""The right handle of the chart's slider, from the right and the lower edge of the chart."""

Seen = tuple[float, str]
"""Milliseconds from requesting a page until it is painted, and their parts."""

_READY: Final = """
window.bench = {
  rows: () => [...document.querySelectorAll('.ag-center-cols-container [role=row]')],
  text: () => bench.rows().map(row => row.textContent).join('|'),
  isDrawn: () => [...document.querySelectorAll('canvas')].some(canvas => {
    const high = Math.min(40, canvas.height);
    return high && canvas.getContext('2d')
      .getImageData(0, canvas.height - high, canvas.width, high).data.some(Boolean);
  }),
  /* The time at which a frame was painted in which the condition holds. */
  painted: isSo => new Promise((done, fail) => {
    const look = () => requestAnimationFrame(isSo()
      ? () => done(performance.now()) : look);
    look();
    setTimeout(() => fail(Error('was not painted within a minute')), 60_000);
  }),
  hasRows: count => bench.rows().length >= count
    && bench.rows().every(row => row.textContent.trim()),
  follow: () => {
    addEventListener('pointerup', () => { bench.released = performance.now(); }, true);
    let before = bench.text();
    const look = () => {
      const now = bench.text();
      if (now && now !== before && bench.released) bench.changed = performance.now();
      if (now) before = now;
      requestAnimationFrame(look);
    };
    look();
  },
};
"""
_LISTED: Final = "count => bench.painted(() => bench.hasRows(count))"
_FOUGHT: Final = "count => bench.painted(() => bench.hasRows(count) && bench.isDrawn())"
_SWITCHED: Final = """async (element, count) => {
  const ids = () => bench.rows().map(row => row.getAttribute('row-id')).join();
  const before = ids(), started = performance.now();
  element.click();
  return await bench.painted(() => ids() !== before && bench.hasRows(count)) - started;
}"""
_SETTLED: Final = "() => bench.changed && performance.now() - bench.changed > 500"
_PARTS: Final = """() => {
  const of = performance.getEntriesByType('navigation')[0];
  const files = performance.getEntriesByType('resource');
  return [of.responseEnd, of.domContentLoadedEventEnd, files.length,
    files.reduce((sum, file) => sum + file.transferSize, of.transferSize) / 1024];
}"""


def measure(run: Run) -> Iterator[Figure]:
    """The history, a filter, a large fight, a range of it."""
    if CHROMIUM is None:
        yield Figure.skipped("pages in a browser", "Chromium is not installed")
        return
    path = run.folder / "browser.db"
    fights, hits = run.size(100_000, 2_000), run.size(200_000, 20_000)
    build(path, fights)
    large = add_fight(path, hits)
    yield from figures(path, large, run.size(7, 2), f"{fights:,} fights", f"{hits:,} hits")


def add_fight(path: Path, hits: int) -> int:
    """Record a large fight too; returns its id."""
    rows = make_rows(hits)
    with Database.open(path) as database:
        begin(database)
        feed(database, rows)
        database.enqueue(ending(rows))
        database.flush(None)
        return database.commands.get_recent_encounters(limit=1).rows[0].id


def figures(path: Path, large: int, times: int, of_list: str, of_fight: str) -> Iterator[Figure]:
    """The same for an existing file."""
    with served(path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        _history(browser, address)  # the server's first answer is not counted
        listed = [_history(browser, address) for _ in range(times)]
        first, again = ([each[place] for each in listed] for place in (0, 1))
        yield _seen_figure("history, nothing in the cache", first, of_list)
        yield _seen_figure("history, seen before", again, of_list)
        switched = _filter(browser, address, times)
        yield _figure("history, another filter", switched, 300, of_list)
        fought = [_fight(browser, address, large) for _ in range(times)]
        yield _seen_figure("fight with its chart", [each[0] for each in fought], of_fight)
        yield _figure("a part of the fight", [each[1] for each in fought], 300, of_fight)
        browser.close()


def _figure(name: str, times: list[float], most: float, of: str, where: str = "") -> Figure:
    note = f"{of}; {min(times):.0f} to {max(times):.0f}{where and '; '}{where}"
    return Figure.of(f"browser: {name}", median(times), "ms", target=Target(most), note=note)


def _seen_figure(name: str, seen: list[Seen], of: str) -> Figure:
    return _figure(name, [took for took, _ in seen], 1_000, of, seen[-1][1])


def _opened(browser: Browser) -> Page:
    """A page of a browser with an empty cache."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
    context.add_init_script(_READY)
    page = context.new_page()
    page.set_default_timeout(60_000)
    return page


def _seen(page: Page, address: str, is_so: str, count: int) -> Seen:
    page.goto(address, wait_until="commit")
    took: float = page.evaluate(is_so, count)
    answered, loaded, files, kilobytes = page.evaluate(_PARTS)
    return took, (
        f"answered after {answered:.0f}, loaded after {loaded:.0f}: "
        f"{files} files, {kilobytes:,.0f} kB"
    )


def _history(browser: Browser, address: str) -> tuple[Seen, Seen]:
    """The list as a new reader sees it, and again."""
    page = _opened(browser)
    first = _seen(page, address, _LISTED, ROWS_A_PAGE)
    again = _seen(page, address, _LISTED, ROWS_A_PAGE)
    page.context.close()
    return first, again


def _filter(browser: Browser, address: str, times: int) -> list[float]:
    page = _opened(browser)
    _seen(page, address, _LISTED, ROWS_A_PAGE)
    switch = page.get_by_role("switch", name="Kills only")
    found = [float(switch.evaluate(_SWITCHED, ROWS_A_PAGE)) for _ in range(times)]
    page.context.close()
    return found


def _fight(browser: Browser, address: str, large: int) -> tuple[Seen, float]:
    """The fight as seen after a second on the list; then its first half."""
    page = _opened(browser)
    _seen(page, address, _LISTED, ROWS_A_PAGE)
    page.wait_for_timeout(1_000)
    whole = _seen(page, f"{address}/fight/{large}", _FOUGHT, len(PLAYERS))
    part = _half(page)
    page.context.close()
    return whole, part


def _half(page: Page) -> float:
    """Milliseconds from releasing the slider until the table shows the range's figures."""
    page.wait_for_timeout(500)
    page.evaluate("bench.follow()")
    canvas = page.locator("canvas").first
    canvas.scroll_into_view_if_needed()
    box: Any = canvas.bounding_box()
    right, middle = box["x"] + box["width"] - HANDLE_PX, box["x"] + box["width"] / 2
    low = box["y"] + box["height"] - SLIDER_PX
    page.mouse.move(right, low)
    page.mouse.down()
    page.mouse.move(middle, low)
    page.mouse.up()
    page.wait_for_function(_SETTLED)
    found: float = page.evaluate("bench.changed - bench.released")
    return found
