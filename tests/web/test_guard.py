"""The guard refuses other sites, other names, missing tokens and excessive requests."""

import logging
from ipaddress import ip_network

import httpx
import pytest

from resonance_logs.web.guard import Rules
from tests.helpers.http import Serve, status_of

TOKEN = "correct-horse-battery"


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post(
        "/api/commands/get_database_info",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_is_refused(client: httpx.Client, host: str) -> None:
    assert ask(client, host=host).status_code == 403


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8017"])
def test_our_own_names_are_let_in(client: httpx.Client, host: str) -> None:
    assert ask(client, host=host).status_code == 200


def test_a_page_of_another_site_is_refused(client: httpx.Client) -> None:
    own = str(client.base_url).rstrip("/")
    assert ask(client, origin=own).status_code == 200
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        answer = ask(client, origin=origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    for site in ("cross-site", "same-site", "of-a-kind-to-come"):
        assert ask(client, sec_fetch_site=site).status_code == 403
    assert ask(client, sec_fetch_site="same-origin").status_code == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_a_link_from_elsewhere_is_followed_and_nothing_else_is_loaded(
    client: httpx.Client, site: str
) -> None:
    def load(mode: str, dest: str) -> int:
        headers = {"sec-fetch-site": site, "sec-fetch-mode": mode, "sec-fetch-dest": dest}
        return client.get("/healthz", headers=headers).status_code

    assert load("navigate", "document") == 200
    for mode, dest in (("no-cors", "image"), ("no-cors", "script"), ("cors", "empty")):
        assert load(mode, dest) == 403
    assert load("navigate", "iframe") == 403
    assert client.get("/healthz", headers={"sec-fetch-site": site}).status_code == 403
    typed = {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"}
    assert client.get("/healthz", headers=typed).status_code == 200


def test_where_all_may_ask_addresses_are_let_in_and_other_names_are_not(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN, any_address=True, hosts=frozenset({"raid.lan"})))
    auth = f"Bearer {TOKEN}"
    for host in ("192.168.1.5:8017", "raid.lan", "[fe80::1]"):
        assert ask(client, host=host, authorization=auth).status_code == 200
    assert ask(client, host="evil.example", authorization=auth).status_code == 403


def test_a_body_that_is_too_large_is_refused_however_it_comes(serve: Serve) -> None:
    client = serve(Rules(max_body_bytes=1_000, max_tasks_bytes=5_000))
    path = "/api/commands/get_database_info"
    assert client.post(path, content=b"x" * 1_001).status_code == 413
    assert client.post(path, content=(b"x" * 400 for _ in range(3))).status_code == 413
    assert client.post("/api/tasks", content=b"x" * 5_001).status_code == 413
    assert client.post("/api/tasks", content=b"x" * 4_000).status_code == 200
    answer = client.post(path, content=b"x" * 1_001)
    assert answer.json() == {
        "code": "refused",
        "message": "the body is too large",
        "argument": None,
    }


def test_too_many_requests_have_to_wait(serve: Serve) -> None:
    client = serve(Rules(requests_a_second=0.5, burst=3))
    codes = [client.get("/healthz").status_code for _ in range(5)]
    assert codes == [200, 200, 200, 429, 429]
    assert int(client.get("/healthz").headers["retry-after"]) >= 1


def test_every_answer_says_how_it_may_be_used(client: httpx.Client) -> None:
    for answer in (client.get("/healthz"), client.get("/nowhere"), ask(client, host="evil")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


PAIRS = (
    b"host: localhost",
    b"origin: http://localhost",
    b"authorization: Bearer x",
    b"content-type: application/json",
    b"sec-fetch-site: none",
    b"sec-fetch-mode: navigate",
    b"sec-fetch-dest: document",
)
UNREADABLE = (
    [b"host: ["],
    [b"host: [::1"],
    [b"host: [zz]:1"],
    [b"host: local host"],
    [b"host: localhost:port"],
    [b"host: localhost:99999"],
    [b"host: localhost, localhost"],
    [b"host: user@localhost"],
    [b"host: \xff\xfe"],
    [b"host:"],
    [],
    [b"host: localhost", b"origin: http://["],
    [b"host: localhost", b"origin: http://localhost:x"],
    [b"host: localhost", b"origin: http://localhost/path"],
    [b"host: localhost", b"origin: localhost"],
    [b"host: localhost", b"origin:"],
    [b"host: localhost", b"origin: http://\xff"],
    *([b"host: localhost", pair, pair] for pair in PAIRS if not pair.startswith(b"host")),
    [PAIRS[0], PAIRS[0]],
)


@pytest.mark.parametrize("headers", UNREADABLE, ids=repr)
def test_a_header_that_cannot_be_read_or_is_given_twice_is_a_bad_request(
    client: httpx.Client, headers: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert status_of(client, b"GET /healthz", headers) == 400
    assert caplog.records == []


@pytest.mark.parametrize(
    "target",
    [b"/healthz%00", b"/%0d%0aset-cookie:x", b"/x%7f", b"/healthz?a=\xff", b"/healthz?\xc3\xa9"],
    ids=repr,
)
def test_a_path_or_query_that_cannot_be_read_is_a_bad_request(
    client: httpx.Client, target: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        assert status_of(client, b"GET " + target, [b"host: localhost"]) == 400
    assert caplog.records == []


@pytest.mark.parametrize(
    "target", [b"/healthz?%zz=%", b"/healthz?a=%ff&&=&;", b"/%ff%fe", b"/%ed%a0%80", b"/%zz%"]
)
def test_bad_escapes_are_taken_as_they_are(client: httpx.Client, target: bytes) -> None:
    assert status_of(client, b"GET " + target, [b"host: localhost"]) in {200, 404}


def test_requests_that_are_refused_have_a_limit_of_their_own(serve: Serve) -> None:
    client = serve(Rules(requests_a_second=0.01, burst=3))
    unreadable = [b"host: localhost", b"origin: http://["]
    codes = [status_of(client, b"GET /healthz", unreadable) for _ in range(5)]
    assert codes == [400, 400, 400, 429, 429]
    assert ask(client, origin="http://evil.example").status_code == 429
    # What another site sends uses up nothing of what this machine may send.
    assert [ask(client).status_code for _ in range(4)] == [200, 200, 200, 429]


@pytest.mark.parametrize("bad", [b"host: evil.example", b"origin: http://[", b"cookie: \xff[=;;"])
def test_a_web_socket_is_refused_as_any_request(client: httpx.Client, bad: bytes) -> None:
    headers = [
        *(b"upgrade: websocket", b"connection: upgrade"),
        *(b"sec-websocket-version: 13", b"sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ=="),
    ]
    headers += [bad] if bad.startswith(b"host") else [b"host: localhost", bad]
    assert status_of(client, b"GET /nowhere?x=%ff", headers) == 403


def test_forwarding_headers_count_only_from_trusted_proxies(serve: Serve) -> None:
    for trusted, codes in (((), [200, 200, 429]), (("127.0.0.0/8",), [200, 200, 200])):
        networks = tuple(map(ip_network, trusted))
        client = serve(Rules(requests_a_second=0.01, burst=2, trusted_proxies=networks))
        headers = [{"x-forwarded-for": f"10.1.1.{number}"} for number in range(3)]
        assert [client.get("/healthz", headers=each).status_code for each in headers] == codes


def test_the_rightmost_address_that_is_not_a_proxy_is_the_client(serve: Serve) -> None:
    networks = (ip_network("127.0.0.1"), ip_network("10.0.0.0/8"))
    client = serve(Rules(requests_a_second=0.01, burst=2, trusted_proxies=networks))

    def asks(*reported: str) -> int:
        headers = [("x-forwarded-for", each) for each in reported]
        return client.get("/healthz", headers=headers).status_code

    assert asks("1.1.1.1, 9.9.9.9") == 200
    assert asks("[nonsense, 2.2.2.2, 9.9.9.9:4711, 10.2.3.4") == 200
    assert asks("3.3.3.3", "9.9.9.9", "10.2.3.4, 10.2.3.5") == 429
    assert asks("::ffff:9.9.9.9") == 429
    assert asks("2001:db8::1") == asks("[2001:db8::2]:80") == 200
    assert asks("2001:db8::3") == 429
    assert asks("2001:db8:0:1::1") == 200
    assert asks("5.5.5.5, unknown") == 400


def test_what_a_trusted_proxy_reports_must_be_readable(serve: Serve) -> None:
    client = serve(Rules(trusted_proxies=(ip_network("127.0.0.1"),)))
    for header in ("x-forwarded-for", "x-forwarded-proto"):
        answer = client.get("/healthz", headers={header: "nonsense"})
        assert (answer.status_code, answer.json()["code"]) == (400, "refused")
    assert client.get("/healthz", headers={"x-forwarded-proto": "http, https"}).status_code == 200


def test_behind_tls_a_page_without_it_is_another_origin(serve: Serve) -> None:
    client = serve(Rules(trusted_proxies=(ip_network("127.0.0.1"),)))
    secure = {"host": "localhost", "x_forwarded_proto": "https"}
    assert ask(client, origin="https://localhost", **secure).status_code == 200
    assert ask(client, origin="http://localhost", **secure).status_code == 403


def test_data_is_not_stored_and_shown_as_a_page_loads_nothing(client: httpx.Client) -> None:
    for path in ("/healthz", "/metrics", "/api/openapi.json", "/api/encounters/export", "/api/no"):
        answer = client.get(path)
        assert answer.headers["cache-control"] == "no-store", path
        assert answer.headers["referrer-policy"] == "same-origin"
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "base-uri 'none'" in policy
        assert "form-action 'none'" in policy
    assert ask(client).headers["cache-control"] == "no-store"
    static = client.get("/api/docs/swagger-ui/swagger-ui.css")
    assert "cache-control" not in static.headers
    assert client.get("/api/docs/swagger-ui/nothing.css").headers["cache-control"] == "no-store"


def test_the_page_of_the_interface_needs_no_eval(client: httpx.Client) -> None:
    policy = client.get("/api/docs").headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "unsafe-eval" not in policy
