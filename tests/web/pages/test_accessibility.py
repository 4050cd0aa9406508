"""Every page is accessible: axe finds nothing serious, wide or narrow, in light or in dark mode.

Contrast does not depend on the width, and the layout does not depend on the mode.
"""

from typing import Literal

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from tests.helpers.axe import grave
from tests.helpers.pages import Site

ADDRESSES = (
    "/",
    "/?boss=Ogre&kills=1",
    "/?boss=Nobody",
    "/fight/1",
    "/fight/77",
    "/live",
    "/players",
    "/player/7",
    "/bosses",
    "/boss?boss=Ogre",
    "/compare",
    "/compare?side=1&side=3:7",
    "/maintenance",
)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_no_page_shuts_anybody_out(
    browser: Browser, site: Site, width: int, scheme: Literal["light", "dark"]
) -> None:
    body = {"encounterId": 12, "tags": ["progress"]}
    httpx.post(f"{site.address}/api/commands/set_encounter_tags", json=body).raise_for_status()
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB")
    page = context.new_page()
    found = {}
    for address in ADDRESSES:
        page.emulate_media(color_scheme=scheme)
        page.goto(f"{site.address}{address}", wait_until="networkidle")
        expect(page.locator("[aria-busy=true]")).to_have_count(0)
        expect(page.locator("body.body--dark")).to_have_count(int(scheme == "dark"))
        page.wait_for_function("!document.getAnimations().some(e => e instanceof CSSTransition)")
        if faults := grave(Axe().run(page).response):
            found[address] = faults
    context.close()
    assert found == {}
