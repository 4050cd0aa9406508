"""Comparing fights or players."""

import httpx
from playwright.sync_api import Page, expect

from resonance_logs.web.pages.compare import address, read_sides
from tests.helpers.pages import EVIL, Site, rows


def test_an_address_names_the_sides_and_nonsense_is_left_out() -> None:
    sides = [(1, None), (2, 7), (3, -5)]
    assert address(sides) == "/compare?side=1&side=2%3A7&side=3%3A-5"
    assert address(sides[:1], "heal") == "/compare?side=1&kind=heal"
    assert read_sides(["1", "2:7", "3:-5"]) == sides
    assert read_sides(["", "x", "1:y", "-1", "9" * 20, "1:", "²"]) == [(1, None)]
    assert len(read_sides(["1"] * 50)) == 8


def test_fights_ticked_in_the_history_are_compared(page: Page, site: Site) -> None:
    page.goto(site.address)
    boxes = page.locator(".ag-row .ag-checkbox-input")
    boxes.nth(0).click()
    page.get_by_role("button", name="Compare").click()
    expect(page.get_by_text("select 2 to 8 fights to compare")).to_be_visible()
    boxes.nth(2).click()
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(f"{site.address}/compare?side=12&side=10")
    expect(page.get_by_text("2.4m").first).to_be_visible()
    expect(page.locator("canvas")).to_have_count(1)
    players, skills = page.locator(".ag-root").all()
    for total in ("1.80m", "1.50m"):
        expect(players.get_by_role("gridcell", name=total)).to_be_visible()
    for total in ("2.40m", "2.00m"):
        expect(skills.get_by_role("gridcell", name=total)).to_be_visible()


def test_players_of_the_fights_stand_beside_each_other(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/compare?side=1&side=3:7")
    players = page.locator(".ag-root").first
    expect(players.get_by_role("gridcell", name="Aoi")).to_be_visible()
    expect(players.get_by_role("gridcell", name=EVIL)).to_be_visible()
    page.get_by_role("button", name="Healing").click()
    heads = page.locator(".ag-root").first.locator(".ag-header-cell-text")
    expect(heads.filter(has_text="HPS")).to_have_count(2)
    expect(players.get_by_role("gridcell", name="Aoi")).to_have_count(0)


def test_who_is_chosen_in_the_table_of_players_is_compared_alone(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/compare?side=1&side=3:8")
    page.get_by_role("gridcell", name="Aoi").click()
    expect(page).to_have_url(f"{site.address}/compare?side=1%3A7&side=3%3A7")
    page.goto(f"{site.address}/compare?side=1&side=1:8")
    page.get_by_role("gridcell", name="Aoi").click()
    expect(page.get_by_text("is in only one of these fights")).to_be_visible()


def test_a_side_can_be_one_player_another_kind_or_left_out(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/compare?side=1&side=3")
    page.get_by_label("Who").first.click()
    page.get_by_role("option", name="Aoi").click()
    expect(page).to_have_url(f"{site.address}/compare?side=1%3A7&side=3")
    expect(page.get_by_text("Active DPS", exact=True)).to_have_count(1)
    page.get_by_role("button", name="Healing").click()
    expect(page).to_have_url(f"{site.address}/compare?side=1%3A7&side=3&kind=heal")
    page.get_by_role("button", name="Remove").first.click()
    expect(page.get_by_text("Compare two or more fights here.")).to_be_visible()


def test_fights_without_their_hits_are_compared_without_a_curve(page: Page, site: Site) -> None:
    body = {"keepHitsNewest": 1}
    httpx.post(f"{site.address}/api/commands/prune_encounters", json=body).raise_for_status()
    page.goto(f"{site.address}/compare?side=1&side=3")
    expect(page.get_by_text("no curve, because the individual hits are not stored")).to_have_count(
        2
    )
    expect(page.locator("canvas")).to_have_count(0)
    expect(page.get_by_text("Skills", exact=True)).to_be_visible()
    expect(rows(page).first).to_be_visible()


def test_a_fight_that_does_not_exist_is_reported(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/compare?side=1&side=77")
    expect(page.get_by_role("alert")).to_contain_text("there is no fight 77")
