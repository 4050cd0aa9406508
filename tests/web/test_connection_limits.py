"""Each limit of connections: what exceeds it is refused and counted, what keeps it is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from resonance_logs import Database
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.connections import client_of
from resonance_logs.web.guard import Rules
from tests.helpers.http import LINES, running
from tests.helpers.raw_http import (
    GET,
    POST,
    connect,
    exchange,
    is_closed,
    receive_all,
    statuses,
)

pytestmark = pytest.mark.attack

QUICK = ConnectionLimits(
    header_s=0.6,
    idle_s=2.0,
    silent_body_s=0.6,
    rate_window_s=1.5,
    stalled_answer_s=0.6,
    linger_s=0.6,
    tick_s=0.1,
)
SLOW = b"POST /api/commands/get_live_encounter HTTP/1.1\r\nHost: localhost\r\n"
Start = Callable[[ConnectionLimits], str]


@pytest.fixture
def start(recorded_db: Database) -> Iterator[Start]:
    """Starts servers with limits; gives their URLs."""
    with ExitStack() as stack:
        yield lambda limits: stack.enter_context(running(recorded_db, Rules(), limits=limits))


@pytest.fixture
def address(start: Start) -> str:
    return start(QUICK)


def refused(address: str) -> dict[str, float]:
    """What the limits have refused so far, by reason."""
    text = httpx.get(f"{address}/metrics", headers={"connection": "close"}).text
    return {
        sample.labels["reason"]: sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "resonance_logs_refused_total" and sample.value
    }


def padded(length: int) -> bytes:
    """A request whose line and headers count for so many bytes."""
    line = b"/healthz" + b"host" + b"localhost" + b"xconnectionclose"
    room = length - len(line) - 3 * 4
    return GET + b"connection: close\r\nx: " + b"a" * room + b"\r\n\r\n"


def fields(count: int) -> bytes:
    return GET + b"connection: close\r\n" + b"x: y\r\n" * (count - 2) + b"\r\n"


def url(length: int) -> bytes:
    path = b"/healthz?" + b"a" * (length - 9)
    return GET.replace(b"/healthz", path) + b"connection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("make", "limit", "status", "reason"),
    [
        (padded, QUICK.max_header_bytes, 431, "headers_too_large"),
        (fields, QUICK.max_header_fields, 431, "headers_too_large"),
        (url, QUICK.max_url_bytes, 414, "url_too_long"),
    ],
)
def test_as_much_as_the_limit_is_taken_and_one_more_is_refused(
    address: str, make: Callable[[int], bytes], limit: int, status: int, reason: str
) -> None:
    assert statuses(exchange(address, make(limit))) == [200]
    answer = exchange(address, make(limit + 1))
    assert statuses(answer) == [status]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"content-type: application/json" in head
    assert b'{"code":"refused","message":"' in body
    assert b'"argument":null}' in body
    assert refused(address) == {reason: 1}


@pytest.mark.parametrize(
    ("start_of_it", "status"),
    [
        (b"GET /", 414),
        (GET + b"x", 431),
        (GET + b"x: ", 431),
        (b"\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1;", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\nx: ", 400),
    ],
)
def test_what_never_ends_is_refused_while_it_arrives(
    address: str, start_of_it: bytes, status: int
) -> None:
    block = b"\r\n" * 1_000 if start_of_it == b"\r\n" else b"a" * 2_000
    assert statuses(exchange(address, start_of_it, *[block] * 100)) == [status]


def test_headers_that_take_too_long_get_408(address: str) -> None:
    with connect(address) as slow:
        began = time.monotonic()
        slow.sendall(GET)
        assert statuses(receive_all(slow)) == [408]
        assert time.monotonic() - began >= QUICK.header_s
    assert refused(address) == {"slow_headers": 1}


def test_one_byte_after_another_does_not_extend_the_time_for_headers(address: str) -> None:
    assert statuses(exchange(address, *[b"%c" % byte for byte in GET], pause_s=0.05)) == [408]


def test_a_connection_without_a_request_is_closed_without_an_answer(address: str) -> None:
    with connect(address) as idle:
        assert receive_all(idle) == b""
    assert refused(address) == {}


def test_a_connection_is_kept_for_further_requests_until_it_is_idle(address: str) -> None:
    with connect(address) as kept:
        for _ in range(3):
            kept.sendall(GET + b"\r\n")
            assert statuses(kept.recv(1 << 16)) == [200]
        began = time.monotonic()
        assert receive_all(kept) == b""
        assert time.monotonic() - began > QUICK.idle_s / 2


@pytest.mark.parametrize("head", [POST, SLOW])
def test_a_body_that_stops_gets_408(address: str, head: bytes) -> None:
    assert statuses(exchange(address, head + b"Content-Length: 100\r\n\r\n{")) == [408]
    assert refused(address) == {"silent_body": 1}


def test_what_came_before_a_body_stopped_is_recorded(address: str, recorded_db: Database) -> None:
    assert statuses(exchange(address, POST + b"Content-Length: 9999\r\n\r\n" + LINES)) == [408]
    for _ in range(500):
        if recorded_db.commands.get_recent_encounters().total_count == 3:
            break
        time.sleep(0.01)
    assert recorded_db.commands.get_recent_encounters(1).rows[0].total_dmg == 50


def test_a_body_that_trickles_gets_408(address: str) -> None:
    head = POST + b"Content-Length: 9999\r\n\r\n"
    assert statuses(exchange(address, head, *[b"\n"] * 50, pause_s=0.1)) == [408]
    assert refused(address) == {"slow_body": 1}


def test_a_body_that_keeps_its_rate_may_take_as_long_as_it_likes(address: str) -> None:
    block = b" " * 10
    head = POST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % (30 * len(block))
    answer = exchange(address, head, *[block] * 30, pause_s=0.1)
    assert statuses(answer) == [200]
    assert refused(address) == {}


def test_a_client_that_never_reads_its_answer_is_cut_off(
    address: str, recorded_db: Database
) -> None:
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(address, receive_buffer=4_096) as deaf:
        deaf.sendall(request * 300)
        for _ in range(300):
            if "slow_reader" in refused(address):
                break
            time.sleep(0.05)
    assert refused(address) == {"slow_reader": 1}


def test_a_client_that_reads_slowly_gets_its_whole_answer(start: Start) -> None:
    address = start(replace(QUICK, min_answer_rate=1_000))
    request = b"GET /api/openapi.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    whole = len(exchange(address, request))
    with connect(address, receive_buffer=4_096) as slow:
        slow.sendall(request)
        got = 0
        while part := slow.recv(4_096):
            got += len(part)
            time.sleep(0.02)
    assert got == whole


def test_of_one_client_the_longest_idle_connection_gives_way(start: Start) -> None:
    address = start(replace(QUICK, idle_s=30, max_connections_per_client=3))
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(address)) for _ in range(3)]
        assert statuses(exchange(address, GET + b"Connection: close\r\n\r\n")) == [200]
        assert [is_closed(each) for each in idle] == [True, False, False]
    assert refused(address)["gave_way"] == 1


def test_at_the_limit_of_all_the_longest_idle_connection_gives_way(start: Start) -> None:
    address = start(replace(QUICK, idle_s=30, max_connections=3))
    with ExitStack() as stack:
        idle = [stack.enter_context(connect(address)) for _ in range(3)]
        assert statuses(exchange(address, GET + b"Connection: close\r\n\r\n")) == [200]
        assert [is_closed(each) for each in idle] == [True, False, False]


def test_where_all_connections_are_busy_a_new_one_gets_503(start: Start) -> None:
    address = start(replace(QUICK, max_connections_per_client=2))
    live = b"GET /api/live HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with connect(address) as first, connect(address) as second:
        for each in (first, second):
            each.sendall(live)
            assert statuses(each.recv(1 << 16)) == [200]
        with connect(address) as third:
            answer = receive_all(third)
    assert statuses(answer) == [503]
    assert b"retry-after: 1" in answer
    assert refused(address)["too_many_connections"] == 1


def test_a_closed_connection_makes_room(start: Start) -> None:
    address = start(replace(QUICK, max_connections_per_client=2))
    for _ in range(10):
        assert statuses(exchange(address, GET + b"Connection: close\r\n\r\n")) == [200]


def test_a_client_is_an_address_or_a_network_of_ipv6() -> None:
    assert client_of("192.0.2.7") == "192.0.2.7"
    assert client_of("::ffff:192.0.2.7") == "192.0.2.7"
    assert client_of("2001:db8::1") == client_of("2001:db8::2") == "2001:db8::/64"
    assert client_of("2001:db8:0:1::1") != client_of("2001:db8::1")
    assert client_of("fe80::1%eth0") == "fe80::/64"
    assert client_of("") == ""


def test_the_limits_fit_into_the_files_that_the_system_allows() -> None:
    fitted = ConnectionLimits().fitted_to(256)
    assert (fitted.max_connections, fitted.max_connections_per_client) == (128, 128)
    assert ConnectionLimits().fitted_to(20_000) == ConnectionLimits()
