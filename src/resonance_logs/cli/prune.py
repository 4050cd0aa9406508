"""Delete what exceeds the limits, or show what would be deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.configuration import configuration
from resonance_logs.cli.opening import open_for_reading
from resonance_logs.cli.render import local_time, size

if TYPE_CHECKING:
    from resonance_logs.commands.prune import PrunedPart

_LIMITS: Final = (
    "keep_hits_days",
    "keep_hits_newest",
    "keep_hits_file_bytes",
    "keep_fights_days",
    "keep_fights_newest",
    "keep_fights_file_bytes",
)


def _days(what: str) -> Any:
    return typer.Option(metavar="DAYS", min=0.001, max=1_000_000, help=f"Keep {what}.")


def _count(what: str) -> Any:
    return typer.Option(metavar="COUNT", min=1, max=2**53 - 1, help=f"Keep {what}.")


def _size(what: str) -> Any:
    return typer.Option(metavar="SIZE", help=f"Keep {what}; for example 500M, 2G or 1000000.")


def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be deleted.")
    ] = False,
    keep_hits_days: Annotated[float | None, _days("individual hits of the last DAYS days")] = None,
    keep_hits_newest: Annotated[
        int | None, _count("individual hits of the newest COUNT fights")
    ] = None,
    keep_hits_file_size: Annotated[
        str | None, _size("individual hits while the file is at most this large")
    ] = None,
    keep_fights_days: Annotated[float | None, _days("fights of the last DAYS days")] = None,
    keep_fights_newest: Annotated[int | None, _count("the newest COUNT fights")] = None,
    keep_fights_file_size: Annotated[
        str | None, _size("fights while the file is at most this large")
    ] = None,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """Delete individual hits and whole fights that exceed the limits; favourites are kept.

    Limits not given here come from the settings (see doctor). Age is measured from the newest
    fight. Individual hits are deleted first: their fights keep all figures except time ranges and
    curves.
    """
    settings = configuration().settings
    given: dict[str, Any] = {
        "keep_hits_days": keep_hits_days,
        "keep_hits_newest": keep_hits_newest,
        "keep_hits_file_bytes": options.read_size(keep_hits_file_size),
        "keep_fights_days": keep_fights_days,
        "keep_fights_newest": keep_fights_newest,
        "keep_fights_file_bytes": options.read_size(keep_fights_file_size),
    }
    limits = {
        name: getattr(settings, name) if given[name] is None else given[name] for name in _LIMITS
    }
    if not any(limits.values()):
        raise typer.BadParameter("no limit is set; give one, for example --keep-fights-newest 1000")
    with open_for_reading(db) as database:
        report = database.commands.prune_encounters(**limits, dry_run=dry_run)
    if as_json:
        typer.echo(report.model_dump_json(indent=2).encode())
        return
    word = "would be deleted" if dry_run else "deleted"
    typer.echo(f"individual hits of {_describe(report.hits)} {word}")
    typer.echo(f"whole fights: {_describe(report.fights)} {word}")


def _describe(part: PrunedPart) -> str:
    if part.oldest_started_at_ms is None or part.newest_started_at_ms is None:
        return "no fights"
    oldest, newest = local_time(part.oldest_started_at_ms), local_time(part.newest_started_at_ms)
    noun = "fight" if part.encounters == 1 else "fights"
    return f"{part.encounters:,} {noun} ({oldest} to {newest}), about {size(part.bytes)},"
