"""Fights of two games and two recorders on the pages; ids are the same in both games."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_plus

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from resonance_logs import Database
from tests.helpers.axe import grave
from tests.helpers.fight_page import party
from tests.helpers.pages import EVIL, Site, raid, rows

BPSR = "Blue Protocol: Star Resonance"
ADDRESSES = ("/", "/?game=wow", "/players", "/bosses", "/compare?side=1:7&side=3", "/maintenance")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server with fights 1 and 2 of the usual game, and 3 and 4 of another."""
    path = tmp_path_factory.mktemp("games") / "fights.db"
    with Database.open(path) as db:
        db.enqueue_many([*raid(0), *raid(1)])
        db.flush()
        db.recorder(EVIL, "wow").enqueue_many([*raid(2), *raid(3)])
    served = Site(path)
    yield served
    served.end()


def test_fights_say_where_they_come_from_and_are_filtered_by_it(page: Page, site: Site) -> None:
    page.goto(site.address)
    first, last = rows(page).first, rows(page).last
    expect(first.locator("[col-id=game]")).to_have_text("wow")
    expect(first.locator("[col-id=recorder]")).to_have_text(EVIL)
    expect(last.locator("[col-id=game]")).to_have_text(BPSR)
    expect(last.locator("[col-id=recorder]")).to_have_text("default")
    expect(page.get_by_label("Class")).to_be_hidden()
    page.get_by_label("Recorder").click()
    page.get_by_role("option", name=EVIL).click()
    expect(rows(page)).to_have_count(2)
    expect(page).to_have_url(f"{site.address}/?recorder={quote_plus(EVIL)}")
    expect(page.locator(".rl-chip")).to_contain_text(f"recorder: {EVIL}")
    page.locator(".rl-chip .q-chip__icon--remove").click()
    expect(rows(page)).to_have_count(4)
    expect(page.locator("img")).to_have_count(0)


def test_the_classes_to_choose_from_are_those_of_the_chosen_game(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?boss=Ogre")
    page.get_by_label("Game").click()
    page.get_by_role("option", name="wow").click()
    expect(page).to_have_url(f"{site.address}/?game=wow&boss=Ogre")
    page.keyboard.press("Escape")
    page.get_by_label("Class").click()
    expect(page.get_by_role("option")).to_have_text(["Class 1", "Class 5"])
    page.get_by_role("option", name="Class 5").click()
    chips = page.locator(".rl-chip")
    expect(chips).to_contain_text(["game: wow", "boss: Ogre", "class: Class 5"])
    page.keyboard.press("Escape")
    chips.first.locator(".q-chip__icon--remove").click()
    expect(page).to_have_url(f"{site.address}/?boss=Ogre")
    expect(page.get_by_label("Class")).to_be_hidden()
    page.goto(f"{site.address}/?game=bpsr&kind=1")
    expect(chips).to_contain_text([f"game: {BPSR}", "class: Stormblade"])
    expect(rows(page)).to_have_count(2)


def test_classes_have_the_names_and_colours_of_their_game(page: Page, site: Site) -> None:
    for fight, name, color in ((1, "Stormblade", "#674598"), (3, "Class 1", "#9e9e9e")):
        page.goto(f"{site.address}/fight/{fight}")
        aoi = party(page).filter(has_text="Aoi")
        expect(aoi.locator("[col-id=spec]")).to_have_text(name)
        expect(aoi.locator(".rl-name")).to_have_attribute("style", f"--class: {color};")
    expect(page.locator(".rl-fact").filter(has_text="Recorder")).to_contain_text(EVIL)
    expect(page.locator(".rl-fact").filter(has_text="Game")).to_contain_text("wow")


def test_players_with_the_same_id_are_told_apart_by_their_game(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/players")
    expect(rows(page)).to_have_count(4)
    rows(page).filter(has_text="Aoi").filter(has_text=BPSR).locator("[col-id=spec]").click()
    expect(page).to_have_url(f"{site.address}/player/7?game=bpsr")
    expect(page.get_by_text(f"{BPSR} · Stormblade")).to_be_visible()
    page.goto(f"{site.address}/player/7")  # the one seen last
    expect(page.get_by_text("wow · Class 1")).to_be_visible()
    expect(page.get_by_text("2 of 2, the newest first.")).to_be_visible()
    page.goto(f"{site.address}/players?search=ao")
    page.get_by_label("Game").click()
    page.get_by_role("option", name="wow").click()
    expect(page).to_have_url(f"{site.address}/players?search=ao&game=wow")
    expect(rows(page)).to_have_count(1)
    expect(page.locator("[col-id=game]")).to_have_count(0)


def test_a_boss_of_two_games_has_a_page_for_each(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/bosses")
    ogre = rows(page).filter(has_text="Ogre").filter(has_text="wow")
    ogre.locator("[col-id=tries]").click()
    expect(page).to_have_url(f"{site.address}/boss?boss=Ogre&game=wow")
    expect(page.locator(".rl-fact").filter(has_text="Attempts")).to_contain_text("1")
    page.get_by_role("link", name="Show these fights in the history").click()
    expect(page).to_have_url(f"{site.address}/?game=wow&boss=Ogre")
    expect(rows(page)).to_have_count(1)
    page.goto(f"{site.address}/bosses?game=bpsr")
    expect(rows(page)).to_have_count(4)


def test_fights_of_two_games_are_compared_side_by_side(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/compare?side=1:7&side=3:7&side=4")
    expect(page.get_by_text("Stormblade", exact=True)).to_be_visible()
    expect(page.get_by_text("Class 1", exact=True)).to_be_visible()
    players = page.locator(".ag-root").first
    expect(players.get_by_role("gridcell", name="Aoi")).to_have_count(2)
    players.get_by_role("gridcell", name="Aoi").first.click()
    expect(page).to_have_url(f"{site.address}/compare?side=3%3A7&side=4%3A7")
    page.goto(f"{site.address}/compare?side=1&side=3")
    page.locator(".ag-root").first.get_by_role("gridcell", name="Aoi").first.click()
    expect(page.get_by_text("is in only one of these fights")).to_be_visible()


def test_the_recorders_are_listed_with_their_fights(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/maintenance")
    recorder = rows(page).filter(has_text=EVIL)
    expect(recorder.locator("[col-id=game]")).to_have_text("wow")
    expect(recorder.locator("[col-id=tasks]")).to_have_text("210")
    expect(recorder.locator("[col-id=fights]")).to_have_text("2")
    recorder.locator("[col-id=tasks]").click()
    expect(page).to_have_url(f"{site.address}/?recorder={quote_plus(EVIL)}")


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark")])
def test_no_page_of_two_games_shuts_anybody_out(
    browser: Browser, site: Site, width: int, scheme: str
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    page = context.new_page()
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    found = {}
    for address in ADDRESSES:
        page.goto(f"{site.address}{address}", wait_until="networkidle")
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        if faults := grave(Axe().run(page).response):
            found[address] = faults
    context.close()
    assert found == {}


def test_names_and_tasks_are_imported_for_the_chosen_game(
    page: Page, site: Site, tmp_path: Path
) -> None:
    names = tmp_path / "skills.json"
    names.write_text('{"17": "Iai Slash"}')
    page.goto(f"{site.address}/maintenance")
    page.get_by_role("button", name="Names of skills").click()
    page.get_by_label("Game of names and tasks").click()
    page.get_by_role("option", name="wow").click()
    page.set_input_files("input[type=file]", names)
    expect(page.get_by_text("loaded 1 names")).to_be_visible()
    with Database.open(site.path, record=False) as db:
        assert db.commands.get_catalog(game="wow").skills == 1
        assert db.commands.get_catalog(game="bpsr").skills == 0
