"""Times as the reader's clock and calendar have them."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.pages.conftest import Site
from tests.pages.test_history import rows


@pytest.mark.parametrize("locale", ["en-US", "en-GB", "ko-KR"])
def test_no_part_of_a_time_is_cut_off(browser: Browser, site: Site, locale: str) -> None:
    context = browser.new_context(locale=locale, timezone_id="America/New_York")
    page = context.new_page()
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(site.address)
        cells = page.locator(".ag-cell[col-id=started]")
        expect(cells).to_have_count(12)
        expect(cells.first).to_contain_text({"en-US": "5:13 PM", "en-GB": "17:13", "ko-KR": "오후 5:13"}[locale])
        cut_off = "cells => cells.filter(e => e.scrollWidth > e.clientWidth || e.scrollHeight > e.clientHeight)"
        assert cells.evaluate_all(f"cells => ({cut_off})(cells).map(e => e.textContent)") == []
    context.close()
