"""Requests in unusual forms: those that could be read in two ways are refused."""

from __future__ import annotations

import threading
import time

import httpx
import pytest

from resonance_logs import Database
from tests.helpers.http import LINES
from tests.helpers.raw_http import GET, POST, connect, exchange, receive_all, statuses

pytestmark = pytest.mark.attack

CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
H2C = b"Connection: close, Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.fixture
def address(client: httpx.Client) -> str:
    return str(client.base_url)


@pytest.mark.parametrize(
    "request_bytes",
    [
        POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n" + GET + b"\r\n",
        POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
        POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        POST + b"Content-Length: -5\r\n\r\n",
        POST + b"Content-Length: +5\r\n\r\nabcde",
        POST + b"Content-Length: 99999999999999999999999\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        POST + CHUNKED + b"\r\nzz\r\n",
        POST + CHUNKED + b"\r\n" + b"0" * 40_000,
        GET + b"x: a\0b\r\n\r\n",
        GET + b"x: a\x01b\r\n\r\n",
        GET + b"x: a\rb\r\n\r\n",
        GET + b"x: a\r\n b\r\n\r\n",
        GET + b"x y: 1\r\n\r\n",
        GET + b": 1\r\n\r\n",
        GET.replace(b"\r\n", b"\n") + b"\n",
        "GET /é HTTP/1.1\r\nHost: localhost\r\n\r\n".encode(),
        b"GET http://evil/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET ftp://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n",
        b"GET http://[x/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"BAD\r\n\r\n",
        POST + b"Connection: upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n\r\nabcde",
        GET + b"Connection: upgrade\r\nUpgrade: websocket\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    ],
)
def test_a_request_that_is_not_valid_gets_400(address: str, request_bytes: bytes) -> None:
    answer = exchange(address, request_bytes)
    assert statuses(answer) == [400]
    assert b"connection: close" in answer
    assert b'"message":"' in answer


@pytest.mark.parametrize("version", [b"0.9", b"2.0"])
def test_only_http_1_0_and_1_1_are_spoken(address: str, version: bytes) -> None:
    assert statuses(exchange(address, GET.replace(b"1.1", version) + b"\r\n")) == [505]


def test_http_1_0_ends_the_connection(address: str) -> None:
    answer = exchange(address, GET.replace(b"1.1", b"1.0") + b"\r\n")
    assert statuses(answer) == [200]
    assert b"connection: close" in answer


def test_the_form_of_a_proxy_is_taken_if_it_names_the_same_host(address: str) -> None:
    request = b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n" + CLOSE + b"\r\n"
    assert statuses(exchange(address, request)) == [200]


def test_trailers_are_dropped(address: str) -> None:
    body = b"%x\r\n" % len(LINES) + LINES + b"\r\n0\r\nhost: evil\r\nx: y\r\n\r\n"
    answer = exchange(address, POST + CLOSE + CHUNKED + b"\r\n" + body)
    assert statuses(answer) == [200]
    assert b'"accepted":8' in answer


def test_too_many_trailers_are_refused(address: str) -> None:
    body = b"1\r\n\n\r\n0\r\n" + b"x: y\r\n" * 200 + b"\r\n"
    assert statuses(exchange(address, POST + CHUNKED + b"\r\n" + body)) == [431]


def test_the_client_is_told_to_continue(address: str) -> None:
    head = POST + CLOSE + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(LINES)
    with connect(address) as connection:
        connection.sendall(head)
        assert connection.recv(1 << 16) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(LINES)
        answer = receive_all(connection)
    assert b'"accepted":8' in answer


def test_requests_that_follow_one_another_are_answered_in_order(address: str) -> None:
    missing = GET.replace(b"/healthz", b"/nix")
    answer = exchange(address, (GET + b"\r\n" + missing + b"\r\n") * 2 + GET + CLOSE + b"\r\n")
    assert statuses(answer) == [200, 404, 200, 404, 200]


@pytest.mark.parametrize(("bad", "status"), [(b"BAD\r\n\r\n", 400), (b"GET /" + b"a" * 9_000, 414)])
def test_a_bad_request_is_answered_after_those_before_it(
    address: str, bad: bytes, status: int
) -> None:
    assert statuses(exchange(address, (GET + b"\r\n") * 2 + bad)) == [200, 200, status]


def test_a_bad_chunk_is_answered_after_the_requests_before_it(address: str) -> None:
    bad = POST + CHUNKED + b"\r\nzz\r\n"
    assert statuses(exchange(address, (GET + b"\r\n") * 2 + bad)) == [200, 200, 400]


def test_very_many_requests_at_once_are_all_answered(client: httpx.Client) -> None:
    count = 350  # as many as the guard allows at once, and several slices of the parser
    request = GET + b"x: " + b"y" * 100 + b"\r\n\r\n"
    with connect(str(client.base_url)) as connection:
        sending = threading.Thread(target=connection.sendall, args=(request * count,))
        sending.start()
        answered = 0
        rest = b""
        while answered < count:
            part = connection.recv(1 << 20)
            assert part
            rest += part
            answered += rest.count(b"HTTP/1.1 200")
            rest = rest[-11:]
        sending.join()


def test_the_body_of_a_refused_request_may_follow_its_answer(address: str) -> None:
    refused = b"POST /api/tasks HTTP/1.1\r\nHost: evil\r\nContent-Length: 3\r\n\r\n"
    with connect(address) as connection:
        connection.sendall(refused)
        assert statuses(connection.recv(1 << 16)) == [403]
        connection.sendall(b"abc" + GET + CLOSE + b"\r\n")
        assert statuses(receive_all(connection)) == [200]


def test_an_unknown_upgrade_is_answered_like_any_other_request(
    address: str, recorded_db: Database
) -> None:
    assert statuses(exchange(address, GET + H2C + b"\r\n")) == [200]
    answer = exchange(address, POST + H2C + b"Content-Length: %d\r\n\r\n" % len(LINES) + LINES)
    assert statuses(answer) == [200]
    assert b'"accepted":8' in answer
    assert recorded_db.commands.get_recent_encounters().total_count == 3


def test_a_client_that_leaves_in_the_middle_of_a_body_leaves_no_error(
    client: httpx.Client, caplog: pytest.LogCaptureFixture
) -> None:
    head = b"POST /api/commands/get_live_encounter HTTP/1.1\r\nHost: localhost\r\n"
    with connect(str(client.base_url)) as connection:
        connection.sendall(head + b"Content-Length: 100\r\n\r\n{")
        time.sleep(0.2)
    assert client.get("/healthz").status_code == 200
    time.sleep(0.2)
    assert caplog.records == []
