"""The errors of a question: what may go wrong has a code, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pydantic import ValidationError
from pydantic.alias_generators import to_camel

from resonance_logs.errors import (
    DatabaseError,
    InvalidArgument,
    ReadOnly,
    ReadOnlyDatabase,
    Unavailable,
)
from resonance_logs.store.sqlite.connections import Store


@contextmanager
def naming_arguments(*, camel: bool = False) -> Iterator[None]:
    """Turn a validation error into one that names the first invalid argument by its wire name.

    Raises:
        InvalidArgument: an argument is missing, unknown, of a wrong type or out of range.
    """
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        parts = [str(part) for part in first["loc"]]
        name = ".".join(to_camel(part) if camel else part for part in parts)
        raise InvalidArgument(name or "arguments", _message(first["type"], first["msg"])) from error


@contextmanager
def answering(store: Store | None = None) -> Iterator[None]:
    """Turn an error of the store into one that a command may raise.

    With ``store`` an error of any other kind is taken for damage if its file is damaged: values of
    another type than their columns have, which only a damaged or forged file holds.

    Raises:
        ReadOnly: the file may only be read.
        Unavailable: the file cannot be read or written now, or is damaged.
    """
    try:
        yield
    except ReadOnlyDatabase as error:
        raise ReadOnly(str(error)) from error
    except DatabaseError as error:
        raise Unavailable(str(error)) from error
    except (ValueError, TypeError, ArithmeticError, LookupError) as error:
        fault = None if store is None else store.find_fault()
        if store is None or fault is None:
            raise
        raise Unavailable(f"{store.path} is damaged: {fault}") from error


def _message(kind: str, message: str) -> str:
    """Pydantic's message, without its term for a JSON object."""
    return "must be a JSON object" if kind == "model_type" else message[:1].lower() + message[1:]
