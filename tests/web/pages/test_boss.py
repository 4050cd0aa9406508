"""The bosses and scenes, and all attempts at one of them."""

from playwright.sync_api import Page, expect

from tests.helpers.pages import Site, rows


def test_bosses_and_scenes_are_listed_and_opened(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/bosses")
    expect(rows(page)).to_have_count(5)
    ogre = rows(page).filter(has_text="Ogre")
    expect(ogre.locator("[col-id=tries]")).to_have_text("6")
    expect(ogre.locator("[col-id=kills]")).to_have_text("6")
    expect(ogre.locator("[col-id=best]")).to_have_text("0:10")
    ogre.locator("[col-id=tries]").click()
    expect(page).to_have_url(f"{site.address}/boss?boss=Ogre&game=bpsr")


def test_a_boss_has_times_dps_by_class_and_tries(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/boss?boss=Ogre")
    expect(page.get_by_role("heading", name="Ogre")).to_be_visible()
    facts = page.locator(".rl-fact")
    expect(facts.filter(has_text="Best time")).to_contain_text("0:10")
    expect(facts.filter(has_text="Time spent")).to_contain_text("1:00")
    expect(page.get_by_text("DPS by class, over all 6 kills")).to_be_visible()
    expect(page.locator("canvas")).to_have_count(2)
    page.get_by_role("link", name="Show these fights in the history").click()
    expect(page).to_have_url(f"{site.address}/?boss=Ogre")


def test_a_boss_never_killed_has_no_dps_by_class(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/boss?boss=Imp")
    expect(page.get_by_text("DPS by class appears with the first kill.")).to_be_visible()
    expect(page.get_by_text("Fastest kills")).to_have_count(0)
    rows(page).first.locator("[col-id=duration]").click()
    expect(page).to_have_url(f"{site.address}/fight/12")


def test_a_scene_has_a_page_as_well(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/bosses")
    rows(page).filter(has_text="Court 2").locator("[col-id=tries]").click()
    expect(page.get_by_role("heading", name="Court 2")).to_be_visible()
    expect(page.locator(".rl-fact").filter(has_text="Attempts")).to_contain_text("4")


def test_what_was_never_met_is_reported(page: Page, site: Site) -> None:
    for address, told in (
        ("/boss?boss=Nobody", "there is no fight with 'Nobody'"),
        ("/boss", "give bossName, sceneName or both"),
    ):
        page.goto(f"{site.address}{address}")
        expect(page.get_by_role("alert")).to_contain_text(told)


def test_without_a_fight_it_says_when_bosses_come(page: Page, empty_site: Site) -> None:
    page.goto(f"{empty_site.address}/bosses")
    expect(page.get_by_text("No fight has ended yet.")).to_be_visible()
