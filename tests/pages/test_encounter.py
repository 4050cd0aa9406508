"""One fight: its head, its chart, its tables, and a part of it."""

from playwright.sync_api import Page, expect

from tests.pages.conftest import EVIL, Site
from tests.pages.test_history import rows


def test_the_head_and_the_table_have_the_figures(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/1")
    expect(page.get_by_text("Court 0")).to_be_visible()
    expect(page.get_by_text("200k damage")).to_be_visible()
    expect(page.get_by_text("killed", exact=True)).to_be_visible()
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text(EVIL)
    expect(rows(page).first).to_contain_text("150k")
    expect(rows(page).first).to_contain_text("75%")
    expect(rows(page).nth(1)).to_contain_text("Aoi")
    expect(page.locator("canvas")).to_have_count(1)


def test_healing_and_damage_taken_have_tables_of_their_own(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/1")
    page.get_by_role("button", name="Healing").click()
    expect(rows(page).first).to_contain_text("77")
    page.get_by_role("button", name="Taken").click()
    expect(rows(page).first).to_contain_text("0%")


def test_a_part_of_the_fight_computes_the_table_again(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/1")
    canvas = page.locator("canvas").bounding_box()
    assert canvas is not None
    left, right, low = canvas["x"] + 60, canvas["x"] + canvas["width"] - 20, canvas["y"] + 265
    page.mouse.move(right, low)
    page.mouse.down()
    page.mouse.move(left + (right - left) / 2, low, steps=8)
    page.mouse.up()
    expect(page.get_by_text("from second 0.0 to")).to_be_visible()
    # Of 10 s the hits are in all; half of them are in the first half.
    expect(rows(page).first).not_to_contain_text("150k")


def test_a_fight_that_is_not_there_is_told(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/77")
    expect(page.get_by_text("there is no encounter 77")).to_be_visible()


def test_a_fight_whose_hits_are_not_kept_still_has_its_figures(page: Page, site: Site) -> None:
    import httpx

    body = {"keepHitsNewest": 1}
    httpx.post(f"{site.address}/api/commands/prune_encounters", json=body).raise_for_status()
    page.goto(f"{site.address}/fight/1")
    expect(page.get_by_text("The single hits of this fight are not kept.")).to_be_visible()
    expect(rows(page)).to_have_count(2)


def test_a_click_on_a_player_shows_the_skills(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/1")
    rows(page).nth(1).locator("[col-id=spec]").click()
    expect(page.get_by_text("Aoi: damage by skill")).to_be_visible()
    skill = page.locator("[role=row]", has_text="Skill 5")
    expect(skill).to_contain_text("50k")
    expect(skill).to_contain_text("100%")
    page.get_by_role("button", name="Taken").click()
    expect(page.get_by_text("Aoi: taken by skill")).to_be_visible()


def test_what_a_fight_misses_is_told(page: Page, site: Site) -> None:
    import sqlite3

    connection = sqlite3.connect(site.path)
    connection.execute("UPDATE encounters SET total_dmg = 9 WHERE id = 2")
    connection.commit()
    connection.close()
    page.goto(f"{site.address}/fight/2")
    expect(page.get_by_text("What is shown here is not what was written")).to_be_visible()


def test_the_tries_of_a_boss_lead_to_each_other(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/3")
    expect(page.get_by_text("try 2 of 6")).to_be_visible()
    page.get_by_role("link", name="next try").click()
    expect(page).to_have_url(f"{site.address}/fight/5")
    page.goto(f"{site.address}/fight/1")
    expect(page.get_by_text("try 1 of 6")).to_be_visible()
    expect(page.get_by_role("link", name="previous try")).to_have_count(0)
