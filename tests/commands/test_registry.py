"""The table of commands: the same by method, by name and as JSON; errors name the cause."""

import asyncio
import inspect
import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from resonance_logs.commands import AsyncCommands, Commands, Filters
from resonance_logs.commands.models import NoArguments
from resonance_logs.commands.registry import DESKTOP_COMMANDS, REGISTRY, command
from resonance_logs.errors import CommandError, InvalidArgument, NotFound, ReadOnly, Unavailable
from resonance_logs.store.sqlite.access import Access
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.arguments import ARGUMENTS
from tests.helpers.builder import AOI, Builder, known_fight


def snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def names_in(answer: object) -> set[str]:
    if isinstance(answer, Mapping):
        return set(answer) | {name for value in answer.values() for name in names_in(value)}
    if isinstance(answer, list):
        return {name for value in answer for name in names_in(value)}
    return set()


def test_every_method_is_a_command_and_every_command_a_method() -> None:
    methods = {
        name
        for name, _ in inspect.getmembers(Commands, inspect.isfunction)
        if not name.startswith("_") and name not in {"call", "call_json"}
    }
    assert methods == set(REGISTRY) == set(ARGUMENTS)


@pytest.mark.parametrize("name", REGISTRY)
def test_a_method_takes_what_its_command_takes(name: str) -> None:
    parameters = inspect.signature(getattr(Commands, name)).parameters
    assert set(parameters) - {"self"} == set(REGISTRY[name].arguments.model_fields)


def test_the_commands_of_the_desktop_application_come_first() -> None:
    assert tuple(REGISTRY)[: len(DESKTOP_COMMANDS)] == DESKTOP_COMMANDS


def test_a_function_that_is_no_command_cannot_be_registered() -> None:
    def get_no_docstring(store: Store, _arguments: NoArguments) -> int:
        return 1

    def get_no_answer(store, _arguments: NoArguments):  # type: ignore[no-untyped-def]
        """A number."""

    def get_no_model(store: Store, number: int) -> int:
        """A number."""
        return number

    def get_catalog(store: Store, _arguments: NoArguments) -> int:
        """A number."""
        return 1

    before = dict(REGISTRY)
    for function, error, message in (
        (get_no_docstring, TypeError, "has no docstring"),
        (get_no_answer, TypeError, "does not say what it returns"),
        (get_no_model, TypeError, "does not take a Store and a model"),
        (get_catalog, ValueError, "there are two commands 'get_catalog'"),
    ):
        with pytest.raises(error, match=message):
            command()(function)
    assert dict(REGISTRY) == before


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_command_answers_the_same_by_method_by_name_and_as_json(
    builder: Builder, commands: Commands, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    known_fight(builder)
    builder.player(AOI, "Aoi", 1_000)
    builder.row("encounter_bosses", encounter_id=1, monster_name="Ogre", is_defeated=1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(9, 9, 9))
    given = ARGUMENTS[name]
    if name == "delete_encounter":
        assert commands.call(name, given) is None
        return
    by_name = commands.call(name, given)
    assert json.loads(commands.call_json(name, json.dumps(given))) == by_name
    assert not any("_" in field for field in names_in(by_name))
    arguments = {snake(key): value for key, value in given.items()}
    if "filters" in arguments:
        arguments["filters"] = Filters(boss_names=["Ogre"])
    if "sides" in arguments:
        arguments["sides"] = [1, (1, AOI)]
    if "names" in arguments:
        arguments["names"] = {5: "Slash"}
    answer = getattr(commands, name)(**arguments)
    assert REGISTRY[name].answer.dump_python(answer, mode="json", by_alias=True) == by_name


@pytest.mark.parametrize("described", REGISTRY.values(), ids=lambda each: each.name)
def test_a_command_is_described(described: Any) -> None:
    assert described.summary.endswith(".")
    assert described.arguments_schema["additionalProperties"] is False
    assert not any("_" in name for name in described.arguments_schema.get("properties", {}))
    assert described.answer_schema


@pytest.mark.parametrize(
    ("name", "arguments", "argument"),
    [
        ("get_recent_encounters", {"limit": 0}, "limit"),
        ("get_recent_encounters", {"limit": 1_001}, "limit"),
        ("get_recent_encounters", {"limit": "5"}, "limit"),
        ("get_recent_encounters", {"limit": True}, "limit"),
        ("get_recent_encounters", {"limit": 5.0}, "limit"),
        ("get_recent_encounters", {"offset": -1}, "offset"),
        ("get_recent_encounters", {"offset": 2**60}, "offset"),
        ("get_recent_encounters", {"page": 1}, "page"),
        ("get_encounter_by_id", {}, "encounterId"),
        ("get_encounter_by_id", {"encounter_id": 1}, "encounterId"),
        ("get_encounter_by_id", {"encounterId": 2**70}, "encounterId"),
        ("get_encounter_by_id", {"encounterId": None}, "encounterId"),
        ("get_encounter_range", {"encounterId": 1, "fromMs": -1}, "fromMs"),
        ("get_encounter_timeline", {"encounterId": 1, "points": 0}, "points"),
        ("get_encounter_timeline", {"encounterId": 1, "groupBy": "x"}, "groupBy"),
        ("get_encounter_timeline", {"encounterId": 1, "most": 0}, "most"),
        ("get_encounter_timeline", {"encounterId": 1, "smoothMs": -1}, "smoothMs"),
        ("get_encounter_party", {"encounterId": 1, "side": "all"}, "side"),
        ("get_encounter_party", {"encounterId": 1, "kind": "x"}, "kind"),
        ("get_encounter_player_targets", {"encounterId": 1, "actorId": 7}, "skillType"),
        ("delete_encounters", {"ids": [1, "x"]}, "ids.1"),
        ("toggle_favorite_encounter", {"id": 1, "isFavorite": 1}, "isFavorite"),
        ("get_recent_encounters_filtered", {"filters": {"boss": []}}, "filters.boss"),
        ("get_recent_encounters_filtered", {"filters": {"boss_names": []}}, "filters.boss_names"),
        ("get_recent_encounters_filtered", {"filters": {"sort": "id"}}, "filters.sort"),
        ("get_recent_encounters_filtered", {"filters": {"bossNames": "x"}}, "filters.bossNames"),
        ("get_recent_encounters_filtered", {"filters": []}, "filters"),
    ],
)
def test_a_wrong_argument_is_named_as_on_the_wire(
    commands: Commands, name: str, arguments: dict[str, Any], argument: str
) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.call(name, arguments)
    assert (caught.value.argument, caught.value.code) == (argument, "invalid_argument")
    with pytest.raises(InvalidArgument) as caught:
        commands.call_json(name, json.dumps(arguments))
    assert caught.value.argument == argument


def test_a_wrong_argument_of_a_method_is_named_the_same(commands: Commands) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.get_recent_encounters(limit=0)
    assert caught.value.argument == "limit"
    with pytest.raises(InvalidArgument) as caught:
        commands.get_encounter_timeline(1, bucket_ms=-5)
    assert caught.value.argument == "bucketMs"
    with pytest.raises(InvalidArgument) as caught:
        commands.delete_encounter("1")  # type: ignore[arg-type]
    assert caught.value.argument == "encounterId"


@pytest.mark.parametrize("text", ["[1]", "nonsense", "3", '"x"', "{", b"\xff"])
def test_arguments_that_are_no_object_are_refused(commands: Commands, text: str | bytes) -> None:
    with pytest.raises(InvalidArgument) as caught:
        commands.call_json("get_recent_encounters", text)
    assert caught.value.argument == "arguments"


def test_no_text_stands_for_no_arguments(commands: Commands) -> None:
    assert json.loads(commands.call_json("get_recent_encounters")) == {"rows": [], "totalCount": 0}
    assert commands.call("get_live_encounter") is None


def test_an_unknown_command_is_not_found_and_close_names_are_reported(commands: Commands) -> None:
    with pytest.raises(NotFound, match="did you mean get_encounter_by_id"):
        commands.call("get_encounter_by_name", {})
    with pytest.raises(NotFound, match="there is no command '_ask'"):
        commands.call_json("_ask")


def test_a_file_that_cannot_be_read_is_unavailable(tmp_path: Path) -> None:
    store = Store(tmp_path / "no such folder" / "fights.db")
    with pytest.raises(Unavailable) as caught:
        Commands(store).get_recent_encounters()
    assert isinstance(caught.value, CommandError)
    assert caught.value.code == "unavailable"
    store.close()


def test_the_same_commands_can_be_awaited(builder: Builder, commands: Commands) -> None:
    known_fight(builder)
    awaited = AsyncCommands(commands)

    async def ask() -> tuple[Any, Any]:
        return await asyncio.gather(
            awaited.get_recent_encounters(limit=1), awaited.call("get_unique_boss_names", {})
        )

    page, names = asyncio.run(ask())
    assert page.total_count == 1
    assert names == {"names": ["Ogre"]}
    assert set(REGISTRY) < set(dir(awaited))
    with pytest.raises(AttributeError):
        _ = awaited.get_nothing  # type: ignore[attr-defined]


@pytest.fixture
def read_only_commands(builder: Builder, store: Store) -> Iterator[Commands]:
    """Commands on a file with a fight, opened without write access."""
    known_fight(builder)
    builder.player(AOI, "Aoi", 1_000)
    builder.row("encounter_bosses", encounter_id=1, monster_name="Ogre", is_defeated=1)
    opened = Store(store.path, is_read_only=True)
    yield Commands(opened)
    opened.close()


@pytest.mark.parametrize("name", [each.name for each in REGISTRY.values() if not each.changes])
def test_a_command_that_changes_nothing_answers_without_write_access(
    read_only_commands: Commands, commands: Commands, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(9, 9, 9))
    given = ARGUMENTS[name]
    assert read_only_commands.call(name, given) == commands.call(name, given)


@pytest.mark.parametrize("name", [each.name for each in REGISTRY.values() if each.changes])
def test_a_command_that_changes_something_is_refused_by_a_file_open_for_reading(
    read_only_commands: Commands, name: str
) -> None:
    given = ARGUMENTS[name]
    method = getattr(read_only_commands, name)
    for call in (
        lambda: read_only_commands.call(name, given),
        lambda: read_only_commands.call_json(name, json.dumps(given)),
        lambda: method(**{snake(key): value for key, value in given.items()}),
    ):
        with pytest.raises(ReadOnly, match=f"open only for reading; {name} would change it"):
            call()


def test_a_file_that_turns_out_to_be_read_only_refuses_with_the_same_code(store: Store) -> None:
    store.access = Access.SHARED_READ
    with pytest.raises(ReadOnly) as caught:
        Commands(store).set_catalog_names("skill", {5: "Slash"})
    assert caught.value.code == "read_only"


def test_no_command_is_quick_and_changes_something() -> None:
    with pytest.raises(ValueError, match="is not quick"):
        command(changes=True, is_quick=True)
