"""How a command is called: from Python, and by name in wire format."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from resonance_logs.commands.answering import answering, naming_arguments
from resonance_logs.commands.models import FROM_PYTHON, Arguments
from resonance_logs.commands.registry import Command, find_command
from resonance_logs.errors import ReadOnly
from resonance_logs.store.sqlite.connections import Store

_Answer = TypeVar("_Answer")


class Caller:
    """Runs the commands of one store."""

    def __init__(self, store: Store) -> None:
        self._store: Final = store

    def call(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """Run a command in wire format: camelCase in, JSON-compatible camelCase out."""
        command = self._find(name)
        with naming_arguments():
            given = command.arguments.model_validate(
                {} if arguments is None else arguments, by_alias=True, by_name=False
            )
        answer = self._answer(command.function, given)
        return command.answer.dump_python(answer, mode="json", by_alias=True)

    def call_json(self, name: str, text: str | bytes = "") -> str:
        """Like ``call``, with arguments and answer as JSON text; empty text means no arguments."""
        command = self._find(name)
        with naming_arguments():
            given = command.arguments.model_validate_json(
                text if text.strip() else "{}", by_alias=True, by_name=False
            )
        return self._answer(command.answer_json, given).decode()

    def _run(self, function: Callable[[Store, Any], _Answer], /, **given: object) -> _Answer:
        takes = self._find(function.__name__).arguments
        with naming_arguments(camel=True):
            arguments = takes.model_validate(
                given, by_alias=False, by_name=True, context=FROM_PYTHON
            )
        return self._answer(function, arguments)

    def _find(self, name: str) -> Command:
        """The command of this name, unless the file is closed, or may not be changed by it."""
        self._store.check_open()
        command = find_command(name)
        if command.changes and self._store.is_read_only:
            what = f"{self._store.path} is open only for reading"
            raise ReadOnly(f"{what}; {name} would change it")
        return command

    def _answer(self, function: Callable[[Store, Any], _Answer], given: Arguments) -> _Answer:
        with answering(self._store):
            return function(self._store, given)


class AsyncCaller:
    """Runs commands in wire format in a worker thread."""

    def __init__(self, caller: Caller) -> None:
        self._caller: Final = caller

    async def call(self, name: str, arguments: Mapping[str, object] | None = None) -> object:
        """Run a command in wire format: camelCase in, JSON-compatible camelCase out."""
        return await to_thread(self._caller.call, name, arguments)

    async def call_json(self, name: str, text: str | bytes = "") -> str:
        """Like ``call``, with arguments and answer as JSON text; empty text means no arguments."""
        return await to_thread(self._caller.call_json, name, text)
