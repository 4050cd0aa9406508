"""Serving the database over HTTP."""

from __future__ import annotations

import ipaddress
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import configuration, reading, recording
from resonance_logs.cli.render import fail, say
from resonance_logs.cli.stopping import ends_by_itself

if TYPE_CHECKING:
    from resonance_logs.database import Database
    from resonance_logs.web.guard import Rules

LEAST_TOKEN: Final = 16


def serve(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0 takes any that is free.")] = 8017,
    open_browser: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="RESONANCE_LOGS_TOKEN",
            help="What all must give who ask.",
            metavar="TOKEN",
        ),
    ] = None,
    token_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The same, from a file.")
    ] = None,
    name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name this machine is asked under; may be repeated."),
    ] = None,
    read_only: Annotated[bool, typer.Option("--read-only", help="Take no tasks.")] = False,
    db: options.Db = None,
) -> None:
    """Serve the database over HTTP: commands, tasks, the open fight live, exports, metrics.

    On this machine alone no password is needed. Any other address needs a token.
    """
    try:
        from resonance_logs.web.guard import Rules
    except ImportError:
        fail("the web part is not installed; get it with: pip install 'resonance-logs[web]'")
    wanted = _token(token, token_file)
    is_local = _is_loopback(host)
    if wanted is None and not is_local:
        raise typer.BadParameter(f"{host} can be reached by others; give --token or --token-file")
    from resonance_logs.pages.site import CONTENT_POLICY

    rules = Rules(
        content_policy=CONTENT_POLICY,
        hosts=Rules().hosts | {each.lower() for each in (host, *(name or ()))},
        any_address=not is_local,
        token=wanted,
    )
    try:
        listener = socket.create_server((host, port), family=_family(host))
    except OSError as error:
        fail(f"cannot listen on {host}, port {port}: {error.strerror or error}")
    with listener, _opened(db, read_only=read_only) as (database, reason):
        _run(listener, database, rules, reason, open_browser=open_browser)


@contextmanager
def _opened(db: Path | None, *, read_only: bool) -> Iterator[tuple[Database, str]]:
    """The database, and why it takes no tasks where it does not."""
    from resonance_logs.errors import AlreadyRecording, ReadOnlyDatabase

    if not read_only:
        try:
            with recording(db, configuration().settings) as database:
                yield database, ""
                return
        except (AlreadyRecording, ReadOnlyDatabase) as error:
            say(f"serving for reading only: {error}")
    with reading(db) as database:
        yield database, "this server only reads the database; send tasks to the one who records"


def _run(
    listener: socket.socket, database: Database, rules: Rules, reason: str, *, open_browser: bool
) -> None:
    from resonance_logs.cli.server_note import ServerNote, loopback_address, note_kept
    from resonance_logs.pages.site import add_pages
    from resonance_logs.web.app import create_app
    from resonance_logs.web.server import make_server

    reachable = None if reason else loopback_address(*listener.getsockname()[:2])
    note = None if reachable is None else ServerNote(reachable)
    instance = "" if note is None else note.instance
    app = create_app(database, rules, reason_not_recorded=reason, instance=instance)
    add_pages(app)
    held = ExitStack()

    def announce() -> None:
        if note is not None:
            held.enter_context(note_kept(database.path, note))
        address = _address(listener)
        typer.echo(f"serving {database.path} at {address} (Ctrl-C ends it)")
        sys.stdout.flush()
        if open_browser:
            typer.launch(address)

    server = make_server(app, announce)
    app.state.is_stopping = lambda: server.should_exit
    # The server hears the signal, and raises it once more when it has stopped.
    before = signal.signal(signal.SIGTERM, lambda _number, _frame: None)
    try:
        with held, ends_by_itself(), suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        signal.signal(signal.SIGTERM, before)
    say("stopped")


def _token(token: str | None, file: Path | None) -> str | None:
    if token is not None and file is not None:
        raise typer.BadParameter("give --token or --token-file, not both")
    found = token if file is None else file.read_text(encoding="utf-8").strip()
    if found is None:
        return None
    if len(found) < LEAST_TOKEN or not found.isascii() or not found.isprintable() or " " in found:
        raise typer.BadParameter(
            f"the token must have {LEAST_TOKEN} characters or more, of plain ASCII without spaces"
        )
    return found


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
