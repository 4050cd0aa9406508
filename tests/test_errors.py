"""Every error that this package raises on purpose can be caught by its name."""

import inspect

import pytest

import resonance_logs
from resonance_logs import errors

CLASSES = [
    each
    for _, each in inspect.getmembers(errors, inspect.isclass)
    if each.__module__ == errors.__name__
]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_exported_and_stands_in_the_tree_of_the_docstring(
    error: type[Exception],
) -> None:
    name = error.__name__
    assert getattr(resonance_logs, name) is error
    assert name in resonance_logs.__all__
    assert issubclass(error, resonance_logs.ResonanceLogsError)
    assert name in (errors.__doc__ or "").replace("─", " ").split()
