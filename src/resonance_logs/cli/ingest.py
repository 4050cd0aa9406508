"""Record tasks from files, pipes and growing files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from resonance_logs.cli import options
from resonance_logs.cli.configuration import configuration
from resonance_logs.cli.ingest_target import Target
from resonance_logs.cli.opening import open_for_recording, show_warnings
from resonance_logs.cli.render import err, fail, print_error, safe
from resonance_logs.fights.text_limits import MAX_NAME_LENGTH, MAX_TEXT_BYTES

if TYPE_CHECKING:
    from resonance_logs import Stats
    from resonance_logs.cli.handover import ServerRecorder
    from resonance_logs.cli.intake import Ingestion
    from resonance_logs.cli.meter import Meter
    from resonance_logs.database import Database
    from resonance_logs.settings import Settings
    from resonance_logs.sources.task_source import TaskSource


def ingest(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE", help="Task files, also .gz and .zst; - is stdin."),
    ],
    follow: Annotated[
        bool, typer.Option("--follow", help="Keep reading a growing file or pipe until Ctrl-C.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write refused lines to this file; append with --recorder or from a pipe.",
        ),
    ] = None,
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet", "-q", help="Continue quietly; refused lines do not change the exit code."
        ),
    ] = False,
    recorder: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Record as this recorder, and continue each file where it stopped before.",
        ),
    ] = None,
    game: Annotated[
        str | None,
        typer.Option(
            metavar="ID",
            help="The game that the tasks come from. Default: the recorder's, or bpsr.",
        ),
    ] = None,
    from_position: Annotated[
        int | None,
        typer.Option(
            "--from",
            min=0,
            max=2**53 - 1,
            metavar="N",
            help="With --recorder: N tasks were sent before the first one; skip what is recorded.",
        ),
    ] = None,
    db: options.Db = None,
) -> None:
    """Record tasks from files (NDJSON, one task per line)."""
    from resonance_logs.cli.intake import Ingestion, stop_on_signals
    from resonance_logs.cli.meter import Meter
    from resonance_logs.sources.task_source import TaskSource

    target = Target(recorder, game, from_position)
    target.check()
    _check(files, rejects, db, follow=follow)
    settings = configuration().settings
    sources = [TaskSource(file, follow=follow) for file in files]
    with ExitStack() as stack:
        kept = None if rejects is None else stack.enter_context(_open_rejects(rejects))
        meter = stack.enter_context(Meter(err(), sources, hidden=quiet))
        if not quiet:
            stack.enter_context(show_warnings(meter.print_line))
        database, server = _open(stack, db, target, sources, meter, settings)
        if kept is not None and not target.is_positioned:
            _begin_anew(kept, files)
        fights_before = _count_fights(database)
        sender = target.sender(stack, database, server)
        ingestion = Ingestion(server or database, sources, meter, kept, sender)
        database.on_stopped = ingestion.stop_reading
        with stop_on_signals(ingestion):
            ingestion.run()
            if server is None:
                is_open = ingestion.finish(database, settings.close_seconds)
            else:
                server.flush(lambda: ingestion.stopped)
                is_open = True
        ingestion.end_clock()
        meter.close()
        counts = _counts(database.stats()) if server is None and is_open else Counter()
        counts += Counter() if server is None else server.counts
        ingestion.refused += 0 if server is None else server.refused
        if is_open and not quiet:
            fights = _count_fights(database) - fights_before
            _print_summary(database, ingestion, target.name, fights, counts)
    failed = bool(ingestion.refused or counts["rejected"])
    _end(ingestion, follow=follow, failed=failed and not quiet)


def _open_rejects(path: Path) -> BinaryIO:
    """The file for refused lines, to append to: what an earlier run refused is kept."""
    from resonance_logs.system.whole_files import open_private

    return open(path, "ab", opener=open_private)


def _begin_anew(rejects: BinaryIO, files: Sequence[str]) -> None:
    """Drop what was refused before if all of it is read, and refused, again; not so of a pipe."""
    if all(Path(each).is_file() for each in (rejects.name, *files)):
        rejects.truncate(0)


def _open(
    stack: ExitStack,
    db: Path | None,
    target: Target,
    sources: Sequence[TaskSource],
    meter: Meter,
    settings: Settings,
) -> tuple[Database, ServerRecorder | None]:
    """Open the database for recording; if a server already records it, for reading, with a client.

    Raises:
        AlreadyRecording: a program other than a server records the file, or the token is missing
            or wrong.
    """
    from resonance_logs.errors import AlreadyRecording

    try:
        opened = open_for_recording(
            db, settings, recorder=target.recorder, game=target.game, resume=target.is_positioned
        )
        return stack.enter_context(opened), None
    except AlreadyRecording as error:
        from resonance_logs.cli.handover import find_server
        from resonance_logs.database import Database
        from resonance_logs.settings import find_path

        path, refusal = find_path(db), error
        client = find_server(path, refusal)
    meter.print_line(f"the server at {client.address} records this file; sending the tasks to it")
    is_live = any(source.size_bytes is None for source in sources)
    database = stack.enter_context(Database.open(db, record=False))
    return database, target.server_recorder(
        client, lambda: find_server(path, refusal), is_live=is_live, say=meter.print_line
    )


def _end(ingestion: Ingestion, *, follow: bool, failed: bool) -> None:
    """Exit with the right code and reason; stopping a follower is a success."""
    if ingestion.fault is not None:
        fail(f"{ingestion.fault}{_unread(ingestion)}")
    if ingestion.stopped and not follow:
        fail(f"stopped {ingestion.position()}; everything read is committed{_unread(ingestion)}")
    if failed:
        if not ingestion.taken:
            _print_kinds(ingestion.names)
        raise typer.Exit(1)


def _print_kinds(names: Sequence[str]) -> None:
    """If no line was a task, print what the files are instead."""
    from resonance_logs.cli.file_kinds import kind_of

    for name in names:
        kind = kind_of(Path(name))
        if kind is not None:
            print_error(f"{name} {kind.value}")


def _unread(ingestion: Ingestion) -> str:
    names = ", ".join(safe(name, 200) for name in ingestion.unread)
    return f"; not started: {names}" if names else ""


def _check(files: Sequence[str], rejects: Path | None, db: Path | None, *, follow: bool) -> None:
    from resonance_logs.settings import find_path

    if follow and len(files) > 1:
        raise typer.BadParameter("--follow takes exactly one file, because it never ends")
    if files.count("-") > 1:
        raise typer.BadParameter("standard input (-) can be read only once")
    if rejects is not None and rejects.exists():
        inputs = (Path(file) for file in files if file != "-")
        if any(file.exists() and file.samefile(rejects) for file in inputs):
            raise typer.BadParameter("--rejects would overwrite an input file")
        database = find_path(db)
        if database.exists() and database.samefile(rejects):
            raise typer.BadParameter("--rejects would overwrite the database")


def _count_fights(database: Database) -> int:
    return database.commands.get_recent_encounters(limit=1).total_count


def _counts(stats: Stats) -> Counter[str]:
    return Counter(
        ignored=stats.ignored, strays=stats.strays, rejected=stats.rejected, cut=stats.cut
    )


def _print_summary(
    database: Database, ingestion: Ingestion, recorder: str, fights: int, counts: Counter[str]
) -> None:
    """Print the counts: of this program, or what the server answered."""
    stats = database.stats()
    shown = {
        "fights": fights,
        "tasks": ingestion.taken,
        **({"recorded before": ingestion.skipped} if ingestion.skipped else {}),
        "refused lines": ingestion.refused,
        **{name: counts[name] for name in ("ignored", "strays", "rejected")},
        "tasks per second": round(ingestion.taken / ingestion.seconds),
    }
    typer.echo(" · ".join(f"{name} {count:,}" for name, count in shown.items()))
    if stats.unknown_dmg:
        typer.echo(
            f"{stats.unknown_dmg:,} damage by unknown attackers is not in any total: send an "
            "upsert_entity for each player (show lists the attackers of a fight)"
        )
    if counts["cut"]:
        typer.echo(
            f"{counts['cut']:,} names or attributes were too long and were cut: names have up to "
            f"{MAX_NAME_LENGTH} characters, attributes {MAX_TEXT_BYTES:,} bytes"
        )
    if stats.unmatched_bosses:
        typer.echo(f"Defeated bosses that match no hit: {stats.unmatched_bosses:,}")
    if database.commands.get_live_encounter(recorder) is not None:
        typer.echo("the last fight is still open; its end has not arrived")
