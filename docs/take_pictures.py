"""Takes screenshots of the pages, with a simulated raid: ``make pictures``.

A server with its own file is started on a free port; Chromium opens each page, and the screenshot
is written to ``docs/pictures``.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from resonance_logs import Database, EndEncounter, encode_task
from resonance_logs.sources.simulation import Night, simulate, skill_names

PICTURES: Final = Path(__file__).parent / "pictures"
DAY_MS: Final = 86_400_000
NIGHTS: Final = 6
SEEDS: Final = (13, 8, 13, 8, 4, 13)
DESKTOP: Final = (1280, 860)
TALL: Final = (1280, 1100)
PHONE: Final = (390, 844)


@dataclass(frozen=True, slots=True)
class Picture:
    """A page to photograph; ``prepare`` does what a reader would do first."""

    name: str
    address: str
    size: tuple[int, int] = DESKTOP
    dark: bool = False
    prepare: Callable[[Page], None] | None = None


def pictures(uid: int, boss: str, fight: int, tries: list[int]) -> list[Picture]:
    """Every page, each in a state that shows its purpose."""
    sides = "&".join(f"side={each}" for each in tries[:3])
    return [
        Picture("history", "/"),
        Picture("history-phone", "/", PHONE, dark=True),
        Picture("encounter", f"/fight/{fight}", TALL),
        Picture("encounter-dark", f"/fight/{fight}", dark=True, prepare=_open_player),
        Picture("encounter-phone", f"/fight/{fight}", PHONE),
        Picture("compare", f"/compare?{sides}", TALL),
        Picture("player", f"/player/{uid}"),
        Picture("players", "/players"),
        Picture("boss", f"/boss?boss={boss}"),
        Picture("bosses", "/bosses", dark=True),
        Picture("live", "/live"),
        Picture("maintenance", "/maintenance"),
    ]


def main() -> None:
    """Take all screenshots."""
    PICTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fights.db"
        record(path)
        with Database.open(path, record=False) as database:
            commands = database.commands
            (boss, *_) = sorted(commands.get_bosses_and_scenes().bosses, key=lambda b: -b.kills)
            kills = [
                each.encounter_id
                for each in commands.get_boss_profile(boss.name).newest
                if each.is_kill
            ]
            me = next(a for a in commands.get_encounter_by_id(kills[0]).actors if a.is_local_player)
            uid = me.actor_id
            own = [
                each.encounter_id
                for each in commands.get_player_fights(uid, boss.name).rows
                if any(met.is_defeated for met in each.bosses)
            ]
        with serving(path) as address, browser() as opened:
            httpx.post(f"{address}/api/tasks", content=open_fight()).raise_for_status()
            for picture in pictures(uid, boss.name, kills[0], own):
                take(opened, address, picture)


def record(path: Path) -> None:
    """Some nights, with notes and tags."""
    with Database.open(path) as database:
        for night in range(NIGHTS):
            for task in simulate(_night(night)):
                database.enqueue(task)
        database.flush()
        commands = database.commands
        commands.set_catalog_names("skill", skill_names())
        kills = [
            fight.id
            for fight in commands.get_recent_encounters(200).rows
            if any(boss.is_defeated for boss in fight.bosses)
        ]
        commands.toggle_favorite_encounter(kills[0], is_favorite=True)
        commands.set_encounter_note(kills[0], "Our fastest so far. Nobody died.")
        commands.set_encounter_tags(kills[0], ["best", "week 3"])
        commands.set_encounter_tags(kills[-1], ["first kill"])


def open_fight() -> bytes:
    """The first minute of an open fight."""
    lines = []
    for task in simulate(_night(NIGHTS)):
        if isinstance(task, EndEncounter):
            break
        lines.append(encode_task(task))
    return b"\n".join(lines)


def _night(number: int) -> Night:
    seed = SEEDS[number % len(SEEDS)]
    start = 1_795_203_000_000 + number * DAY_MS
    return Night(seed=seed, players=8, fights=10, seconds=90 + 7 * number, started_at_ms=start)


def take(opened: Browser, address: str, picture: Picture) -> None:
    """Open one page, and save a screenshot."""
    width, height = picture.size
    context = opened.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if picture.dark else "light",
        locale="en-GB",
        timezone_id="UTC",
    )
    page = context.new_page()
    page.goto(f"{address}{picture.address}", wait_until="networkidle")
    expect(page.locator("[aria-busy=true]")).to_have_count(0)
    if picture.prepare is not None:
        picture.prepare(page)
        page.wait_for_load_state("networkidle")
    page.wait_for_timeout(500)
    page.screenshot(path=PICTURES / f"{picture.name}.png")
    context.close()
    print(picture.name)


def _open_player(page: Page) -> None:
    page.locator(".ag-center-cols-container [role=row]").first.click()
    page.wait_for_timeout(500)
    page.mouse.wheel(0, 600)


@contextmanager
def serving(path: Path) -> Iterator[str]:
    """A server on the file; yields its URL."""
    command = [sys.executable, "-m", "resonance_logs", "serve", "--port", "0", "--db", str(path)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    found = re.search(r"at (http://\S+)/ ", process.stdout.readline())
    assert found is not None
    try:
        yield found[1]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@contextmanager
def browser() -> Iterator[Browser]:
    """Chromium, which must be installed."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("Chromium is not installed (Debian's package chromium)")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield opened
        opened.close()


if __name__ == "__main__":
    main()
