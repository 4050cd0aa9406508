"""The pages by keyboard."""

from playwright.sync_api import Page, expect

from tests.helpers.pages import Site


def test_a_question_mark_shows_the_keys(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("focus the filter")
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.get_by_role("button", name="Help").click()
    expect(page.get_by_role("dialog")).to_be_visible()


def test_a_slash_goes_to_the_filter_and_there_is_only_a_slash(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("/")
    box = page.get_by_label("Boss")
    expect(box).to_be_focused()
    page.keyboard.type("og/?")
    expect(box).to_have_value("og/?")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_arrows_lead_into_the_list_and_enter_opens_a_fight(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{site.address}/fight/11")


def test_space_ticks_a_fight(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()


def test_the_content_is_one_step_away(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/bosses")
    page.locator(".ag-row").first.wait_for()
    page.keyboard.press("Tab")
    expect(page.get_by_text("Skip to content")).to_be_focused()
