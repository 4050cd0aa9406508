"""Notes and tags as a reader writes them."""

from playwright.sync_api import Page, expect

from tests.helpers.pages import Site


def test_a_tag_typed_without_enter_is_saved(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/2")
    page.get_by_role("button", name="Note and tags").click()
    page.get_by_label("Tags").fill("first")
    page.get_by_label("Note", exact=True).click()
    expect(page.get_by_role("dialog").locator(".q-chip")).to_contain_text("first")
    page.get_by_label("Tags").fill(" second ")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".rl-tag")).to_have_text(["first", "second"])
    page.reload()
    expect(page.locator(".rl-tag")).to_have_text(["first", "second"])


def test_a_tag_that_is_there_already_is_not_there_twice(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/2")
    for _ in range(2):
        page.get_by_role("button", name="Note and tags").click()
        page.get_by_label("Tags").fill("progress")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator(".rl-tag")).to_have_text(["progress"])


def test_a_tag_typed_and_cancelled_is_not_saved(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/fight/2")
    page.get_by_role("button", name="Note and tags").click()
    page.get_by_label("Tags").fill("progress")
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator(".rl-tag")).to_have_count(0)
