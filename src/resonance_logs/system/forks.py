"""After a fork: the child process leaves alone what its parent has open.

It has copies of the parent's objects, but none of its threads and none of its locks on files.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")

_told: Final[WeakKeyDictionary[Any, Callable[[Any], None]]] = WeakKeyDictionary()


def tell_after_fork(owner: T, leave_to_parent: Callable[[T], None]) -> None:
    """Call a function with an object in every child process, as long as the object exists.

    It must not wait for a lock: the thread that held it is not there to release it.
    """
    _told[owner] = leave_to_parent


def keep_forever(thing: object) -> None:
    """Never destroy an object, not even at the end of the process."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))


def _tell_all() -> None:
    for owner, leave_to_parent in list(_told.items()):
        leave_to_parent(owner)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_tell_all)
