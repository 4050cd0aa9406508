"""The OpenAPI description, with the bodies that the routes cannot describe themselves."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode

from resonance_logs.commands.registry import REGISTRY
from resonance_logs.web.commands import PATH

_REFERENCE: Final = "#/components/schemas/{model}"

_ERROR: Final[dict[str, Any]] = {
    "type": "object",
    "description": "The error: code, message, and the argument if there is one.",
    "required": ["code", "message", "argument"],
    "properties": {
        "code": {
            "type": "string",
            "enum": [
                *("not_found", "invalid_argument", "unavailable", "refused"),
                *("read_only", "recorder_busy", "position_gap"),
            ],
        },
        "message": {"type": "string"},
        "argument": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "position": {
            "type": "integer",
            "description": "With position_gap: how many tasks the recorder has accepted.",
        },
    },
}
_REASONS: Final = {
    "400": "Not a valid HTTP request, or a part of it cannot be read.",
    "401": "A token is needed.",
    "403": "Unknown host name, or another origin; or a change, on a read-only server (read_only).",
    "404": "The requested item is not stored.",
    "408": "The headers, or the body, arrive too slowly.",
    "413": "The body is too large.",
    "414": "The URL is too long.",
    "422": "An argument is missing, unknown, of the wrong type or out of range.",
    "429": "Too many requests.",
    "431": "The headers are too large, or too many.",
    "503": "The file cannot be read or written now, or there are too many connections.",
}


def describe(app: FastAPI) -> None:
    """Make the application describe its routes, including its commands."""

    def build() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _build(app)
        return app.openapi_schema

    app.openapi = build  # type: ignore[method-assign]


def _build(app: FastAPI) -> dict[str, Any]:
    described = get_openapi(
        title=app.title, version=app.version, summary=app.summary, routes=app.routes
    )
    schemas = described.setdefault("components", {}).setdefault("schemas", {})
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    schemas["Error"] = _ERROR
    shapes = _command_schemas(schemas)
    commands = {f"{PATH}{name}": {"post": _command_operation(name, shapes)} for name in REGISTRY}
    described["paths"] = commands | described["paths"]
    _describe_tasks(described["paths"]["/api/tasks"]["post"])
    for methods in described["paths"].values():
        for operation in methods.values():
            _describe_errors(operation)
    return described


def _command_schemas(schemas: dict[str, Any]) -> dict[tuple[str, JsonSchemaMode], dict[str, Any]]:
    """The schemas of each command's arguments and answer, with their parts added to ``schemas``."""
    generator = GenerateJsonSchema(by_alias=True, ref_template=_REFERENCE)
    inputs = [
        (name, "validation", each.arguments.__pydantic_core_schema__)
        for name, each in REGISTRY.items()
    ]
    outputs = [(name, "serialization", each.answer.core_schema) for name, each in REGISTRY.items()]
    found, definitions = generator.generate_definitions([*inputs, *outputs])  # type: ignore[list-item]
    schemas |= {str(name): each for name, each in definitions.items()}
    return found


def _command_operation(
    name: str, shapes: dict[tuple[str, JsonSchemaMode], dict[str, Any]]
) -> dict[str, Any]:
    command = REGISTRY[name]
    fields = command.arguments.model_fields.values()
    return {
        "tags": ["commands"],
        "summary": command.summary,
        "x-changes": command.changes,
        "operationId": name,
        "requestBody": {
            "required": any(field.is_required() for field in fields),
            "content": {"application/json": {"schema": shapes[name, "validation"]}},
        },
        "responses": {
            "200": {
                "description": "The answer.",
                "content": {"application/json": {"schema": shapes[name, "serialization"]}},
            }
        },
    }


def _describe_tasks(operation: dict[str, Any]) -> None:
    line = {"type": "string", "description": "One task per line, as a JSON object."}
    operation["requestBody"] = {
        "required": True,
        "content": {"application/x-ndjson": {"schema": line}},
    }
    operation["responses"]["409"] = _error_response(
        "The recorder is busy, or the tasks do not follow those that it has accepted."
    )


def _describe_errors(operation: dict[str, Any]) -> None:
    operation["responses"] |= {
        status: _error_response(reason) for status, reason in _REASONS.items()
    }


def _error_response(reason: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": reason, "content": {"application/json": {"schema": schema}}}
