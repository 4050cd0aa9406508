"""Check the file for damage, and each fight's figures against its events."""

from __future__ import annotations

from dataclasses import asdict

from pydantic import Field

from resonance_logs.commands.models import Arguments, Flag, Shape
from resonance_logs.commands.registry import command
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.integrity import find_damage


class CheckArguments(Arguments):
    """How thorough the check is."""

    quick: Flag = Field(default=False, description="Check only the file's pages, not the fights.")


class Finding(Shape):
    """A fault: where in the file (or in which fight), and what it is.

    ``is_damage`` is false for a table that somebody added: nothing is lost by it.
    """

    part: str
    encounter_id: int | None
    message: str
    is_damage: bool = True


class CheckReport(Shape):
    """The result of a check; ``encounters_checked`` fights were compared with their events."""

    is_sound: bool
    encounters_checked: int
    findings: list[Finding]


@command(is_keyword_only=True)
def check_database(store: Store, arguments: CheckArguments) -> CheckReport:
    """Check for damage in the file and in each fight's figures.

    With ``quick`` only the file's pages are checked. Nothing is changed, and nobody is blocked:
    each fight is read separately.
    """
    findings, checked = find_damage(store, quick=arguments.quick)
    return CheckReport(
        is_sound=not findings,
        encounters_checked=checked,
        findings=[Finding(**asdict(each)) for each in findings],
    )
