"""A web socket that sends what no page sends is closed, and nothing of it reaches the log."""

import html
import json
import re
import signal
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.helpers.pages import Site, close_code

SOCKET = "/_nicegui_ws/socket.io/?EIO=4&transport=websocket"


def page_id(site: Site) -> str:
    found = re.search(r"client_id\W+([0-9a-f-]{36})", httpx.get(f"{site.address}/live").text)
    assert found is not None
    return found[1]


def event(name: str, **content: object) -> str:
    return f"42{json.dumps([name, content])}"


GARBAGE = (
    *("", "x", "2probe", "5", "6", "44", "42", "42[]", "42{}", "42[1]", "42nonsense", "43[1]"),
    *('42["event"]', '42["event", 1]', '42["event", {}]', '42["unknown", {}]', "40/admin,"),
    *('451-["x", {"_placeholder": true, "num": 0}]', "42" + '[["x"' * 10_000, "4" + "2[" * 5_000),
    *('42["event", {"client_id": "\\ud800"}]', b"\xff\xfe"),
    event("handshake", client_id="CLIENT"),
    event("handshake", client_id="CLIENT", tab_id="a", document_id="b", next_message_id="x"),
    event("event", client_id="CLIENT", id=[], listener_id="x", args=5),
    event("event", client_id="CLIENT", id=4, listener_id="x", args=["{"]),
    event("event", client_id="CLIENT", id=4, listener_id="unknown", args=[]),
    event("javascript_response", client_id="CLIENT", request_id=[]),
    event("ack", client_id="CLIENT", next_message_id="x"),
    event("log", client_id="CLIENT", level="critical"),
    "42" + json.dumps(["log", {"message": "x" * 1_000_001}]),
)


def test_garbage_closes_the_socket(empty_site: Site) -> None:
    """``empty_site`` checks at its end that there was no traceback."""
    client = page_id(empty_site)
    address = empty_site.address.replace("http", "ws", 1)
    query = f"&implicit_handshake=true&client_id={client}&tab_id=a&document_id=b&next_message_id=0"
    for each in GARBAGE:
        with connect(f"{address}{SOCKET}{query}", max_size=None) as socket:
            socket.send("40")
            socket.send(each.replace("CLIENT", client) if isinstance(each, str) else each)
            assert close_code(socket) == 1007, each
    assert httpx.get(f"{empty_site.address}/healthz").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?EIO=3&transport=websocket",
        "?EIO=4",
        "?EIO=4&transport=polling",
        "?EIO=4&transport=websocket&sid=x",
        "?EIO=4&transport=websocket&implicit_handshake=true",
        "?EIO=4&transport=websocket&implicit_handshake=true&client_id=a&tab_id=b&document_id=c"
        "&next_message_id=x",
        "?EIO=4&transport=websocket&" + "&".join(f"{n}=" for n in range(50)),
    ],
)
def test_a_socket_of_no_page_is_refused(empty_site: Site, query: str) -> None:
    path = f"/_nicegui_ws/socket.io/{query}"
    with pytest.raises(InvalidStatus, match="403"):
        connect(empty_site.address.replace("http", "ws", 1) + path)
    # The framework's other way, many requests instead of a socket, is not served.
    answer = httpx.get(empty_site.address + path)
    assert (answer.status_code, answer.json()["code"]) == (400, "refused")


def test_what_a_browser_reports_is_one_line_of_the_log(path: Path) -> None:
    site = Site(path)
    client = page_id(site)
    address = site.address.replace("http", "ws", 1)
    query = f"&implicit_handshake=true&client_id={client}&tab_id=a&document_id=b&next_message_id=0"
    with connect(f"{address}{SOCKET}{query}") as socket:
        socket.send("40")
        for number in range(3):
            text = f"error {number}\nFAKE LINE\x1b[2J" + "x" * 1_000
            socket.send(event("log", client_id=client, level="error", message=text))
        socket.send("3")
        socket.recv(timeout=20)
    site.popen.send_signal(signal.SIGINT)
    _, errors = site.popen.communicate(timeout=30)
    reported = [line for line in errors.splitlines() if "error" in line or "FAKE" in line]
    assert len(reported) == 1
    assert "a browser reports: error 0 FAKE LINE [2Jxxx" in reported[0]


ARGUMENTS: tuple[list[str], ...] = (["null"], ["{}"], ['"x"'])


def test_events_with_invented_contents_are_one_line_of_the_log_for_each_place(path: Path) -> None:
    site = Site(path)
    text = httpx.get(f"{site.address}/maintenance").text
    found = re.search(r"String\.raw`(.*?)`", text, re.DOTALL)
    assert found is not None
    elements = json.loads(html.unescape(found[1]))
    client = re.search(r"client_id\W+([0-9a-f-]{36})", text)
    assert client is not None
    query = f"&implicit_handshake=true&client_id={client[1]}&tab_id=a&document_id=b"
    address = site.address.replace("http", "ws", 1)
    sent = 0
    with connect(f"{address}{SOCKET}{query}&next_message_id=0", max_size=None) as socket:
        socket.send("40")
        for number, element in elements.items():
            for each in element.get("events", []):
                for args in ARGUMENTS:
                    content = {"id": int(number), "listener_id": each["listener_id"], "args": args}
                    socket.send(event("event", client_id=client[1], **content))
                    sent += 1
        socket.send("42" + json.dumps(["event", {}]))
        assert close_code(socket) == 1007
    site.popen.send_signal(signal.SIGINT)
    _, errors = site.popen.communicate(timeout=30)
    assert "Traceback" not in errors
    failed = [line for line in errors.splitlines() if "an event of a page failed" in line]
    assert 0 < len(failed) < sent / 2
    assert len(failed) == len({line.partition("(")[2] for line in failed})
