"""The players, and everything about one of them."""

from playwright.sync_api import Page, expect

from tests.helpers.pages import EVIL, Site, rows


def test_players_are_found_by_a_part_of_the_name_and_opened(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/players")
    expect(rows(page)).to_have_count(2)
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("/")
    page.keyboard.type("AO")
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(f"{site.address}/players?search=AO")
    rows(page).first.locator("[col-id=player]").click()
    expect(page).to_have_url(f"{site.address}/player/7?game=bpsr")
    expect(page.get_by_role("heading", name="Aoi")).to_be_visible()


def test_a_name_that_nobody_has_says_what_to_do(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/players?search=zzz")
    expect(page.get_by_text("No player has this name.")).to_be_visible()


def test_a_player_has_figures_bosses_classes_and_fights(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/player/7")
    # 50 hits of 1,000 to 12,000 in each of twelve fights of 10 s.
    facts = page.locator(".rl-fact")
    expect(facts.filter(has_text="Fights")).to_contain_text("12")
    expect(facts.filter(has_text="Kills")).to_contain_text("6")
    expect(facts.filter(has_text="Damage")).to_contain_text("3.9m")
    expect(facts.filter(has_text="Best DPS")).to_contain_text("60k")
    bosses = page.locator(".ag-row", has_text="Ogre").first
    expect(bosses).to_contain_text("6")
    expect(page.locator(".ag-row", has_text="Stormblade").first).to_contain_text("12")
    expect(page.locator("canvas")).to_have_count(1)
    newest_kill = page.locator(".ag-row", has_text="killed").first
    expect(newest_kill.locator("[col-id=percentile]")).to_have_text("100")


def test_a_boss_chosen_leaves_its_fights_and_is_in_the_address(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/player/7")
    page.locator(".ag-row", has_text="Imp").first.click()
    expect(page.get_by_text("Fights with Imp")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/player/7?game=bpsr&boss=Imp")
    expect(page.get_by_text("6 of 6, the newest first.")).to_be_visible()
    page.get_by_role("button", name="All fights").click()
    expect(page.get_by_text("12 of 12, the newest first.")).to_be_visible()


def test_a_name_is_only_text(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/player/8")
    expect(page.get_by_role("heading", name=EVIL)).to_be_visible()
    expect(page.locator("img")).to_have_count(0)


def test_a_player_who_is_not_there_is_reported(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/player/77")
    expect(page.get_by_role("alert")).to_contain_text("there is no player 77")


def test_without_a_player_it_says_when_they_come(page: Page, empty_site: Site) -> None:
    page.goto(f"{empty_site.address}/players")
    expect(page.get_by_text("No players yet.")).to_be_visible()
