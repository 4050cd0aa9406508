"""Programs send the token; a browser gives it once, in a form, and has a session until it ends."""

import logging
import re
import time
from ipaddress import ip_network

import httpx
import pytest

from resonance_logs.web.guard import Rules
from resonance_logs.web.login import COOKIE, SECURE_COOKIE, WRONG_BURST, WrongTokens
from resonance_logs.web.sessions import Sessions
from tests.helpers.http import LINES, Serve

TOKEN = "correct-horse-battery"
PATHS = ("/healthz", "/metrics", "/api/openapi.json", "/api/live", "/nowhere", "/login", "/logout")
AS_BROWSER = {"accept": "text/html,*/*;q=0.8"}
BEHIND_TLS = {"x-forwarded-proto": "https"}


def command(client: httpx.Client, **headers: str | bytes) -> httpx.Response:
    given = {
        name: text.encode() if isinstance(text, str) else text for name, text in headers.items()
    }
    return client.post(
        "/api/commands/get_database_info",
        headers=[(name.encode(), text) for name, text in given.items()],
    )


def log_in(client: httpx.Client, token: str = TOKEN, **more: str) -> httpx.Response:
    return client.post("/login", data={"token": token, **more}, headers=AS_BROWSER)


@pytest.fixture
def client(serve: Serve) -> httpx.Client:
    """A client of a server with a token."""
    return serve(Rules(token=TOKEN))


def test_with_a_token_nothing_is_revealed_without_it(client: httpx.Client) -> None:
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.headers["cache-control"] == "no-store"
    assert command(client).status_code == 401
    assert command(client, authorization="Bearer wrong").status_code == 401
    assert command(client, authorization="Bearer \xff".encode()).status_code == 401
    assert command(client, authorization="Bearer").status_code == 401
    assert command(client, authorization=f"Basic {TOKEN}").status_code == 401
    for cookie in (TOKEN, "wrong", "", "\xff"):
        assert command(client, cookie=f"{COOKIE}={cookie}".encode()).status_code == 401
    assert command(client, authorization=f"Bearer {TOKEN}").status_code == 200


def test_a_browser_gives_the_token_in_a_form_and_gets_a_session(client: httpx.Client) -> None:
    form = client.get("/metrics?a=1&b=%26", headers=AS_BROWSER)
    assert form.status_code == 401
    assert form.headers["www-authenticate"] == "Bearer"
    assert '<form method="post" action="/login">' in form.text
    (address,) = re.findall(r'name="next" value="([^"]+)"', form.text)
    assert address == "/metrics?a=1&amp;b=%26"
    answer = log_in(client, next="/metrics?a=1&b=%26")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/metrics?a=1&b=%26"
    assert client.get("/metrics").status_code == 200


def test_the_cookie_holds_no_token_and_only_this_server_gets_it_back(
    client: httpx.Client,
) -> None:
    cookie = log_in(client).headers["set-cookie"]
    assert TOKEN not in cookie
    assert re.fullmatch(
        rf"{COOKIE}=[\w-]{{43}}; HttpOnly; Max-Age=604800; Path=/; SameSite=strict", cookie
    )
    client.cookies.clear()
    assert log_in(client).headers["set-cookie"] != cookie


def test_behind_tls_the_cookie_is_secure(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN, trusted_proxies=(ip_network("127.0.0.1"),)))
    answer = client.post("/login", data={"token": TOKEN}, headers=BEHIND_TLS)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"{SECURE_COOKIE}=")
    assert "; Secure" in cookie
    pair = cookie.partition(";")[0]
    assert command(client, cookie=pair, **BEHIND_TLS).status_code == 200
    assert command(client, cookie=pair.removeprefix("__Host-"), **BEHIND_TLS).status_code == 401
    # From anybody else the header says nothing.
    other = serve(Rules(token=TOKEN))
    answer = other.post("/login", data={"token": TOKEN}, headers=BEHIND_TLS)
    assert "Secure" not in answer.headers["set-cookie"]


def test_the_form_says_that_a_token_is_wrong_and_where_it_led(client: httpx.Client) -> None:
    answer = log_in(client, "<wrong>", next="/live")
    assert answer.status_code == 401
    assert '<p role="alert">This is not the token of this server.</p>' in answer.text
    assert 'name="next" value="/live"' in answer.text
    assert "wrong&gt;" not in answer.text
    assert "set-cookie" not in answer.headers


def test_the_form_runs_no_script_and_sends_only_to_this_server(client: httpx.Client) -> None:
    answer = client.get('/?x="><script>alert(1)</script>', headers=AS_BROWSER)
    assert "<script" not in answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "form-action 'self'" in policy
    assert "base-uri 'none'" in policy
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "address",
    ["//evil.example", "/\\evil.example", "http://evil.example", "/\t/evil.example", "", "x", "/ü"],
)
def test_after_the_token_nobody_is_sent_to_another_host(serve: Serve, address: str) -> None:
    assert log_in(serve(Rules(token=TOKEN)), next=address).headers["location"] == "/"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"token": "x"}', "application/json"),
        (b"token=x", ""),
        (b"\xff=\xff", "application/x-www-form-urlencoded"),
        (b"&".join([b"a=1"] * 50), "application/x-www-form-urlencoded"),
        (b"token=" + b"x" * 9_000, "application/x-www-form-urlencoded"),
    ],
)
def test_a_form_that_cannot_be_read_is_a_bad_request(
    client: httpx.Client, body: bytes, kind: str
) -> None:
    answer = client.post("/login", content=body, headers={"content-type": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "refused")


def test_a_page_of_another_site_can_neither_log_in_nor_out(client: httpx.Client) -> None:
    log_in(client)
    foreign = {"origin": "http://evil.example"}
    assert client.post("/login", data={"token": TOKEN}, headers=foreign).status_code == 403
    assert client.post("/logout", headers=foreign).status_code == 403
    assert client.get("/logout", headers=AS_BROWSER).status_code != 303
    assert command(client).status_code == 200


def test_a_token_that_a_user_typed_into_the_address_is_seen_there_no_more(
    client: httpx.Client,
) -> None:
    answer = client.get(f"/player/a%3Fb?x=1&token={TOKEN}&y=", headers=AS_BROWSER)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/player/a%3Fb?x=1&y="
    assert TOKEN not in str(answer.headers)
    assert client.get("/healthz").status_code == 200
    again = client.get(f"/healthz?token={TOKEN}", headers=AS_BROWSER)
    assert (again.status_code, again.headers["location"]) == (303, "/healthz")
    client.cookies.clear()
    assert client.get("/healthz?token=wrong", headers=AS_BROWSER).status_code == 401
    for path in ("//evil.example/", "/\\evil.example/", "///evil.example"):
        answer = client.get(f"{client.base_url}{path}?token={TOKEN}", headers=AS_BROWSER)
        assert re.match(r"/[^/\\]", answer.headers["location"])
        client.cookies.clear()


def test_a_program_sends_the_token_in_a_header_and_never_in_the_address(
    client: httpx.Client,
) -> None:
    posted = client.post(f"/api/tasks?token={TOKEN}", content=LINES)
    assert posted.status_code == 401
    assert "Authorization: Bearer" in posted.json()["message"]
    assert client.get(f"/healthz?token={TOKEN}").status_code == 401
    script = AS_BROWSER | {"sec-fetch-mode": "cors"}
    assert client.get(f"/healthz?token={TOKEN}", headers=script).status_code == 401


def test_a_link_from_another_site_finds_the_session(client: httpx.Client) -> None:
    """The browser withholds the cookie at first; the page asks again, as one of this server."""
    headers = AS_BROWSER | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    answer = client.get("/fight/1?kind=heal", headers=headers)
    assert answer.status_code == 401
    assert '<meta http-equiv="refresh" content="0; url=/fight/1?kind=heal">' in answer.text


def test_another_site_cannot_try_tokens_in_the_browser_of_a_reader(client: httpx.Client) -> None:
    headers = AS_BROWSER | {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    for token in [*["wrong"] * (WRONG_BURST + 5), TOKEN]:
        answer = client.get(f"/fight/1?token={token}", headers=headers)
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        assert 'url=/fight/1"' in answer.text
    assert log_in(client).status_code == 303


def test_a_session_ends_at_logout_for_this_browser_alone(client: httpx.Client) -> None:
    log_in(client)
    other = httpx.Client(base_url=client.base_url)
    log_in(other)
    cookie = f"{COOKIE}={client.cookies[COOKIE]}"
    answer = client.post("/logout")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert command(client, cookie=cookie).status_code == 401
    assert command(other).status_code == 200
    other.close()


def test_logging_in_again_ends_the_session_before(client: httpx.Client) -> None:
    log_in(client)
    before = f"{COOKIE}={client.cookies[COOKIE]}"
    log_in(client)
    assert command(client).status_code == 200
    client.cookies.clear()
    assert command(client, cookie=before).status_code == 401


def test_a_session_has_an_end_however_much_it_is_used(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN, session_s=1.0))
    log_in(client)
    cookie, until = f"{COOKIE}={client.cookies[COOKIE]}", time.monotonic() + 20
    while command(client, cookie=cookie).status_code == 200 and time.monotonic() < until:
        time.sleep(0.05)
    assert command(client, cookie=cookie).status_code == 401


def test_a_session_that_is_not_used_ends() -> None:
    sessions = Sessions(lifetime_s=1_000, idle_s=500, limit=10)
    found = sessions.start()
    session = sessions.find([found])
    assert session is not None
    assert 0 < session.seconds_left <= 500
    time.sleep(0.05)
    before = session.seconds_left
    sessions.find([found])
    assert session.seconds_left > before
    at_once = Sessions(lifetime_s=1_000, idle_s=0, limit=10)
    assert at_once.find([at_once.start()]) is None
    assert len(at_once) == 0


def test_beyond_the_limit_the_session_that_was_used_longest_ago_ends() -> None:
    sessions = Sessions(lifetime_s=1_000, idle_s=1_000, limit=2)
    first, second = sessions.start(), sessions.start()
    oldest = sessions.find([second])
    assert oldest is not None
    assert sessions.find([first]) is not None
    third = sessions.start()
    assert oldest.ended.is_set()
    assert [sessions.find([each]) is None for each in (first, second, third)] == [
        False,
        True,
        False,
    ]


def test_wrong_tokens_are_slowed_down_for_one_client_and_counted(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN, trusted_proxies=(ip_network("127.0.0.1"),)))
    log_in(client)
    session = {"cookie": f"{COOKIE}={client.cookies[COOKIE]}"}
    client.cookies.clear()
    wrong = {"authorization": "Bearer wrong"}
    codes = [command(client, **wrong).status_code for _ in range(WRONG_BURST + 10)]
    assert codes[:WRONG_BURST] == [401] * WRONG_BURST
    assert 429 in codes
    slow = log_in(client)
    assert slow.status_code == 429
    assert int(slow.headers["retry-after"]) >= 1
    assert "Too many wrong tokens. Try again in" in slow.text
    typed = client.get(f"/healthz?token={TOKEN}", headers=AS_BROWSER)
    assert typed.status_code == 429
    # Whoever is logged in is not disturbed, nor is another client.
    assert command(client, **session).status_code == 200
    right = {"authorization": f"Bearer {TOKEN}", "x-forwarded-for": "10.0.0.9"}
    text = client.get("/metrics", headers=right).text
    (count,) = re.findall(r"^resonance_logs_wrong_tokens_total (\S+)$", text, re.MULTILINE)
    assert float(count) == codes.count(401)
    assert "resonance_logs_sessions 1.0" in text


def test_wrong_tokens_are_logged_once_per_burst(caplog: pytest.LogCaptureFixture) -> None:
    wrong = WrongTokens()
    with caplog.at_level(logging.WARNING):
        for _ in range(50):
            wrong.add("10.0.0.1")
        wrong.add("10.0.0.2")
    assert wrong.count == 51
    assert [record.getMessage().split(";")[0] for record in caplog.records] == [
        "wrong token from 10.0.0.1",
        "wrong token from 10.0.0.2",
    ]


def test_a_stream_ends_with_its_session(client: httpx.Client) -> None:
    log_in(client)
    with client.stream("GET", "/api/live") as live:
        lines = live.iter_lines()
        assert next(lines).startswith("event: encounter")
        assert client.post("/logout").status_code == 303
        assert sum(1 for _ in lines) < 100


def test_without_a_token_there_is_no_login(serve: Serve) -> None:
    client = serve()
    assert client.get("/login").status_code == 404
    assert client.post("/login", data={"token": "x"}).status_code == 404
