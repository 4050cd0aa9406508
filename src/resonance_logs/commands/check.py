"""Check the file for damage, and each fight's figures against its events."""

from __future__ import annotations

from dataclasses import asdict

from resonance_logs.commands.answers import CheckReport, Finding
from resonance_logs.commands.arguments import CheckArguments
from resonance_logs.commands.registry import command
from resonance_logs.store.sqlite.connections import Store
from resonance_logs.store.sqlite.integrity import find_damage


@command()
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
