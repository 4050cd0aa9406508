"""The guard refuses other sites, other names, missing tokens and excessive requests."""

import httpx
import pytest

from resonance_logs.web.guard import COOKIE, Rules
from tests.helpers.http import LINES, Serve

TOKEN = "correct-horse-battery"
PATHS = ("/healthz", "/metrics", "/api/openapi.json", "/api/live", "/nowhere")


def ask(client: httpx.Client, **headers: str) -> httpx.Response:
    return client.post(
        "/api/commands/get_database_info",
        headers={name.replace("_", "-"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_name_for_this_machine_is_refused(client: httpx.Client, host: str) -> None:
    assert ask(client, host=host).status_code in {400, 403}


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:99", "127.0.0.1", "[::1]:8017"])
def test_our_own_names_are_let_in(client: httpx.Client, host: str) -> None:
    assert ask(client, host=host).status_code == 200


def test_a_page_of_another_site_is_refused(client: httpx.Client) -> None:
    own = str(client.base_url).rstrip("/")
    assert ask(client, origin=own).status_code == 200
    for origin in ("http://evil.example", "null", "http://localhost:1"):
        answer = ask(client, origin=origin)
        assert (answer.status_code, answer.json()["code"]) == (403, "refused")
    assert ask(client, sec_fetch_site="cross-site").status_code == 403
    assert ask(client, sec_fetch_site="same-origin").status_code == 200
    # A link from elsewhere may be followed.
    assert client.get("/healthz", headers={"sec-fetch-site": "cross-site"}).status_code == 200


def test_with_a_token_nothing_is_revealed_without_it(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN))
    for path in PATHS:
        answer = client.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert ask(client).status_code == 401
    assert ask(client, authorization="Bearer wrong").status_code == 401
    assert ask(client, authorization=f"Basic {TOKEN}").status_code == 401
    assert ask(client, cookie=f"{COOKIE}=wrong").status_code == 401
    assert ask(client, authorization=f"Bearer {TOKEN}").status_code == 200


def test_a_token_in_the_address_becomes_a_cookie_and_is_seen_no_more(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN))
    answer = client.get(f"/healthz?a=1&token={TOKEN}")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/healthz?a=1"
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=strict" in answer.headers["set-cookie"]
    assert client.get("/healthz").status_code == 200
    assert serve(Rules(token=TOKEN)).get("/healthz?token=wrong").status_code == 401


def test_what_is_posted_with_a_token_in_the_address_is_taken_as_it_is(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN))
    answer = client.post(f"/api/tasks?token={TOKEN}", content=LINES)
    assert (answer.status_code, answer.json()["accepted"]) == (200, 8)
    assert client.post("/api/tasks?token=wrong", content=LINES).status_code == 401


def test_a_browser_is_asked_for_the_token(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN))
    answer = client.get("/", headers={"accept": "text/html,*/*;q=0.8"})
    assert answer.status_code == 401
    assert answer.headers["content-type"].startswith("text/html")
    assert '<input name="token" type="password"' in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    assert answer.headers["x-frame-options"] == "DENY"
    assert "?token=TOKEN once in a browser" in client.get("/").json()["message"]


def test_after_the_token_nobody_is_sent_to_another_host(serve: Serve) -> None:
    client = serve(Rules(token=TOKEN))
    for path in ("//evil.example/", "/\\evil.example/", "///evil.example"):
        client.cookies.clear()
        answer = client.get(f"{client.base_url}{path}?token={TOKEN}")
        assert answer.headers["location"].startswith("/")
        assert not answer.headers["location"].startswith(("//", "/\\"))


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
