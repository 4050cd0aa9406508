"""The framework's files: compressed once, identical for every reader."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from functools import partial

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from resonance_logs.web.pages import assets
from resonance_logs.web.pages.assets import FOLDERS, CachedAssets

SCRIPT = "let answer = 42;\n" * 100
ADDRESS = f"{FOLDERS[0]}some.js"


class Files:
    """An application that has one file, and counts the requests for it."""

    def __init__(self) -> None:
        self.asked = 0

        methods = ["GET", "HEAD", "POST"]
        self.app = Starlette(routes=[Route("/{path:path}", self._answer, methods=methods)])

    def _answer(self, request: Request) -> Response:
        self.asked += 1
        if request.url.path.endswith("missing.js"):
            return Response("no such file", 404)
        headers = {"etag": '"1"', "set-cookie": f"session={self.asked}"}
        return Response(SCRIPT, media_type="text/javascript", headers=headers)


class Client:
    """A browser without a server in between."""

    def __init__(self, app: Starlette) -> None:
        self._app = CachedAssets(app)
        self.get = partial(self.request, "GET")

    def request(
        self, method: str, path: str, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
                return await client.request(method, path, headers=headers)

        return asyncio.run(ask())

    def ask_and_go(self, path: str) -> None:
        """Send a request, and close the connection before anything has arrived."""

        async def send(_: Message) -> None: ...

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        headers = [(b"accept-encoding", b"gzip")]
        asked = {"type": "http", "method": "GET", "path": path, "headers": headers}
        asyncio.run(self._app({**asked, "query_string": b""}, receive, send))


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def client(files: Files) -> Client:
    return Client(files.app)


def test_a_file_is_read_once_and_answered_from_memory(files: Files, client: Client) -> None:
    first, again = client.get(ADDRESS), client.get(ADDRESS)
    assert files.asked == 1
    assert first.text == again.text == SCRIPT
    for name in ("content-type", "content-encoding", "etag", "vary"):
        assert again.headers[name] == first.headers[name]
    assert int(again.headers["content-length"]) < len(SCRIPT)


def test_the_cookie_of_one_reader_is_given_to_no_other(client: Client) -> None:
    assert client.get(ADDRESS).headers["set-cookie"] == "session=1"
    assert "set-cookie" not in client.get(ADDRESS).headers


def test_a_file_is_whole_for_others_where_its_first_reader_goes_before_its_end() -> None:
    async def chunks() -> AsyncIterator[str]:
        for line in SCRIPT.splitlines(keepends=True):
            await asyncio.sleep(0)
            yield line

    async def answer(_: Request) -> Response:
        return StreamingResponse(chunks(), media_type="text/javascript")

    async def passing(request: Request, call_next: RequestResponseEndpoint) -> Response:
        return await call_next(request)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    app.add_middleware(BaseHTTPMiddleware, dispatch=passing)
    client = Client(app)
    client.ask_and_go(ADDRESS)
    assert client.get(ADDRESS).text == SCRIPT


def test_files_of_different_addresses_are_kept_apart(files: Files, client: Client) -> None:
    for folder in FOLDERS:
        client.get(f"{folder}some.js")
    assert files.asked == len(FOLDERS)


@pytest.mark.parametrize("address", ["/", "/api/live", "/_nicegui/client/1", "/static/some.js"])
def test_pages_and_answers_are_asked_for_each_time(
    files: Files, client: Client, address: str
) -> None:
    assert client.get(address).text == client.get(address).text == SCRIPT
    assert files.asked == 2


def test_a_file_that_is_missing_is_looked_for_again(files: Files, client: Client) -> None:
    for times in (1, 2):
        assert client.get(f"{FOLDERS[0]}missing.js").status_code == 404
        assert files.asked == times


@pytest.mark.parametrize(
    "header", [{"Range": "bytes=0-9"}, {"If-None-Match": '"1"'}, {"Accept-Encoding": "identity"}]
)
def test_parts_and_conditions_are_left_to_the_framework(
    files: Files, client: Client, header: dict[str, str]
) -> None:
    client.get(ADDRESS)
    assert client.get(ADDRESS, headers=header).text == SCRIPT
    assert files.asked == 2


def test_only_asking_for_a_file_keeps_it(files: Files, client: Client) -> None:
    assert client.request("HEAD", ADDRESS).text == ""
    client.request("POST", ADDRESS)
    assert client.get(ADDRESS).text == SCRIPT
    assert files.asked == 3


def test_where_memory_for_files_is_full_the_rest_is_compressed_each_time(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assets, "MAX_CACHED_BYTES", len(gzip.compress(SCRIPT.encode(), 1)) + 9)
    client = Client(files.app)
    for name in ("first.js", "second.js") * 2:
        assert client.get(f"{FOLDERS[0]}{name}").text == SCRIPT
    assert files.asked == 3
