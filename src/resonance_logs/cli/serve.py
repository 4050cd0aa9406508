"""Serve the database over HTTP."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.configuration import configuration
from resonance_logs.cli.opening import open_for_reading, open_for_recording
from resonance_logs.cli.render import fail, print_error
from resonance_logs.cli.stopping import ends_by_itself, handled, stop_signals

if TYPE_CHECKING:
    from resonance_logs.database import Database
    from resonance_logs.web.connection_limits import ConnectionLimits
    from resonance_logs.web.guard import Rules
    from resonance_logs.web.proxies import Network

MIN_TOKEN_LENGTH: Final = 16
MAX_TOKEN_FILE_BYTES: Final = 65_536


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 picks a free port.")] = 8017,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="RESONANCE_LOGS_TOKEN",
            help="Token every client must send.",
            metavar="TOKEN",
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Read the token from a file.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Additional host name to accept; repeatable."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="Proxy, or network of proxies, whose X-Forwarded-For and X-Forwarded-Proto "
            "count; repeatable. Default: the setting trusted_proxies.",
        ),
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Refuse tasks and every change.")
    ] = False,
    max_connections: Annotated[
        int,
        typer.Option(
            min=1,
            max=100_000,
            metavar="N",
            help="Connections at once.",
        ),
    ] = 600,
    max_per_client: Annotated[
        int,
        typer.Option(
            "--max-connections-per-client",
            min=1,
            max=100_000,
            metavar="N",
            help="Connections at once from one address; behind a proxy, all of them.",
        ),
    ] = 200,
    db: options.Db = None,
) -> None:
    """Serve the database over HTTP: commands, tasks, live fight, exports, metrics.

    No token is needed on the loopback address; any other address, and a trusted proxy, needs one.
    """
    try:
        from resonance_logs.web.guard import Rules
    except ImportError:
        fail("the web extra is not installed; install it with: pip install 'resonance-logs[web]'")
    wanted = _token(token, token_file)
    is_local = _is_loopback(host)
    proxies = _networks(trusted_proxy)
    if wanted is None and (proxies or not is_local):
        place = "a server behind a proxy" if is_local else host
        raise typer.BadParameter(
            f"{place} is reachable from other machines; give --token or --token-file"
        )
    from resonance_logs.web.pages.routes import CONTENT_POLICY

    rules = Rules(
        content_policy=CONTENT_POLICY,
        hosts=Rules().hosts | {each.lower() for each in (host, *(name or ()))},
        any_address=not is_local,
        token=wanted,
        trusted_proxies=proxies,
    )
    try:
        listener = socket.create_server((host, port), family=_family(host))
    except OSError as error:
        fail(f"cannot listen on {host}, port {port}: {error.strerror or error}")
    with listener, _open_database(db, read_only=read_only) as (database, reason):
        limits = _limits(max_connections, max_per_client)
        _run(listener, database, rules, limits, reason, open_browser=open_browser)


@contextmanager
def _open_database(db: Path | None, *, read_only: bool) -> Iterator[tuple[Database, str]]:
    """Open the database; also returns why it accepts no tasks, if so."""
    from resonance_logs.errors import AlreadyRecording, ReadOnlyDatabase

    if not read_only:
        try:
            with open_for_recording(db, configuration().settings, resume=True) as database:
                yield database, ""
                return
        except (AlreadyRecording, ReadOnlyDatabase) as error:
            print_error(f"serving without recording: {error}")
    with open_for_reading(db, read_only=read_only) as database:
        yield database, "this server does not record; send tasks to the one that does"


def _limits(connections: int, per_client: int) -> ConnectionLimits:
    """The limits that the system has room for."""
    from resonance_logs.web.connection_limits import ConnectionLimits, raise_descriptor_limit

    wanted = ConnectionLimits(
        max_connections=connections,
        max_connections_per_client=per_client,
        max_websockets_per_client=max(1, per_client // 2),
    )
    limits = raise_descriptor_limit(wanted)
    if limits.max_connections < connections:
        print_error(
            f"serving up to {limits.max_connections:,} connections instead of {connections:,}: "
            "the system allows no more open files (see ulimit -Hn)"
        )
    return limits


def _run(
    listener: socket.socket,
    database: Database,
    rules: Rules,
    limits: ConnectionLimits,
    reason: str,
    *,
    open_browser: bool,
) -> None:
    from resonance_logs.cli.server_note import ServerNote, loopback_address, note_kept
    from resonance_logs.web.app import create_app
    from resonance_logs.web.pages.routes import add_pages
    from resonance_logs.web.server import make_server

    reachable = None if reason else loopback_address(*listener.getsockname()[:2])
    note = None if reachable is None else ServerNote(reachable)
    instance = "" if note is None else note.instance
    app = create_app(database, rules, limits=limits, reason_not_recorded=reason, instance=instance)
    add_pages(app)
    held = ExitStack()

    def announce() -> None:
        if note is not None:
            held.enter_context(note_kept(database.path, note))
        address = _address(listener)
        typer.echo(f"serving {database.path} at {address} (press Ctrl-C to stop)")
        sys.stdout.flush()
        if open_browser:
            typer.launch(address)

    server = make_server(app, announce)
    app.state.is_stopping = lambda: server.should_exit

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.should_exit = True

    # The server handles Ctrl-C and SIGTERM itself, and raises them again after it has stopped.
    others = [each for each in stop_signals() if each != signal.SIGINT]
    with handled(others, stop), held, ends_by_itself(), suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    print_error("stopped")


def _token(token: str | None, file: Path | None) -> str | None:
    if token is not None and file is not None:
        raise typer.BadParameter("give --token or --token-file, not both")
    found = token if file is None else _read_token(file)
    if found is None:
        return None
    if (
        len(found) < MIN_TOKEN_LENGTH
        or not found.isascii()
        or not found.isprintable()
        or " " in found
    ):
        raise typer.BadParameter(
            f"tokens must have at least {MIN_TOKEN_LENGTH} characters, plain ASCII without spaces"
        )
    return found


def _networks(given: Sequence[str] | None) -> tuple[Network, ...]:
    from resonance_logs.web.proxies import read_networks

    if given is None:
        return read_networks(configuration().settings.trusted_proxies)
    try:
        return read_networks(given)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--trusted-proxy") from error


def _read_token(file: Path) -> str:
    with file.open("rb") as stream:
        content = stream.read(MAX_TOKEN_FILE_BYTES + 1)
    if len(content) > MAX_TOKEN_FILE_BYTES:
        raise typer.BadParameter(f"{file} is too large for a file with a token")
    return content.decode("latin-1").strip()  # what is no text is no token either


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
