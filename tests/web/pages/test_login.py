"""Logging in and out in a browser, and the web sockets of sessions."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from resonance_logs.web.login import COOKIE
from tests.helpers.axe import grave
from tests.helpers.pages import TOKEN, Site, close_code


@pytest.fixture
def login_page(browser: Browser) -> Iterator[Page]:
    """A page whose status 401 is no error, unlike that of ``page``."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    page.on("console", lambda m: broken.append(m.text) if "Content Security" in m.text else None)
    yield page
    assert broken == []
    context.close()


def log_in(page: Page, token: str) -> None:
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()


def test_a_reader_logs_in_and_out(login_page: Page, site_with_token: Site) -> None:
    page = login_page
    page.goto(f"{site_with_token.address}/live?kind=heal")
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_have_text("This is not the token of this server.")
    log_in(page, TOKEN)
    expect(page).to_have_url(f"{site_with_token.address}/live?kind=heal")
    other = page.context.new_page()
    other.goto(f"{site_with_token.address}/players")
    expect(other.get_by_role("button", name="Log out")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token")).to_be_visible()
    # The socket of the other page has ended with the session.
    expect(other.get_by_text("Connection lost.")).to_be_visible()
    other.reload()
    expect(other.get_by_label("Token")).to_be_visible()


def test_who_follows_a_link_from_another_site_is_still_logged_in(
    login_page: Page, site_with_token: Site
) -> None:
    page = login_page
    page.goto(site_with_token.address)
    log_in(page, TOKEN)
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    page.route(
        "http://elsewhere.test/*",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<a href="{site_with_token.address}/players">a link</a>',
        ),
    )
    page.goto("http://elsewhere.test/")
    page.get_by_text("a link").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    expect(page).to_have_url(f"{site_with_token.address}/players")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_form_can_be_used_by_everybody(
    login_page: Page, site_with_token: Site, scheme: str
) -> None:
    page = login_page
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.set_viewport_size({"width": 360, "height": 640})
    page.goto(site_with_token.address)
    log_in(page, "wrong")
    expect(page.get_by_role("alert")).to_be_visible()
    assert grave(Axe().run(page).response) == []
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_without_a_token_there_is_nothing_to_log_out_of(page: Page, empty_site: Site) -> None:
    page.goto(empty_site.address)
    expect(page.get_by_role("button", name="Help")).to_be_visible()
    expect(page.get_by_role("button", name="Log out")).to_have_count(0)


def socket_of(site: Site, cookie: str) -> ClientConnection:
    address = site.address.replace("http", "ws", 1)
    return connect(
        f"{address}/_nicegui_ws/socket.io/?EIO=4&transport=websocket",
        additional_headers={"cookie": cookie},
    )


def test_a_web_socket_needs_a_session_and_ends_with_it(site_with_token: Site) -> None:
    with httpx.Client(base_url=site_with_token.address) as client:
        client.post("/login", data={"token": TOKEN})
        cookie = f"{COOKIE}={client.cookies[COOKIE]}"
        for wrong in ("", f"{COOKIE}=wrong", f"{COOKIE}={TOKEN}"):
            with pytest.raises(InvalidStatus, match="403"):
                socket_of(site_with_token, wrong)
        with socket_of(site_with_token, cookie) as socket:
            assert re.match("0{", str(socket.recv(timeout=20)))
            client.post("/logout")
            assert close_code(socket) == 1008


def test_no_cookie_but_that_of_the_session_is_set(empty_site: Site, path: Path) -> None:
    assert "set-cookie" not in httpx.get(empty_site.address).headers
