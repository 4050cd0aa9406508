"""The interface's page is served whole, from this server, without a script in it."""

import re

import httpx
import pytest

from resonance_logs.web.guard import Rules
from tests.helpers.http import Serve


def test_all_that_the_page_names_is_served_here(client: httpx.Client) -> None:
    page = client.get("/api/docs")
    assert page.status_code == 200
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(named) == 7
    for address in named:
        assert address.startswith("/"), address
        if address != "/":  # the history, where the pages are
            assert client.get(address).status_code == 200, address
    assert re.findall(r"<script(?![^>]* src=)", page.text) == []
    assert " on" not in re.sub(r">[^<]*<", "><", page.text)


def test_a_file_is_sent_once(client: httpx.Client) -> None:
    address = "/api/docs/swagger-ui/swagger-ui.css"
    first = client.get(address)
    assert first.headers["content-encoding"] == "gzip"
    again = client.get(address, headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "address", ["swagger-ui/nothing.js", "page/../app.py", "page/%2e%2e/app.py", "nothing"]
)
def test_what_is_not_there_is_an_error_as_every_other(client: httpx.Client, address: str) -> None:
    answer = client.get(f"/api/docs/{address}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_it_needs_the_token_as_all_else(serve: Serve) -> None:
    client = serve(Rules(token="a-token-of-some-length"))
    for address in ("/api/docs", "/api/docs/swagger-ui/swagger-ui.css"):
        assert client.get(address).status_code == 401
        right = {"authorization": "Bearer a-token-of-some-length"}
        assert client.get(address, headers=right).status_code == 200
