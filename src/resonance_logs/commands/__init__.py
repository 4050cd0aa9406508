"""Commands: every query about the stored fights, typed and by name.

A command is a function of the store and a model of arguments, decorated with ``@command()``, in the
module of its noun. ``Commands`` has one method per command, with Python names; ``Commands.call``
uses the wire format, in camelCase. Reading commands never write, and never wait for the writer.
"""

from __future__ import annotations

from resonance_logs.commands.async_facade import AsyncCommands
from resonance_logs.commands.catalog import CatalogKind
from resonance_logs.commands.facade import Commands
from resonance_logs.commands.filters import Filters, Sort
from resonance_logs.commands.models import Side, SkillType
from resonance_logs.commands.timeline import GroupBy

__all__ = [
    "AsyncCommands",
    "CatalogKind",
    "Commands",
    "Filters",
    "GroupBy",
    "Side",
    "SkillType",
    "Sort",
]
