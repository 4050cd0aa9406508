"""The history as a reader walks it: the list, its filters, its address, several fights at once."""

from playwright.sync_api import Locator, Page, expect

from tests.pages.conftest import EVIL, Site


def rows(page: Page) -> Locator:
    return page.locator(".ag-center-cols-container [role=row]")


def test_the_newest_fights_are_listed_with_their_figures(page: Page, site: Site) -> None:
    page.goto(site.address)
    expect(rows(page)).to_have_count(12)
    first = rows(page).first
    expect(first).to_contain_text("25 Nov 2023")
    expect(first).to_contain_text("Court 2")
    expect(first).to_contain_text("Imp")
    expect(first).to_contain_text("wiped")
    expect(first).to_contain_text("0:10")
    expect(first).to_contain_text("2.4m")
    expect(first.locator("[title='2,400,000']")).to_have_count(1)
    expect(page.get_by_text("fights 1 to 12 of 12")).to_be_visible()


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
    page.goto(f"{site.address}/?boss=Imp&sort=totalDmg&ascending=1&scene=Court+1")
    expect(rows(page)).to_have_count(2)
    expect(rows(page).first).to_contain_text("400k")


def test_a_filter_that_nothing_passes_says_what_to_do(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?boss=Nobody")
    expect(page.get_by_text("No fight passes these filters.")).to_be_visible()


def test_an_address_that_makes_no_sense_shows_the_list(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/?page=x&size=3&sort=gold&since=soon&kind=a&least=-1")
    expect(rows(page)).to_have_count(12)


def test_without_a_fight_it_says_how_to_record_one(page: Page, empty_site: Site) -> None:
    page.goto(empty_site.address)
    expect(page.get_by_text("Nothing is recorded yet.")).to_be_visible()
    expect(page.get_by_text("resonance-logs ingest")).to_be_visible()


def test_a_long_list_has_pages(page: Page, site: Site) -> None:
    import httpx

    from resonance_logs import encode_task
    from tests.pages.conftest import raid

    lines = b"".join(encode_task(task) + b"\n" for number in range(20, 40) for task in raid(number))
    assert httpx.post(f"{site.address}/api/tasks", content=lines).json()["committed"]
    page.goto(f"{site.address}/?size=25")
    expect(page.get_by_text("fights 1 to 25 of 32")).to_be_visible()
    page.get_by_role("button", name="2", exact=True).click()
    expect(page.get_by_text("fights 26 to 32 of 32")).to_be_visible()
    expect(page).to_have_url(f"{site.address}/?page=2&size=25")


def test_chosen_fights_are_marked_and_deleted_and_deleting_is_undone(
    page: Page, site: Site
) -> None:
    page.goto(site.address)
    boxes = page.locator(".ag-row .ag-checkbox-input")
    boxes.nth(0).click()
    boxes.nth(1).click()
    expect(page.get_by_text("2 chosen")).to_be_visible()
    page.get_by_role("button", name="Favourite", exact=True).click()
    expect(rows(page).first).to_contain_text("★")
    boxes.nth(0).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("nothing was deleted")).to_be_visible()
    expect(rows(page)).to_have_count(12)
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(rows(page)).to_have_count(11, timeout=15_000)


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
