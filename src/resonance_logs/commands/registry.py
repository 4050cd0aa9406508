"""All commands by name: what Python, HTTP and the command line offer is what is registered here."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from inspect import getdoc
from typing import Any, Final, TypeVar, get_type_hints

from pydantic import TypeAdapter

from resonance_logs.commands.models import Arguments
from resonance_logs.errors import NotFound
from resonance_logs.store.sqlite.connections import Store

DESKTOP_COMMANDS: Final = (
    "get_recent_encounters",
    "get_recent_encounters_filtered",
    "get_encounter_by_id",
    "get_encounter_actor_stats",
    "get_encounter_player_skills",
    "get_unique_boss_names",
    "get_unique_scene_names",
    "get_player_names_filtered",
    "get_recent_players_command",
    "get_player_name_command",
    "delete_encounter",
    "delete_encounters",
    "toggle_favorite_encounter",
)
"""The commands of the desktop application, in its order: lists of commands begin with them."""

_Function = TypeVar("_Function", bound=Callable[[Store, Any], Any])


@dataclass(frozen=True, slots=True)
class Command:
    """A command: its name, summary, arguments and answer."""

    name: str
    summary: str
    arguments: type[Arguments]
    answer: TypeAdapter[Any]
    function: Callable[[Store, Any], Any]
    changes: bool = False
    """Whether it may change what is stored; a database opened only for reading refuses it."""
    is_quick: bool = False
    """Whether it answers within milliseconds regardless of the number of fights."""
    fast_json: Callable[[Store, Any], bytes] | None = None
    """The same answer as JSON, if there is a faster way than by ``answer``."""
    is_keyword_only: bool = False
    """Whether its Python method takes its arguments by name only."""

    def answer_json(self, store: Store, given: Any) -> bytes:
        """The answer as JSON."""
        if self.fast_json is not None:
            return self.fast_json(store, given)
        return self.answer.dump_json(self.function(store, given), by_alias=True)

    @property
    def argument_names(self) -> tuple[str, ...]:
        """The wire names of the arguments."""
        return tuple(field.alias or name for name, field in self.arguments.model_fields.items())

    @property
    def description(self) -> dict[str, Any]:
        """The whole description as JSON."""
        return {
            "name": self.name,
            "summary": self.summary,
            "changes": self.changes,
            "arguments": self.arguments_schema,
            "answer": self.answer_schema,
        }

    @property
    def arguments_schema(self) -> dict[str, Any]:
        """JSON Schema of the arguments, in wire format."""
        return self.arguments.model_json_schema(by_alias=True)

    @property
    def answer_schema(self) -> dict[str, Any]:
        """JSON Schema of the answer, in wire format."""
        return self.answer.json_schema(by_alias=True, mode="serialization")


class _Registry(Mapping[str, Command]):
    """The registered commands by name, in a fixed order."""

    def __init__(self) -> None:
        self._commands: dict[str, Command] = {}

    def __getitem__(self, name: str) -> Command:
        return self._commands[name]

    def __iter__(self) -> Iterator[str]:
        first = [name for name in DESKTOP_COMMANDS if name in self._commands]
        return iter(dict.fromkeys([*first, *self._commands]))

    def __len__(self) -> int:
        return len(self._commands)

    def add(self, command: Command) -> None:
        """Add a command.

        Raises:
            ValueError: there is one of this name.
        """
        if command.name in self._commands:
            raise ValueError(f"there are two commands {command.name!r}")
        self._commands[command.name] = command


_registry: Final = _Registry()
REGISTRY: Final[Mapping[str, Command]] = _registry
"""Every command by name, those of the desktop application first."""


def command(
    *,
    changes: bool = False,
    is_quick: bool = False,
    fast_json: Callable[[Store, Any], bytes] | None = None,
    is_keyword_only: bool = False,
) -> Callable[[_Function], _Function]:
    """Register a function as the command of its name.

    The function takes the store and a model of arguments; the model and the type of the answer are
    those of its annotations, the summary is the first paragraph of its docstring. The options are
    described at ``Command``.

    Raises:
        TypeError: the annotations or the docstring are not those of a command.
        ValueError: there is a command of this name, or a quick one changes something.
    """
    if changes and is_quick:
        raise ValueError("a command that changes something waits for others, and is not quick")

    def register(function: _Function) -> _Function:
        name, summary, arguments, answer = _read_signature(function)
        _registry.add(
            Command(
                name,
                summary,
                arguments,
                answer,
                function,
                changes,
                is_quick,
                fast_json,
                is_keyword_only,
            )
        )
        return function

    return register


def _read_signature(
    function: Callable[..., Any],
) -> tuple[str, str, type[Arguments], TypeAdapter[Any]]:
    """Name, summary, arguments and answer of a command."""
    name = function.__name__
    hints = get_type_hints(function, include_extras=True)
    if "return" not in hints:
        raise TypeError(f"the command {name!r} does not say what it returns")
    answer = hints.pop("return")
    match list(hints.values()):
        case [store, type() as given] if store is Store and issubclass(given, Arguments):
            pass
        case _:
            raise TypeError(f"the command {name!r} does not take a Store and a model of arguments")
    summary = " ".join((getdoc(function) or "").split("\n\n")[0].split())
    if not summary:
        raise TypeError(f"the command {name!r} has no docstring")
    return name, summary, given, _adapter(answer)


@cache
def _adapter(answer: Any) -> TypeAdapter[Any]:
    return TypeAdapter(answer)


def find_command(name: str) -> Command:
    """Find a command by name.

    Raises:
        NotFound: there is none; the message suggests similar names.
    """
    found = REGISTRY.get(name)
    if found is None:
        close = ", ".join(get_close_matches(name, REGISTRY, n=3))
        hint = f"; did you mean {close}?" if close else ""
        raise NotFound(f"there is no command {name!r}{hint}")
    return found
