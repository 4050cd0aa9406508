"""One fight as a reader uses it: header, curve, both sides, one actor, a range, sharing."""

import re
import sqlite3
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from resonance_logs import Database, InsertDamageEvent
from tests.helpers.fight_page import (
    button,
    choose_seconds,
    curve,
    drag,
    expect_lines,
    open_fight,
    panel,
    party,
    send,
)
from tests.helpers.pages import EVIL, FIRST_MS, Site, raid, rows

PNG = b"\x89PNG\r\n\x1a\n"


def test_the_head_tells_what_fight_it_was_and_how_it_ended(page: Page, site: Site) -> None:
    open_fight(page, site)
    expect(page.get_by_role("heading", name="Court 0")).to_be_visible()
    expect(page.get_by_text("Ogre")).to_be_visible()
    expect(page.get_by_text("killed", exact=True)).to_be_visible()
    for name, value in (
        ("Started", "14 Nov 2023, 22:13"),
        ("Duration", "0:10"),
        ("Damage", "200k"),
        ("DPS", "20k"),
        ("Healing", "77"),
        ("HPS", "7.7"),
        ("Players", "2"),
    ):
        fact = page.locator(".rl-fact", has=page.get_by_text(name, exact=True))
        expect(fact).to_contain_text(value)
    expect(page.locator("[title='200,000']")).to_have_count(1)
    expect(page).to_have_title("Ogre · Court 0 · Resonance Logs")


def test_the_table_has_everybody_with_share_and_rates(page: Page, site: Site) -> None:
    open_fight(page, site)
    first = party(page).first
    for column, text in (
        ("player", EVIL),
        ("total", "150k"),
        ("rate", "15.0k"),
        ("share", "75.0%"),
        ("spec", "Verdant Oracle"),
        ("active", "15.3k"),
        ("bosses", "150k"),
        ("hits", "50"),
        ("crit", "0.0%"),
        ("lucky", "0.0%"),
    ):
        expect(first.locator(f"[col-id={column}]")).to_contain_text(text)
    expect(first.locator("[title='150,000']").first).to_be_visible()
    expect(party(page).nth(1).locator(".rl-you")).to_have_text("Aoi")


def test_healing_has_a_table_and_a_curve_of_its_own(page: Page, site: Site) -> None:
    open_fight(page, site)
    button(page, "Healing").click()
    expect(party(page)).to_have_count(1)
    expect(party(page).first).to_contain_text("77")
    expect(page.get_by_role("heading", name="Healing per second")).to_be_visible()
    expect_lines(page, [(EVIL, "all")])


def test_where_nobody_did_anything_of_a_kind_it_says_what_to_do(page: Page, site: Site) -> None:
    open_fight(page, site)
    button(page, "Taken").click()
    expect(page.get_by_text("No damage was taken.")).to_be_visible()
    expect(page.get_by_text("Select Damage or Healing to see other figures.")).to_be_visible()
    expect(page.get_by_text("No damage taken in this fight.")).to_be_visible()
    expect(page.get_by_text(re.compile("^In this fight: .*Aoi"))).to_be_visible()
    button(page, "Picture").click()
    expect(page.get_by_text("There is nothing to draw.")).to_be_visible()


def test_the_monsters_have_tables_too(page: Page, site: Site) -> None:
    open_fight(page, site)
    button(page, "Taken").click()
    page.get_by_label("Side").get_by_role("button", name="Monsters").click()
    expect(party(page)).to_have_count(1)
    expect(party(page).first).to_contain_text("Ogre")
    expect(party(page).first).to_contain_text("200k")
    expect_lines(page, [("Ogre", "all")])
    party(page).first.locator("[col-id=player]").click()
    expect(panel(page).get_by_text("Ogre: damage taken")).to_be_visible()
    expect(panel(page).get_by_text("Sources")).to_be_visible()
    expect(panel(page)).to_contain_text(EVIL)


def test_dragging_on_the_curve_computes_every_table_again(page: Page, site: Site) -> None:
    open_fight(page, site)
    party(page).nth(1).locator("[col-id=player]").click()
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).to_contain_text("50.0k")
    expect_lines(page, [("Skill 5", "all")])
    drag(page, 0.3, 0.6, 0.4)
    expect(
        page.get_by_role("status").get_by_text(re.compile(r"From 0:0\d.* to 0:0"))
    ).to_be_visible()
    expect(party(page).first).not_to_contain_text("150k")
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).not_to_contain_text("50.0k")
    expect(panel(page).locator("[role=row]", has_text="Ogre")).not_to_contain_text("50.0k")
    button(page, "Whole fight").click()
    expect(page.get_by_text("Whole fight · 0:10")).to_be_visible()
    expect(party(page).first).to_contain_text("150k")
    expect(panel(page).locator("[role=row]", has_text="Ogre")).to_contain_text("50.0k")


def test_the_handles_below_the_curve_select_a_range_too(page: Page, site: Site) -> None:
    open_fight(page, site)
    box = curve(page).bounding_box()
    assert box is not None
    right, low = box["x"] + box["width"] - 16, box["y"] + box["height"] - 19
    page.mouse.move(right, low)
    page.mouse.down()
    page.mouse.move(right - box["width"] / 2, low, steps=8)
    page.mouse.up()
    expect(page.get_by_role("status").get_by_text("From 0:00 to 0:0")).to_be_visible()
    expect(party(page).first).not_to_contain_text("150k")


def test_a_range_is_selected_by_keyboard_and_its_figures_are_exact(page: Page, site: Site) -> None:
    open_fight(page, site)
    curve(page)
    choose_seconds(page, "0", "5")
    button(page, "Apply").click()
    expect(page.get_by_text("From 0:00 to 0:05")).to_be_visible()
    expect(party(page).first.locator("[col-id=total]")).to_have_text("75.0k")
    expect(party(page).first.locator("[col-id=rate]")).to_have_text("15.0k")
    expect(party(page).nth(1).locator("[col-id=hits]")).to_have_text("25")
    choose_seconds(page, "0", "2.5")
    page.get_by_label("To", exact=True).press("Enter")
    expect(page.get_by_text("From 0:00 to 0:02.5")).to_be_visible()
    expect(party(page).nth(1).locator("[col-id=hits]")).to_have_text("13")
    # The other tables and kinds cover the same range, also when selected later.
    party(page).nth(1).locator("[col-id=player]").click()
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).to_contain_text("13.0k")
    button(page, "Healing").click()
    expect(party(page).first.locator("[col-id=total]")).to_have_text("77")
    choose_seconds(page, "5", "6")
    button(page, "Apply").click()
    expect(page.get_by_text("Select another range, or the whole fight.")).to_be_visible()


def test_the_curve_shows_a_range_selected_in_the_boxes_and_does_not_select_it_again(
    page: Page, site: Site
) -> None:
    open_fight(page, site)
    curve(page)
    chart = "getElement(document.querySelector('.rl-chart').id.slice(1)).chart"
    page.evaluate(f"() => {{ window.told = 0; {chart}.on('datazoom', () => window.told++); }}")
    choose_seconds(page, "0", "5")
    button(page, "Apply").click()
    page.wait_for_function(f"() => {chart}.getOption().dataZoom[0].endValue === 5")
    assert page.evaluate("window.told") == 0
    drag(page, 0.3, 0.6, 0.4)
    page.wait_for_function("() => window.told > 0")


def test_what_is_shown_of_a_fight_is_in_its_address(page: Page, site: Site) -> None:
    open_fight(page, site)
    button(page, "Monsters").click()
    expect(page).to_have_url(f"{site.address}/fight/1?side=monsters")
    button(page, "Players").click()
    choose_seconds(page, "0", "5")
    button(page, "Apply").click()
    party(page).nth(1).locator("[col-id=player]").click()
    expect(panel(page)).to_be_visible()
    expect(page).to_have_url(f"{site.address}/fight/1?from=0&to=5000&actor=7")
    page.reload()
    expect(page.get_by_text("From 0:00 to 0:05")).to_be_visible()
    expect(party(page).nth(1).locator("[col-id=hits]")).to_have_text("25")
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).to_contain_text("25.0k")
    expect(page.get_by_label("To", exact=True)).to_have_value("5.0")
    page.goto(f"{site.address}/fight/1?kind=heal&from=77000&to=99000")
    expect(party(page).first.locator("[col-id=total]")).to_have_text("77")
    expect(page.get_by_text("Whole fight · 0:10")).to_be_visible()
    page.goto(f"{site.address}/fight/1?actor=12345")
    expect(page.get_by_text("actor 12345 is not in fight 1")).to_be_visible()
    for wrong in ("abc", "9" * 40, "-"):
        page.goto(f"{site.address}/fight/{wrong}")
        expect(page.get_by_text(f"there is no fight '{wrong}'")).to_be_visible()


def test_a_range_that_ends_before_it_begins_is_refused(page: Page, site: Site) -> None:
    open_fight(page, site)
    choose_seconds(page, "6", "5")
    button(page, "Apply").click()
    expect(page.get_by_text("Start must be before end.")).to_be_visible()
    expect(page.get_by_text("Whole fight · 0:10")).to_be_visible()


def test_a_click_on_a_row_opens_its_skills_and_targets_and_they_can_be_closed(
    page: Page, site: Site
) -> None:
    open_fight(page, site)
    party(page).nth(1).locator("[col-id=spec]").click()
    expect(panel(page).get_by_role("heading", name="Aoi: damage")).to_be_visible()
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).to_contain_text("100.0%")
    expect(panel(page).locator("[role=row]", has_text="Ogre")).to_contain_text("100.0%")
    expect(party(page).nth(1)).to_have_attribute("aria-selected", "true")
    expect(party(page).first).to_have_attribute("aria-selected", "false")
    expect_lines(page, [("Skill 5", "all")])
    button(page, "Close").click()
    expect(panel(page)).to_have_count(0)
    expect(party(page).nth(1)).to_have_attribute("aria-selected", "false")
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])


def test_a_row_is_opened_by_enter_and_names_are_text(page: Page, site: Site) -> None:
    open_fight(page, site)
    party(page).nth(1).locator("[col-id=player]").focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(panel(page).get_by_role("heading", name=f"{EVIL}: damage")).to_be_visible()
    button(page, "Healing").click()
    expect(panel(page).get_by_role("heading", name=f"{EVIL}: healing")).to_be_visible()
    expect(panel(page).locator("[role=row]", has_text="Aoi")).to_contain_text("77")
    expect(page.locator("img")).to_have_count(0)


def test_the_curve_is_drawn_as_the_reader_likes(page: Page, site: Site) -> None:
    open_fight(page, site)
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])
    button(page, "Lines").click()
    expect_lines(page, [(EVIL, "none"), ("Aoi", "none")])
    page.get_by_label("Lines of").get_by_role("button", name="Skills").click()
    expect_lines(page, [("Skill 5", "none")])
    page.get_by_label("Lines of").get_by_role("button", name="Targets").click()
    expect_lines(page, [("Ogre", "none")])
    points = "() => getElement(document.querySelector('.rl-chart')?.id.slice(1))?.chart" + (
        "?.getOption()?.series?.[0].data.length"
    )
    page.wait_for_function(f"({points})() > 120")
    button(page, "Off").click()
    page.wait_for_function(f"({points})() === 100")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_picture_of_the_table_is_saved(page: Page, site: Site, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_fight(page, site)
    button(page, "Picture").click()
    picture = page.get_by_role("img", name=f"Court 0: {EVIL} 75%, Aoi 25%")
    expect(picture).to_be_visible()
    corner = "each => each.getContext('2d').getImageData(2, 2, 1, 1).data[0]"
    assert (picture.evaluate(corner) < 100) == (scheme == "dark")
    before = picture.evaluate(corner)
    page.get_by_role("switch", name="Dark").click()
    assert picture.evaluate(corner) != before
    with page.expect_download() as download:
        button(page, "Save").click()
    assert download.value.suggested_filename == "fight-1-damage.png"
    content = Path(download.value.path()).read_bytes()
    assert content.startswith(PNG)
    assert len(content) > 5_000


def test_a_picture_is_copied_where_the_browser_lets_it(page: Page, site: Site) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_fight(page, site)
    button(page, "Picture").click()
    expect(page.get_by_role("img", name="Court 0")).to_be_visible()
    button(page, "Copy").click()
    expect(page.get_by_text("copied")).to_be_visible()
    types = "async () => (await navigator.clipboard.read())[0].types"
    assert page.evaluate(types) == ["image/png"]


@pytest.mark.parametrize(
    ("of", "form"), [("actors", "CSV"), ("skills", "JSON"), ("hits", "Parquet")]
)
def test_the_fight_is_exported(page: Page, site: Site, of: str, form: str) -> None:
    open_fight(page, site)
    button(page, "Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=f"{of} as {form}").click()
    assert download.value.suggested_filename == f"fight-1-{of}.{form.lower()}"
    assert Path(download.value.path()).stat().st_size > 0


def test_the_fight_is_passed_on_as_a_file(page: Page, site: Site, tmp_path: Path) -> None:
    open_fight(page, site)
    button(page, "Export").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="A file to import into another database").click()
    with Database.open(tmp_path / "other.db") as other:
        assert len(other.import_fights(Path(download.value.path())).imported) == 1


def test_a_fight_that_does_not_exist_is_reported(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/77")
    expect(page.get_by_role("alert")).to_contain_text("there is no fight 77")


def test_a_fight_whose_hits_are_not_kept_still_has_its_figures(page: Page, site: Site) -> None:
    body = {"keepHitsNewest": 1}
    httpx.post(f"{site.address}/api/commands/prune_encounters", json=body).raise_for_status()
    open_fight(page, site)
    expect(page.get_by_text("The individual hits of this fight are not stored.")).to_be_visible()
    expect(button(page, "Apply")).to_be_hidden()
    party(page).nth(1).locator("[col-id=player]").click()
    expect(panel(page).locator("[role=row]", has_text="Skill 5")).to_contain_text("50.0k")


def test_what_goes_wrong_is_reported_in_its_place_and_passes(page: Page, site: Site) -> None:
    open_fight(page, site)
    curve(page)
    body = {"keepHitsNewest": 1}
    httpx.post(f"{site.address}/api/commands/prune_encounters", json=body).raise_for_status()
    choose_seconds(page, "0", "5")
    button(page, "Apply").click()
    expect(page.get_by_role("alert")).to_contain_text("stored without its individual hits")
    button(page, "Whole fight").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(party(page).first).to_contain_text("150k")


def test_until_the_answers_are_there_the_page_says_that_it_is_busy(page: Page, site: Site) -> None:
    sent = httpx.get(f"{site.address}/fight/1").text
    assert "aria-busy" in sent
    assert "skeleton" in sent
    open_fight(page, site)
    curve(page)
    expect(page.locator("[aria-busy]")).to_have_count(0)
    expect(page.locator(".q-skeleton")).to_have_count(0)


def test_what_a_fight_misses_is_reported(page: Page, site: Site) -> None:
    connection = sqlite3.connect(site.path)
    connection.execute("UPDATE encounters SET total_dmg = 9 WHERE id = 2")
    connection.commit()
    connection.close()
    page.goto(f"{site.address}/fight/2")
    expect(page.get_by_text("The stored figures are damaged")).to_be_visible()


def test_the_tries_of_a_boss_lead_to_each_other(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/3")
    expect(page.get_by_text("attempt 2 of 6")).to_be_visible()
    page.get_by_role("link", name="next attempt").click()
    expect(page).to_have_url(f"{site.address}/fight/5")
    page.goto(f"{site.address}/fight/1")
    expect(page.get_by_text("attempt 1 of 6")).to_be_visible()
    expect(page.get_by_role("link", name="previous attempt")).to_have_count(0)


def test_an_open_fight_is_shown_as_it_is_so_far(page: Page, site: Site) -> None:
    tasks = raid(30)
    send(site, tasks[:23])
    number = httpx.post(f"{site.address}/api/commands/get_live_encounter", json={}).json()["id"]
    open_fight(page, site, number)
    expect(page.get_by_text("still open")).to_be_visible()
    expect(party(page).first).to_contain_text("930k")
    expect_lines(page, [(EVIL, "all"), ("Aoi", "all")])
    send(site, tasks[23:103])
    button(page, "Refresh").click()
    expect(party(page).first).to_contain_text("4.65m")
    choose_seconds(page, "0", "1")
    button(page, "Apply").click()
    expect(party(page).first.locator("[col-id=hits]")).to_have_text("5")


def test_two_of_one_name_are_distinguished(page: Page, site: Site) -> None:
    begin, *rest, end = raid(40)
    start = FIRST_MS + 40 * 86_400_000
    imps = [
        InsertDamageEvent(
            timestamp_ms=start + 10 * n, attacker_id=900 + n, defender_id=7, value=5 + n
        )
        for n in range(3)
    ]
    named = [
        InsertDamageEvent(
            timestamp_ms=start + 100, attacker_id=7, defender_id=each, value=1, monster_name="Imp"
        )
        for each in (901, 902)
    ]
    send(site, [begin, *rest, *imps, *named, end])
    open_fight(page, site, 13)
    page.get_by_label("Side").get_by_role("button", name="Monsters").click()
    expect(party(page)).to_have_count(3)
    expect(party(page).nth(0)).to_contain_text("Imp #902")
    expect(party(page).nth(1)).to_contain_text("Imp #901")
    expect(party(page).nth(2)).to_contain_text("Ogre")


def test_on_a_phone_nothing_is_cut_off_and_the_first_columns_stay(page: Page, site: Site) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_fight(page, site)
    heads = page.locator(".rl-opens .ag-header-cell")
    expect(heads).to_have_text(["Name", "Total", "DPS", "Share"])
    page.wait_for_function("document.documentElement.scrollWidth <= 390")
    page.wait_for_function(
        "() => { const each = document.querySelector('.rl-opens .ag-center-cols-viewport');"
        " return each.scrollWidth <= each.clientWidth + 1; }"
    )
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(heads).to_have_count(10)


def test_a_fight_is_marked_with_a_star_a_note_and_tags(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/2")
    page.get_by_role("button", name="Favourite", exact=True).click()
    expect(page.get_by_role("button", name="Remove favourite")).to_be_visible()
    page.get_by_role("button", name="Note and tags").click()
    page.get_by_label("Note", exact=True).fill(f"so close {EVIL}")
    page.get_by_label("Tags").fill("progress")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".rl-tag")).to_have_text("progress")
    expect(page.get_by_text(f"so close {EVIL}")).to_be_visible()
    page.goto(f"{site.address}/?tag=progress&favorites=1")
    expect(rows(page)).to_have_count(1)
    expect(rows(page).first).to_contain_text(f"so close {EVIL}")


def test_a_fight_leads_to_its_boss_to_its_players_and_to_a_comparison(
    page: Page, site: Site
) -> None:
    page.goto(f"{site.address}/fight/3")
    page.get_by_role("link", name="Ogre").click()
    expect(page).to_have_url(f"{site.address}/boss?boss=Ogre&game=bpsr")
    page.goto(f"{site.address}/fight/3")
    page.get_by_role("link", name="compare", exact=True).click()
    expect(page).to_have_url(f"{site.address}/compare?side=1&side=3")
    page.goto(f"{site.address}/fight/3")
    rows(page).nth(1).locator("[col-id=total]").click()
    page.get_by_role("link", name="all fights").click()
    expect(page).to_have_url(f"{site.address}/player/7?game=bpsr")


def test_a_fight_is_deleted_on_its_page_once_that_is_confirmed(page: Page, site: Site) -> None:
    open_fight(page, site, 12)
    button(page, "Delete").click()
    button(page, "Cancel").click()
    expect(page.get_by_text("This cannot be undone.")).to_be_hidden()
    expect(page).to_have_url(f"{site.address}/fight/12")
    button(page, "Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page).to_have_url(f"{site.address}/")
    expect(rows(page)).to_have_count(11)
    page.goto(f"{site.address}/fight/12")
    expect(page.get_by_role("alert")).to_contain_text("there is no fight 12")
