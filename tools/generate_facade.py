"""Writes the classes ``Commands`` and ``AsyncCommands`` from the registry, or checks them.

``python tools/generate_facade.py --write`` writes the two modules of the package, ``--check`` (the
default) fails where one is out of date.
"""

from __future__ import annotations

import argparse
import importlib
import pkgutil
import subprocess
import sys
import textwrap
from collections.abc import Callable, Sequence
from enum import Enum
from inspect import getdoc
from pathlib import Path
from types import ModuleType, NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, Union, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from resonance_logs.commands.registry import Command

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = "resonance_logs.commands"
FOLDER: Final = ROOT / "src" / PACKAGE.replace(".", "/")
_WIDTH: Final = 90
_NOTE: Final = "# Written by tools/generate_facade.py --write, from the commands.\n"

_COMMANDS: Final = '''
class Commands(Caller):
    """The commands of one store; safe to use from several threads.

    Every method raises InvalidArgument for an invalid argument, NotFound for something that is not
    stored, and Unavailable if the file cannot be read or written now.
    """
'''

_ASYNC_COMMANDS: Final = '''
class AsyncCommands(AsyncCaller):
    """The same commands, awaitable: each method of Commands, run in a worker thread.

    ``page = await db.async_commands.get_recent_encounters(limit=10)``.
    """

    def __init__(self, commands: Commands) -> None:
        super().__init__(commands)
        self._commands = commands
'''


class Types:
    """Annotations as source text, and the modules and aliases that the text needs."""

    def __init__(self) -> None:
        self.modules: set[str] = set()
        self.abstract: set[str] = set()
        self.aliases: dict[str, str] = {}

    def given(self, annotation: Any) -> str:
        """What a method accepts: also the values of an enumeration, and any sequence or mapping."""
        from resonance_logs.commands.models import Accepts

        origin, inner = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            wider = [each.annotation for each in inner[1:] if isinstance(each, Accepts)]
            return self.given(wider[0] if wider else inner[0])
        if origin in (list, dict):
            name = "Sequence" if origin is list else "Mapping"
            self.abstract.add(name)
            return f"{name}[{', '.join(map(self.given, inner))}]"
        if isinstance(annotation, type) and issubclass(annotation, Enum):
            values = ", ".join(f'"{each.value}"' for each in annotation)
            alias = f"_{annotation.__name__}"
            self.aliases[alias] = f"{self.returned(annotation)} | Literal[{values}]"
            return alias
        return self._text(annotation, self.given)

    def returned(self, annotation: Any) -> str:
        """What a method returns."""
        if get_origin(annotation) is Annotated:
            return self.returned(get_args(annotation)[0])
        return self._text(annotation, self.returned)

    def _text(self, annotation: Any, part: Callable[[Any], str]) -> str:
        origin, inner = get_origin(annotation), get_args(annotation)
        if annotation in (None, NoneType):
            return "None"
        if origin in (Union, UnionType):
            return " | ".join(map(part, inner))
        if origin is not None:
            return f"{origin.__name__}[{', '.join(map(part, inner))}]"
        if annotation.__module__ == "builtins":
            return str(annotation.__name__)
        return f"{self.module(annotation)}.{annotation.__name__}"

    def module(self, defined: Any) -> str:
        """The name by which a module of the package is imported."""
        package, _, name = defined.__module__.rpartition(".")
        if package != PACKAGE:
            raise ValueError(f"{defined.__name__} is defined in {defined.__module__}")
        self.modules.add(name)
        return str(name)


def render_commands(commands: Sequence[Command]) -> str:
    """The module with the class ``Commands``."""
    types = Types()
    methods = []
    for command in commands:
        home = types.module(command.function)
        call = [f"{home}.{command.name}"]
        call += [f"{name}={name}" for name in command.arguments.model_fields]
        methods.append(_method(command, types, f"self._run({', '.join(call)})"))
    imports = f"from {PACKAGE}.calling import Caller\n"
    return _module("Commands: a method for each command.", types, imports, _COMMANDS, methods)


def render_async_commands(commands: Sequence[Command]) -> str:
    """The module with the class ``AsyncCommands``."""
    types = Types()
    methods = []
    for command in commands:
        call = [f"self._commands.{command.name}"]
        call += [
            f"{name}={name}" if command.is_keyword_only else name
            for name in command.arguments.model_fields
        ]
        methods.append(_method(command, types, f"await to_thread({', '.join(call)})", "async "))
    imports = (
        "from asyncio import to_thread\n"
        f"from {PACKAGE}.calling import AsyncCaller\nfrom {PACKAGE}.facade import Commands\n"
    )
    docstring = "Commands for asyncio: an awaitable method for each command."
    return _module(docstring, types, imports, _ASYNC_COMMANDS, methods)


def _method(command: Command, types: Types, expression: str, prefix: str = "") -> str:
    hints = get_type_hints(command.function, include_extras=True)
    returned = types.returned(hints["return"])
    parameters = ["self", *(["*"] if command.is_keyword_only else []), *_parameters(command, types)]
    statement = expression if returned == "None" else f"return {expression}"
    return (
        f"    {prefix}def {command.name}({', '.join(parameters)}) -> {returned}:\n"
        f"{textwrap.indent(_docstring(command), ' ' * 8)}\n"
        f"        {statement}\n"
    )


def _parameters(command: Command, types: Types) -> list[str]:
    hints = get_type_hints(command.arguments, include_extras=True)
    found = []
    for name, field in command.arguments.model_fields.items():
        accepted = types.given(hints[name])
        if field.is_required():
            found.append(f"{name}: {accepted}")
            continue
        default = field.default.value if isinstance(field.default, Enum) else field.default
        if not isinstance(default, bool | int | float | str | None):
            if not accepted.endswith("| None"):
                raise ValueError(f"{command.name}: the default of {name} cannot be written")
            default = None
        found.append(f"{name}: {accepted} = {default!r}")
    return found


def _docstring(command: Command) -> str:
    """The docstring of the function, but for what it raises."""
    text = (getdoc(command.function) or "").partition("\n\nRaises:\n")[0]
    paragraphs = [textwrap.fill(" ".join(each.split()), _WIDTH) for each in text.split("\n\n")]
    joined = "\n\n".join(paragraphs)
    return f'"""{joined}"""' if "\n" not in joined else f'"""{joined}\n"""'


def _module(docstring: str, types: Types, imports: str, head: str, methods: Sequence[str]) -> str:
    lines = [
        f'"""{docstring}"""\n',
        _NOTE,
        "# ruff: noqa: A002\n",
        "from __future__ import annotations\n",
        f"from collections.abc import {', '.join(sorted(types.abstract))}" * bool(types.abstract),
        "from typing import Literal" * bool(types.aliases),
        imports,
        f"from {PACKAGE} import {', '.join(sorted(types.modules))}",
        "",
        *(f"{alias} = {text}" for alias, text in sorted(types.aliases.items())),
        head,
        *methods,
    ]
    return _formatted("\n".join(lines))


def _formatted(text: str) -> str:
    name = str(FOLDER / "facade.py")
    for words in (["check", "--select", "I", "--fix", "--quiet"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--stdin-filename", name, "-"],
            input=text, capture_output=True, encoding="utf-8", cwd=ROOT, check=True,
        )  # fmt: skip
        text = done.stdout
    return text


def read_commands() -> list[Command]:
    """All commands of the package, whether or not the written classes have them.

    Old classes may name functions that are gone, so the registry is read without them.
    """
    for name, defined in (("facade", "Commands"), ("async_facade", "AsyncCommands")):
        module = ModuleType(f"{PACKAGE}.{name}")
        setattr(module, defined, object)
        sys.modules[module.__name__] = module
    package = importlib.import_module(PACKAGE)
    for each in pkgutil.iter_modules(package.__path__, f"{PACKAGE}."):
        importlib.import_module(each.name)
    from resonance_logs.commands.registry import REGISTRY

    return list(REGISTRY.values())


def main(words: Sequence[str] | None = None) -> int:
    """Run as a program; the exit code."""
    parser = argparse.ArgumentParser(description="Write or check the classes of the commands.")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="only check; the default")
    mode.add_argument("--write", action="store_true", help="write what is out of date")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where they are")
    given = parser.parse_args(words)
    commands, problems = read_commands(), []
    for name, render in (
        ("facade.py", render_commands),
        ("async_facade.py", render_async_commands),
    ):
        file, new = given.folder / name, render(commands)
        if file.exists() and file.read_text(encoding="utf-8") == new:
            continue
        if given.write:
            file.write_text(new, encoding="utf-8")
        else:
            problems.append(f"{name} is out of date; run: python tools/generate_facade.py --write")
    for each in problems:
        print(each, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
