"""Files dropped on a page, by a client that is no browser."""

from __future__ import annotations

import re

import httpx

_UPLOAD = re.compile(r"/_nicegui/client/[^\"'&\\]+?/upload/\d+")


def upload(client: httpx.Client, name: str, content: bytes) -> None:
    """Open the page and drop the file on it; the server imports it after this returned."""
    page = client.get("/maintenance")
    found = _UPLOAD.search(page.text)
    assert found, page.text[:500]
    answer = client.post(found[0], files={"file": (name, content)})
    assert answer.status_code == 200, answer.text
