"""After it was closed, nothing of a database answers; each method says that it was closed."""

import asyncio
import inspect
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from resonance_logs import Database, DatabaseClosed, Recorder
from resonance_logs.commands import Filters
from resonance_logs.commands.registry import REGISTRY
from tests.helpers.arguments import ARGUMENTS
from tests.helpers.recording import fight, record

GIVEN: dict[str, tuple[Any, ...]] = {
    "enqueue": (fight()[0],),
    "enqueue_many": (fight(),),
    "recorder": ("raid",),
    "find_recorder": ("default",),
    "begin_input": ("default", "bpsr", "file", 0),
    "backup": ("backup.db",),
    "export_fights": ([1], "exported.db"),
    "export_matching_fights": (Filters(), "exported.db"),
    "import_fights": ("exported.db",),
    "encounter_table": (1,),
}
OF_RECORDER = {"begin_input": ("file",)}
CLOSING = {"close", "stop_accepting"}
"""These only close, which is done."""


def methods_of(kind: type) -> list[str]:
    """The public methods of its objects."""
    return [
        name
        for name in dir(kind)
        if not name.startswith("_")
        and inspect.isfunction(inspect.getattr_static(kind, name))
        and name not in CLOSING
    ]


def call(method: Callable[..., Any], *given: Any) -> None:
    answer = method(*given)
    if inspect.iscoroutine(answer):
        asyncio.run(answer)
    elif isinstance(answer, AbstractContextManager):
        with answer:
            pass


@pytest.fixture(params=[True, False], ids=["recording", "reading"])
def closed(path: Path, request: pytest.FixtureRequest) -> Database:
    """A closed database that was open for recording, or for reading."""
    with Database.open(path) as db:
        record(db, fight())
    opened = Database.open(path, record=request.param)
    opened.close()
    return opened


@pytest.mark.parametrize("name", methods_of(Database))
def test_every_method_says_that_it_was_closed(
    closed: Database, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DatabaseClosed, match="was closed"):
        call(getattr(closed, name), *GIVEN.get(name, ()))
    assert not list(tmp_path.glob("*ed.db"))


@pytest.mark.parametrize("name", methods_of(Recorder))
def test_every_method_of_a_recorder_says_so_too(path: Path, name: str) -> None:
    with Database.open(path) as db:
        recorder = db.recorder("raid")
    with pytest.raises(DatabaseClosed, match="was closed"):
        call(getattr(recorder, name), *{**GIVEN, **OF_RECORDER}.get(name, ()))


@pytest.mark.parametrize("name", REGISTRY)
def test_every_command_says_so_too(closed: Database, name: str) -> None:
    with pytest.raises(DatabaseClosed, match="was closed"):
        closed.commands.call(name, ARGUMENTS[name])
    with pytest.raises(DatabaseClosed, match="was closed"):
        asyncio.run(closed.async_commands.call(name, ARGUMENTS[name]))


def test_what_it_was_can_still_be_asked(closed: Database, path: Path) -> None:
    assert (closed.path, closed.is_recording, closed.is_read_only) == (path, False, False)
    closed.close()
