"""Every promise of docs/security.md names its test, and its proxies are run as shown."""

import os
import re
import signal
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from resonance_logs.web.login import SECURE_COOKIE
from tests.helpers.documents import ROOT, blocks
from tests.helpers.pages import TOKEN, Site

DOCUMENT = ROOT / "docs" / "security.md"
NAME = "logs.example.org"
CLIENT = "127.0.0.2"
_START_S = 60.0

Run = Callable[[Path, str, int], subprocess.Popen[bytes]]


def test_every_promise_names_a_test_that_exists() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    section = text.partition("## What is promised")[2].partition("\n## ")[0]
    promises = re.split(r"^- ", section, flags=re.MULTILINE)[1:]
    assert len(promises) > 10
    for promise in promises:
        named = re.findall(r"<!-- (\S+?)(?:::(\w+))? -->", promise)
        assert named, promise
        for path, function in named:
            source = (ROOT / path).read_text(encoding="utf-8")
            assert f"def {function or 'test_'}" in source, (path, function)


def test_the_token_of_the_example_is_long_enough_and_random() -> None:
    (line,) = (
        line
        for block in blocks(DOCUMENT, "sh")
        for line in block.text.splitlines()
        if "secrets" in line
    )
    made = [
        subprocess.run(["sh", "-c", line.partition(" > ")[0]], capture_output=True, text=True)
        for _ in range(2)
    ]
    assert len(made[0].stdout.strip()) >= 32
    assert made[0].stdout != made[1].stdout


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _certificate(folder: Path) -> tuple[Path, Path]:
    if which("openssl") is None:
        pytest.skip("openssl is not installed: it makes the certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *(
                "-nodes",
                "-days",
                "2",
                "-subj",
                f"/CN={NAME}",
                "-addext",
                f"subjectAltName=DNS:{NAME}",
            ),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    return key, certificate


def _nginx(folder: Path, upstream: str, port: int) -> subprocess.Popen[bytes]:
    key, certificate = _certificate(folder)
    (shown,) = (block.text for block in blocks(DOCUMENT, "nginx"))
    for old, new in (
        ("listen 443 ssl;", f"listen 127.0.0.1:{port} ssl;"),
        (f"/etc/ssl/{NAME}.pem", str(certificate)),
        (f"/etc/ssl/{NAME}.key", str(key)),
        ("http://127.0.0.1:8017", upstream),
    ):
        assert old in shown
        shown = shown.replace(old, new)
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in kinds)
    user = "user root;" if os.geteuid() == 0 else ""
    file = folder / "nginx.conf"
    file.write_text(
        f"daemon off; {user} pid {folder}/pid; error_log {folder}/errors;\nevents {{}}\n"
        f"http {{ access_log off;\n{paths}{shown} }}\n"
    )
    return subprocess.Popen(["nginx", "-p", str(folder), "-c", str(file)])


def _caddy(folder: Path, upstream: str, port: int) -> subprocess.Popen[bytes]:
    key, certificate = _certificate(folder)
    (shown,) = (block.text for block in blocks(DOCUMENT, "caddy"))
    assert shown.startswith(f"{NAME} {{")
    assert "127.0.0.1:8017" in shown
    site = f"https://{NAME}:{port} {{\n    bind 127.0.0.1\n    tls {certificate} {key}"
    shown = shown.replace(f"{NAME} {{", site, 1)
    shown = shown.replace("127.0.0.1:8017", upstream.removeprefix("http://"))
    file = folder / "Caddyfile"
    file.write_text(f"{{\n    admin off\n    auto_https off\n}}\n{shown}")
    environment = {**os.environ, "HOME": str(folder)}
    command = ["caddy", "run", "--config", str(file), "--adapter", "caddyfile"]
    return subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)


@contextmanager
def _running(process: subprocess.Popen[bytes], port: int) -> Iterator[None]:
    try:
        until = time.monotonic() + _START_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                assert process.poll() is None
                assert time.monotonic() < until
                time.sleep(0.05)
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


@pytest.mark.parametrize(
    ("program", "start"), [("nginx", _nginx), ("caddy", _caddy)], ids=["nginx", "caddy"]
)
def test_the_proxy_that_is_shown_serves_all_over_tls(
    path: Path, tmp_path: Path, program: str, start: Run
) -> None:
    if which(program) is None:
        pytest.skip(f"{program} is not installed (Debian's package {program})")
    options = ("--token", TOKEN, "--name", NAME, "--trusted-proxy", "127.0.0.1")
    site, port = Site(path, *options), _free_port()
    folder = tmp_path / "proxy"
    folder.mkdir()
    try:
        with _running(start(folder, site.address, port), port):
            _look(port, folder / "certificate.pem")
    finally:
        site.popen.send_signal(signal.SIGINT)
        _, errors = site.popen.communicate(timeout=30)
    assert "Traceback" not in errors
    assert f"wrong token from {CLIENT};" in errors


def _look(port: int, certificate: Path) -> None:
    tls = ssl.create_default_context(cafile=str(certificate))
    origin = f"https://{NAME}:{port}"
    headers = {"host": f"{NAME}:{port}", "accept": "text/html", "origin": origin}
    # Not the address that is trusted: it could say anything.
    transport = httpx.HTTPTransport(verify=tls, local_address=CLIENT)
    base = f"https://127.0.0.1:{port}"
    with httpx.Client(transport=transport, base_url=base, headers=headers, timeout=30) as client:
        named = {"sni_hostname": NAME}
        form = client.get("/live", extensions=named)
        assert form.status_code == 401
        assert form.headers["strict-transport-security"] == "max-age=31536000"
        answer = client.post("/login", data={"token": TOKEN, "next": "/live"}, extensions=named)
        assert (answer.status_code, answer.headers["location"]) == (303, "/live")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"{SECURE_COOKIE}=")
        assert "; Secure" in cookie
        session = {"cookie": cookie.partition(";")[0]}
        assert client.get("/live", headers=session, extensions=named).status_code == 200
        # A page of the name without TLS is another site.
        foreign = session | {"origin": origin.replace("https", "http")}
        posted = client.post("/logout", headers=foreign, extensions=named)
        assert posted.status_code == 403
        with client.stream("GET", "/api/live", headers=session, extensions=named) as live:
            assert next(live.iter_lines()).startswith("event: ")
        # What a client says about its own address does not count.
        wrong = {"authorization": "Bearer wrong", "x-forwarded-for": "10.0.0.1"}
        assert client.get("/healthz", headers=wrong, extensions=named).status_code == 401
    _connect(port, tls, session["cookie"])


def _connect(port: int, tls: ssl.SSLContext, cookie: str) -> None:
    with _socket(port, tls, cookie) as opened:
        assert str(opened.recv(timeout=20)).startswith("0{")
    with pytest.raises(InvalidStatus, match="403"):
        _socket(port, tls, "")


def _socket(port: int, tls: ssl.SSLContext, cookie: str) -> ClientConnection:
    return connect(
        f"wss://{NAME}:{port}/_nicegui_ws/socket.io/?EIO=4&transport=websocket",
        sock=socket.create_connection(("127.0.0.1", port), timeout=30),
        ssl=tls,
        additional_headers={"cookie": cookie},
    )
