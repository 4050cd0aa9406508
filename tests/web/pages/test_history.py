"""The history as a reader uses it: the list, its filters, its URL, several fights at once."""

import json
import re

import httpx
from playwright.sync_api import Page, expect

from resonance_logs import encode_task
from tests.helpers.pages import EVIL, Site, raid, rows


def test_the_newest_fights_are_listed_with_their_figures(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(rows(page)).to_have_count(12)
    first = rows(page).first
    expect(first).to_contain_text("25 Nov 2023")
    expect(first).to_contain_text("Court 2")
    expect(first).to_contain_text("Imp")
    expect(first).to_contain_text("wiped")
    expect(first).to_contain_text("0:10")
    expect(first).to_contain_text("2.40m")
    expect(first.locator("[title='2,400,000']")).to_have_count(1)
    expect(page.get_by_text("fights 1 to 12 of 12")).to_be_visible()
    expect(page.get_by_label("Class")).to_be_visible()
    for unneeded in ("Game", "Recorder"):
        expect(page.get_by_label(unneeded)).to_be_hidden()
        expect(page.get_by_role("columnheader", name=unneeded)).to_have_count(0)


def test_names_are_text_and_you_are_marked(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(rows(page).first.locator(".rl-name", has_text=EVIL)).to_have_count(1)
    expect(rows(page).first.locator(".rl-you")).to_have_text("Aoi")
    expect(page.locator("img")).to_have_count(0)


def test_a_filter_is_in_the_address_and_the_address_is_a_filter(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_label("Boss").click()
    page.get_by_role("option", name="Ogre").click()
    expect(rows(page)).to_have_count(6)
    page.keyboard.press("Escape")
    assert page.url == f"{site.address}/?boss=Ogre"
    page.get_by_role("switch", name="Kills only").click()
    expect(page).to_have_url(f"{site.address}/?boss=Ogre&kills=1")
    page.get_by_role("switch", name="Favourites").click()
    expect(page.get_by_text("No fight matches these filters.")).to_be_visible()
    page.go_back()
    expect(rows(page)).to_have_count(6)
    expect(page.get_by_role("switch", name="Kills only")).to_be_checked()
    expect(page.get_by_role("switch", name="Favourites")).not_to_be_checked()
    page.go_back()
    expect(page.get_by_role("switch", name="Kills only")).not_to_be_checked()
    page.goto(f"{site.address}/?boss=Imp&sort=totalDmg&ascending=1&scene=Court+1")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("400k")


def test_a_filter_that_nothing_passes_says_what_to_do(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?boss=Nobody")
    expect(page.get_by_text("No fight matches these filters.")).to_be_visible()


def test_an_address_that_makes_no_sense_shows_the_list(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?page=x&size=3&sort=gold&since=soon&kind=a&least=-1")
    expect(rows(page)).to_have_count(12)


def test_a_long_list_has_pages(page: Page, site: Site) -> None:
    from resonance_logs import encode_task
    from tests.helpers.pages import raid

    lines = b"".join(encode_task(task) + b"\n" for number in range(20, 40) for task in raid(number))
    assert httpx.post(f"{site.address}/api/tasks", content=lines).json()["committed"]
    page.goto(f"{site.address}/?size=25")
    expect(page.get_by_text("fights 1 to 25 of 32")).to_be_visible()
    page.get_by_role("button", name="2", exact=True).click()
    expect(page.get_by_text("fights 26 to 32 of 32")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/?page=2&size=25")


def test_selected_fights_are_marked_and_deleted_and_deleting_is_undone(
    page: Page, site: Site
) -> None:
    page.goto(site.address)
    boxes = page.locator(".ag-row .ag-checkbox-input")
    boxes.nth(0).click()
    boxes.nth(1).click()
    expect(page.get_by_text("2 selected")).to_be_visible()
    page.get_by_role("button", name="Favourite", exact=True).click()
    expect(rows(page).first).to_contain_text("★")
    boxes.nth(0).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(11)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("nothing was deleted")).to_be_visible()
    expect(rows(page)).to_have_count(12)
    expect(page.get_by_text("1 selected")).to_be_hidden()
    boxes.nth(1).click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("fights 1 to 11 of 11")).to_be_visible(timeout=15_000)
    expect(rows(page)).to_have_count(11)


def test_what_is_to_be_deleted_is_deleted_though_the_page_is_left(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator(".ag-row .ag-checkbox-input").first.click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(11)
    page.goto(f"{site.address}/bosses")
    page.wait_for_function(
        "async address => (await (await fetch(`${address}/api/commands/get_recent_encounters`,"
        " {method: 'POST', body: '{}', headers: {'Content-Type': 'application/json'}}))"
        ".json()).totalCount === 11",
        arg=site.address,
    )


def test_enter_chooses_the_first_that_passes_what_was_typed(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(rows(page)).to_have_count(12)
    page.keyboard.press("/")
    page.keyboard.type("im")
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/?boss=Imp")
    expect(rows(page)).to_have_count(6)


def test_the_minimum_duration_is_given_in_minutes_and_seconds(page: Page, site: Site) -> None:
    page.goto(site.address)
    box = page.get_by_label("Min. duration")
    box.fill("soon")
    expect(page.get_by_text("minutes:seconds, for example 1:30")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/")
    box.fill("0:09")
    expect(page).to_have_url(f"{site.address}/?least=9")
    expect(page.get_by_text("minutes:seconds, for example 1:30")).to_be_hidden()
    box.fill("1:30")
    expect(page.get_by_text("No fight matches these filters.")).to_be_visible()
    expect(page.get_by_text("at least 1:30")).to_be_visible()
    box.fill("")
    expect(rows(page)).to_have_count(12)


def test_a_fight_is_opened_by_a_click_and_by_enter(page: Page, site: Site) -> None:
    page.goto(site.address)
    rows(page).first.locator("[col-id=scene]").click()
    expect(page).to_have_url(f"{site.address}/fight/12")
    page.go_back()
    cell = rows(page).nth(1).locator("[col-id=scene]")
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/fight/10")


def test_with_ctrl_a_fight_is_opened_in_a_page_of_its_own(page: Page, site: Site) -> None:
    page.goto(site.address)
    with page.context.expect_page() as opened:
        rows(page).first.locator("[col-id=scene]").click(modifiers=["Control"])
    expect(opened.value).to_have_url(f"{site.address}/fight/12")
    expect(page).to_have_url(f"{site.address}/")
    expect(opened.value.get_by_role("heading", level=1)).to_be_visible()
    opened.value.close()


def test_a_fight_that_is_recorded_meanwhile_comes_into_the_list(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(rows(page)).to_have_count(12)
    lines = b"\n".join(encode_task(task) for task in raid(40))
    httpx.post(f"{site.address}/api/tasks", content=lines).raise_for_status()
    expect(rows(page)).to_have_count(13, timeout=15_000)
    expect(page.get_by_text("fights 1 to 13 of 13")).to_be_visible()


def test_filters_are_chips_that_can_be_removed(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?boss=Ogre&kind=1&least=5&kills=1&page=1")
    chips = page.locator(".rl-chip")
    expect(chips).to_have_text(
        [
            re.compile("boss: Ogre"),
            re.compile("class: Stormblade"),
            re.compile("at least 0:05"),
            re.compile("kills only"),
        ]
    )
    chips.first.locator(".q-chip__icon--remove").click()
    expect(page).to_have_url(f"{site.address}/?kind=1&kills=1&least=5")
    expect(chips).to_have_count(3)
    page.get_by_role("button", name="All fights").click()
    expect(page).to_have_url(f"{site.address}/")
    expect(rows(page)).to_have_count(12)
    expect(chips).to_have_count(0)
    expect(page.get_by_role("switch", name="Kills only")).not_to_be_checked()


def test_notes_and_tags_are_shown_and_fights_are_found_by_a_tag(page: Page, site: Site) -> None:
    for name, body in (
        ("set_encounter_note", {"encounterId": 4, "note": "<b>so close</b>"}),
        ("set_encounter_tags", {"encounterId": 4, "tags": ["progress"]}),
    ):
        httpx.post(f"{site.address}/api/commands/{name}", json=body).raise_for_status()
    page.goto(site.address)
    marked = rows(page).filter(has_text="<b>so close</b>")
    expect(marked.locator(".rl-tag")).to_have_text("progress")
    page.get_by_label("Tag").click()
    page.get_by_role("option", name="progress").click()
    expect(rows(page)).to_have_count(1)
    expect(page).to_have_url(f"{site.address}/?tag=progress")


def test_selected_fights_are_exported_as_a_file_or_as_a_table(page: Page, site: Site) -> None:
    page.goto(site.address)
    boxes = page.locator(".ag-row .ag-checkbox-input")
    boxes.nth(0).click()
    boxes.nth(3).click()
    with page.expect_download() as waited:
        page.get_by_role("button", name="Export file").click()
    assert waited.value.suggested_filename == "2-fights.rlog"
    with page.expect_download() as waited:
        page.get_by_role("button", name="Export table").click()
    lines = waited.value.path().read_text().splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["12", "9"]


def test_all_that_is_filtered_is_exported_as_a_table(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?boss=Ogre&size=25")
    with page.expect_download() as waited:
        page.get_by_role("link", name="JSON").click()
    assert len(json.loads(waited.value.path().read_text())) == 6
