"""The contents of the generated parts of the reference pages, taken from the program."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import partial
from inspect import getdoc
from pathlib import Path
from types import NoneType
from typing import Any, Final, get_args

import msgspec
import typer
from msgspec import UNSET

import resonance_logs
from resonance_logs import Database, Settings, Stats, tasks
from resonance_logs.cli import app
from resonance_logs.commands import Filters
from resonance_logs.commands.registry import REGISTRY
from resonance_logs.exports.formats import Column
from resonance_logs.exports.tables import ACTOR_COLUMNS, FIGHT_COLUMNS, HIT_COLUMNS, SKILL_COLUMNS
from resonance_logs.web.app import create_app
from resonance_logs.web.guard import Rules

MEANING: Final = "meaning"
_TYPE: Final = re.compile(r"<([^>]*)>")
_BRACKETS: Final = re.compile(r"\s*\[((?:default|env var|required|[\d.]+<)[^\]]*)\]$")
_NOTE: Final = re.compile("default: |env var: ")


@dataclass(frozen=True, slots=True)
class Table:
    """A table. With ``MEANING`` as the last heading, rows omit that cell, which the page keeps."""

    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


Part = Callable[[], Table | str]


def commands() -> Table:
    """Every command with its arguments, as on the wire, and its answer."""
    rows = []
    for name, command in REGISTRY.items():
        arguments = {field.alias or key: field for key, field in _arguments(command).items()}
        required = [alias for alias, field in arguments.items() if field.is_required()]
        optional = [alias for alias, field in arguments.items() if not field.is_required()]
        answer = _code([_shape_name(command.answer_schema)])
        summary = _plain(command.summary)
        changes = "yes" if command.changes else ""
        rows.append((_code([name]), _code(required), _code(optional), answer, changes, summary))
    return Table(("command", "required", "optional", "answer", "changes", "what it does"), rows)


def arguments() -> Table:
    """Every argument that any command takes."""
    names = [
        field.alias or key
        for command in REGISTRY.values()
        for key, field in _arguments(command).items()
    ]
    return Table(("argument", MEANING), [(_code([name]),) for name in dict.fromkeys(names)])


def filters() -> Table:
    """Every filter of a list of fights."""
    return Table(
        ("filter", MEANING),
        [(_code([field.alias or name]),) for name, field in Filters.model_fields.items()],
    )


def shapes() -> str:
    """The fields of every answer and of its parts."""
    found: dict[str, list[str]] = {}
    for command in REGISTRY.values():
        schema = command.answer_schema
        for name, each in {**schema.get("$defs", {}), schema.get("title", ""): schema}.items():
            if "properties" in each:
                found[name] = list(each["properties"])
    return "\n".join(f"- **{name}**: {_code(found[name])}" for name in sorted(found))


def settings() -> Table:
    """Every setting with its default."""
    rows = [
        (_code([each.name]), _code([str(each.default)]))
        for each in fields(Settings)
        if each.default is not MISSING
    ]
    return Table(("setting", "default", MEANING), rows)


def stats() -> Table:
    """The fields of ``Stats``."""
    return Table(("field", MEANING), [(_code([each.name]),) for each in fields(Stats)])


def errors() -> str:
    """The public errors as a tree, each with the first line of its description."""
    public = {
        each
        for name in resonance_logs.__all__
        if isinstance(each := getattr(resonance_logs, name), type) and issubclass(each, Exception)
    }
    return "\n".join(_error_lines(resonance_logs.ResonanceLogsError, public, 0))


def task_fields(kind: type[msgspec.Struct]) -> Table:
    """The fields of one task."""
    rows = [
        (_code([each.encode_name]), _kind_of(each.type), _default(each))
        for each in msgspec.structs.fields(kind)
    ]
    return Table(("field", "type", "default", MEANING), rows)


def routes() -> Table:
    """Every request that the server answers, except pages and their parts (/api/docs/...)."""
    with tempfile.TemporaryDirectory() as folder, Database.open(Path(folder) / "routes.db") as db:
        found = _requests(create_app(db, Rules()).routes)
    found = {each for each in found if " /api/docs/" not in each}
    return Table(("request", MEANING), [(_code([each]),) for each in sorted(found, key=_by_path)])


def columns(of: Sequence[Column]) -> Table:
    """The columns of a table that can be exported."""
    rows = [
        (_code([each.name]), f"{each.kind} or null" if each.is_nullable else str(each.kind))
        for each in of
    ]
    return Table(("column", "type", MEANING), rows)


def command_line() -> Table:
    """Every command of the command line."""
    rows = [(_code([_usage(name, each)]),) for name, each in _commands_of_the_line()]
    return Table(("command", MEANING), rows)


def options() -> str:
    """The description of every command of the command line, and its options."""
    return "\n\n".join(_described(name, each) for name, each in _commands_of_the_line())


PARTS: Final[dict[str, Part]] = {
    "commands": commands,
    "arguments": arguments,
    "filters": filters,
    "shapes": shapes,
    "settings": settings,
    "stats": stats,
    "errors": errors,
    "routes": routes,
    "command line": command_line,
    "options": options,
    "columns of fights": partial(columns, FIGHT_COLUMNS),
    "columns of actors": partial(columns, ACTOR_COLUMNS),
    "columns of skills": partial(columns, SKILL_COLUMNS),
    "columns of hits": partial(columns, HIT_COLUMNS),
    **{
        str(kind.__struct_config__.tag): partial(task_fields, kind)
        for kind in sorted(get_args(tasks.Task), key=lambda each: str(each))
    },
}


def _arguments(command: Any) -> dict[str, Any]:
    model_fields: dict[str, Any] = command.arguments.model_fields
    return model_fields


def _shape_name(schema: dict[str, Any]) -> str:
    """The name of an answer: a model, a list of one, or a JSON type."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " or ".join(_shape_name(each) for each in schema["anyOf"])
    if "prefixItems" in schema:
        return f"[{', '.join(_shape_name(each) for each in schema['prefixItems'])}]"
    if schema.get("type") == "array":
        return f"list of {_shape_name(schema['items'])}"
    return str(schema.get("title") if "properties" in schema else schema["type"])


def _error_lines(error: type[Exception], public: set[type[Exception]], depth: int) -> Iterable[str]:
    yield f"{'  ' * depth}- `{error.__name__}`: {_summary(error)}"
    for each in error.__subclasses__():
        if each in public:
            yield from _error_lines(each, public, depth + 1)


def _summary(described: object) -> str:
    """The first paragraph of a docstring."""
    return _plain(_one_line((getdoc(described) or "").split("\n\n")[0]))


def _kind_of(annotation: Any) -> str:
    """The type of a task's field, in words."""
    given: tuple[Any, ...] = get_args(annotation)
    inner = [each for each in given if each is not NoneType]
    if len(inner) == 1 < len(given):
        return _kind_of(inner[0])
    names = {
        tasks.Integer: "integer",
        tasks.Amount: "amount",
        str: "text",
        bool: "true or false",
        list[str]: "list of texts",
    }
    if annotation not in names:
        raise ValueError(f"there is no name for the type {annotation}")
    return names[annotation]


def _default(field: Any) -> str:
    if field.required:
        return "**required**"
    if field.default is UNSET or field.default is msgspec.NODEFAULT:
        raise ValueError(f"{field.name}: its default cannot be shown")
    return _code([msgspec.json.encode(field.default).decode()])


def _requests(found: Iterable[Any]) -> set[str]:
    """Methods and paths, also of routers within routers."""
    requests: set[str] = set()
    for each in found:
        if path := getattr(each, "path", None):
            methods = sorted((getattr(each, "methods", None) or {"GET"}) - {"HEAD"})
            shown = path.replace(":path}", "}")
            requests |= {f"{method} {shown}" for method in methods}
        for part in ("original_router", "router"):
            requests |= _requests(getattr(getattr(each, part, None), "routes", ()))
    return requests


def _by_path(request: str) -> tuple[str, str]:
    method, _, path = request.partition(" ")
    return path, method


def _commands_of_the_line() -> Iterable[tuple[str, Any]]:
    root: Any = typer.main.get_command(app)
    for name, command in root.commands.items():
        inner = getattr(command, "commands", None)
        if inner is None:
            yield name, command
        else:
            yield from ((f"{name} {each}", inner[each]) for each in inner)


def _usage(name: str, command: Any) -> str:
    return " ".join([name, *map(_argument, _of_kind(command, "argument"))])


def _argument(param: Any) -> str:
    name = (param.metavar or param.name.upper()) + ("…" if param.nargs == -1 else "")
    return name if param.required else f"[{name}]"


def _of_kind(command: Any, kind: str) -> list[Any]:
    return [param for param in command.params if param.param_type_name == kind]


def _described(name: str, command: Any) -> str:
    context = command.make_context(name, [], resilient_parsing=True)
    lines = [line for each in command.get_params(context) if (line := _record(each, context))]
    described = [_plain(_one_line(each)) for each in (command.help or "").strip().split("\n\n")]
    return "\n\n".join(filter(None, [f"### {name}", *described, "\n".join(lines)]))


def _record(param: Any, context: Any) -> str | None:
    """An option or argument with its help; ``--help`` and ``--db`` are the same for all."""
    record: tuple[str, str] | None = param.get_help_record(context)
    is_shared = "--help" in param.opts or ("--db" in param.opts and param.envvar)
    if record is None or is_shared:
        return None
    if param.param_type_name == "argument":
        left = param.metavar or param.name.upper()
    else:
        left = _TYPE.sub(_placeholder, record[0])
    found = _BRACKETS.search(record[1])
    notes = [each for each in (found[1] if found else "").split("; ") if _NOTE.match(each)]
    right = _BRACKETS.sub("", record[1]) + "".join(f" ({each})" for each in notes)
    return f"- `{left}`: {_plain(right.strip())}" if right.strip() else f"- `{left}`"


def _placeholder(match: re.Match[str]) -> str:
    """The placeholder of an option's value: its choices or its type."""
    if "|" in match[1]:
        return match[1]
    return "N" if match[1].startswith(("int", "float")) else "TEXT"


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _plain(text: str) -> str:
    """A text of the program as Markdown: double backquotes become single ones."""
    return text.replace("``", "`").replace("|", "\\|").replace("<", "&lt;")


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
