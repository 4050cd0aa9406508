"""The classes of the commands are those that the registry describes."""

import asyncio
import inspect
import shutil
import subprocess
import sys
from pathlib import Path
from typing import assert_type

import pytest

from resonance_logs import commands as package
from resonance_logs.commands import AsyncCommands, Commands, SkillType
from resonance_logs.commands.encounter import EncounterSummary
from resonance_logs.commands.registry import REGISTRY
from resonance_logs.errors import InvalidArgument
from tests.helpers.builder import AOI, Builder, known_fight
from tests.helpers.documents import ROOT

MODULES = ("facade.py", "async_facade.py")


def generate(*words: str | Path) -> tuple[int, list[str]]:
    """The exit code of the program, and the problems that it found."""
    done = subprocess.run(
        [sys.executable, ROOT / "tools/generate_facade.py", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
    )
    return done.returncode, done.stderr.splitlines()


def test_the_classes_are_up_to_date() -> None:
    assert generate("--check") == (0, [])


def test_a_class_that_is_out_of_date_is_found_and_written_anew(tmp_path: Path) -> None:
    folder = Path(package.__path__[0])
    shutil.copy(folder / "facade.py", tmp_path)
    (tmp_path / "async_facade.py").write_text("old\n")
    code, problems = generate("--check", tmp_path)
    assert code == 1
    assert [problem.split(" is ")[0] for problem in problems] == ["async_facade.py"]
    assert generate("--write", tmp_path) == (0, [])
    assert all((tmp_path / each).read_bytes() == (folder / each).read_bytes() for each in MODULES)


@pytest.mark.parametrize("name", REGISTRY)
def test_the_awaitable_method_has_the_same_signature_and_docstring(name: str) -> None:
    method, awaitable = getattr(Commands, name), getattr(AsyncCommands, name)
    assert inspect.signature(awaitable) == inspect.signature(method)
    assert inspect.getdoc(awaitable) == inspect.getdoc(method)
    assert inspect.iscoroutinefunction(awaitable)


def test_types_are_known_of_both_classes(builder: Builder, commands: Commands) -> None:
    """mypy checks this too: an ignore that is not needed is an error."""
    known_fight(builder)
    awaited = AsyncCommands(commands)
    assert_type(commands.get_encounter_by_id(1), EncounterSummary)
    assert_type(asyncio.run(awaited.get_encounter_by_id(1)), EncounterSummary)
    assert commands.get_encounter_party(1, "heal", "monsters", 0) == asyncio.run(
        awaited.get_encounter_party(1, SkillType.HEAL, side="monsters", from_ms=0)
    )
    with pytest.raises(InvalidArgument):
        commands.get_encounter_party(1, "nothing")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument):
        asyncio.run(awaited.get_encounter_by_id("1"))  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        asyncio.run(awaited.check_database(True))  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        commands.get_encounter_by_id(fight=1)  # type: ignore[call-arg]


def test_fights_to_compare_are_ids_or_pairs_in_python_but_objects_on_the_wire(
    builder: Builder, commands: Commands
) -> None:
    known_fight(builder)
    sides = commands.compare_encounters([1, (1, AOI)]).sides
    assert [(side.encounter_id, side.actor_id) for side in sides] == [(1, None), (1, AOI)]
    for wrong in ([1, "x"], [1, (1, 2, 3)], [1, None]):
        with pytest.raises(InvalidArgument) as caught:
            commands.compare_encounters(wrong)  # type: ignore[arg-type]
        assert caught.value.argument == "sides.1.encounterId"
    with pytest.raises(InvalidArgument) as caught:
        commands.call("compare_encounters", {"sides": [1, 1]})
    assert caught.value.argument == "sides.0"
