"""Unknown URLs are reported: to a reader as a page, to a program as an error."""

import re

import httpx
from playwright.sync_api import Browser, expect

from tests.helpers.pages import Site, rows


def test_a_page_that_does_not_exist_is_reported_with_the_way_back(empty_site: Site) -> None:
    answer = httpx.get(f"{empty_site.address}/nope", headers={"accept": "text/html"})
    assert answer.status_code == 404
    assert "There is no page /nope." in answer.text
    assert "Resonance Logs" in answer.text


def test_the_page_of_an_unknown_address_leads_on(browser: Browser, site: Site) -> None:
    page = browser.new_page()
    page.goto(f"{site.address}/nope")
    expect(page.get_by_text("There is no page /nope.")).to_be_visible()
    page.get_by_role("link", name="History").click()
    expect(page).to_have_url(f"{site.address}/")
    expect(rows(page)).to_have_count(12)
    page.close()


def test_what_is_no_part_of_the_interface_is_an_error_as_every_other(empty_site: Site) -> None:
    for path in ("/api/nope", "/api/encounters/1/nope", "/_nicegui/nope"):
        answer = httpx.get(empty_site.address + path, headers={"accept": "text/html"})
        assert answer.status_code == 404
        told = {"code": "not_found", "message": f"there is no {path}", "argument": None}
        assert answer.json() == told


def test_the_files_of_a_page_are_answered_from_memory_whole_as_they_are(empty_site: Site) -> None:
    with httpx.Client(base_url=empty_site.address) as client:
        found = set(re.findall(r"/_nicegui/[\w./-]+\.(?:css|js)\b", client.get("/").text))
        assert len(found) > 10
        for path in found:
            plain = client.get(path, headers={"accept-encoding": "identity"})
            first, again = client.get(path), client.get(path)
            assert first.content == again.content == plain.content, path
            assert "set-cookie" not in again.headers
            assert "immutable" in again.headers["cache-control"]
            assert again.headers["x-content-type-options"] == "nosniff"
