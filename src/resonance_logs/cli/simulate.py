"""Write a simulated raid night as tasks."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from resonance_logs.cli.render import print_error
from resonance_logs.system.whole_files import whole_file

if TYPE_CHECKING:
    from resonance_logs.sources.simulation import Night


def simulate(
    seed: Annotated[int, typer.Option(help="Random seed; equal seeds give equal nights.")] = 1,
    players: Annotated[int, typer.Option(min=5, max=20, help="Number of players.")] = 10,
    fights: Annotated[int, typer.Option(min=1, max=100_000, help="Number of fights.")] = 12,
    seconds: Annotated[
        int, typer.Option(min=1, max=86_400, help="Approximate length of a fight in seconds.")
    ] = 180,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write to this file instead of stdout."
        ),
    ] = None,
    names: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also write the names of the skills, for catalog load."),
    ] = None,
) -> None:
    """Write a simulated raid night as tasks (NDJSON)."""
    from resonance_logs.sources.simulation import Night, skill_names

    night = Night(seed=seed, players=players, fights=fights, seconds=seconds)
    if names is not None:
        with _open_output(names) as file:
            file.write((json.dumps(skill_names(), indent=1) + "\n").encode())
    if output is None:
        _write(night, sys.stdout.buffer)
        return
    with _open_output(output) as file:
        count = _write(night, file)
    print_error(f"{count:,} tasks written to {output}")


@contextmanager
def _open_output(path: Path) -> Iterator[BinaryIO]:
    """A file that is there once it is complete; anything else, as a pipe, is written to at once."""
    if path.exists() and not path.is_file():
        with path.open("wb") as stream:
            yield stream
        return
    with whole_file(path) as part, part.open("wb") as stream:
        yield stream


def _write(night: Night, stream: BinaryIO) -> int:
    from resonance_logs.sources.simulation import simulate as simulated
    from resonance_logs.tasks import encode_task

    count = 0
    for task in simulated(night):
        stream.write(encode_task(task) + b"\n")
        count += 1
    stream.flush()
    return count
