"""The interface's page in a browser: what it lists can be tried, and it asks nobody else."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from resonance_logs.commands.registry import REGISTRY
from tests.helpers.axe import grave
from tests.helpers.pages import TOKEN, Site


def open_reference(page: Page, address: str) -> None:
    page.goto(address)
    expect(page.locator(".opblock").first).to_be_visible()


def test_every_command_is_listed_and_can_be_tried(page: Page, site: Site) -> None:
    open_reference(page, f"{site.address}/api/docs")
    expect(page.locator(".opblock[id^=operations-commands-]")).to_have_count(len(REGISTRY))
    for name in REGISTRY:
        expect(page.locator(f"#operations-commands-{name}")).to_be_attached()
    recent = page.locator("#operations-commands-get_recent_encounters")
    recent.locator(".opblock-summary-control").click()
    recent.locator("textarea").fill('{"limit": 2, "offset": 0}')
    recent.get_by_role("button", name="Execute").click()
    answer = recent.locator(".live-responses-table")
    expect(answer).to_contain_text("200")
    expect(answer).to_contain_text('"totalCount": 12')


def test_with_a_token_the_browser_gives_it_by_itself(page: Page, site_with_token: Site) -> None:
    open_reference(page, f"{site_with_token.address}/api/docs?token={TOKEN}")
    expect(page).to_have_url(f"{site_with_token.address}/api/docs")
    names = page.locator("#operations-commands-get_unique_boss_names")
    names.locator(".opblock-summary-control").click()
    names.get_by_role("button", name="Execute").click()
    expect(names.locator(".live-responses-table")).to_contain_text('"names"')


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_used_by_everybody(page: Page, site: Site, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_reference(page, f"{site.address}/api/docs")
    expect(page.locator("html.dark-mode")).to_have_count(int(scheme == "dark"))
    assert grave(Axe().run(page).response) == []


def test_it_is_found_in_the_help(page: Page, site: Site) -> None:
    page.goto(site.address)
    page.get_by_role("button", name="Help").click()
    page.get_by_role("link", name="Try the HTTP API").click()
    page.wait_for_url(f"{site.address}/api/docs")
    expect(page.locator(".opblock").first).to_be_visible()
