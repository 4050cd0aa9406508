"""Letting go what is beyond the limits, or showing what would go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from resonance_logs.cli import options
from resonance_logs.cli.opening import configuration, reading
from resonance_logs.cli.render import local_time, size

if TYPE_CHECKING:
    from resonance_logs.commands.shapes import PrunedPart

_LIMITS: Final = (
    "keep_hits_days",
    "keep_hits_newest",
    "keep_hits_file_bytes",
    "keep_fights_days",
    "keep_fights_newest",
    "keep_fights_file_bytes",
)

_Days = Annotated[float | None, typer.Option(metavar="DAYS", min=0.001, max=1_000_000)]
_Count = Annotated[int | None, typer.Option(metavar="COUNT", min=1, max=2**53 - 1)]
_Size = Annotated[str | None, typer.Option(metavar="SIZE", help="As 500M, 2G or 1000000.")]


def prune(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would be let go.")
    ] = False,
    keep_hits_days: _Days = None,
    keep_hits_newest: _Count = None,
    keep_hits_file_size: _Size = None,
    keep_fights_days: _Days = None,
    keep_fights_newest: _Count = None,
    keep_fights_file_size: _Size = None,
    as_json: options.AsJson = False,
    db: options.Db = None,
) -> None:
    """Let go single hits and whole fights that are beyond the limits; favourites stay.

    A limit that is not given here is that of the settings (see doctor). Age counts from the newest
    fight. Single hits go first: their fights keep all figures, but for time ranges and curves.
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
        raise typer.BadParameter("no limit is set; give one, as --keep-fights-newest 1000")
    with reading(db) as database:
        report = database.commands.prune_encounters(**limits, dry_run=dry_run)
    if as_json:
        typer.echo(report.model_dump_json(indent=2).encode())
        return
    word = "would be let go" if dry_run else "let go"
    typer.echo(f"single hits of {_told(report.hits)} {word}")
    typer.echo(f"whole fights: {_told(report.fights)} {word}")


def _told(part: PrunedPart) -> str:
    if part.oldest_started_at_ms is None or part.newest_started_at_ms is None:
        return "no fights"
    oldest, newest = local_time(part.oldest_started_at_ms), local_time(part.newest_started_at_ms)
    noun = "fight" if part.encounters == 1 else "fights"
    return f"{part.encounters:,} {noun} ({oldest} to {newest}), about {size(part.bytes)},"
