"""Loading names of skills and scenes."""

import json
from pathlib import Path

import pytest

from resonance_logs.commands import Commands
from resonance_logs.sources.names import read_names
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.cli import Run, error_lines


@pytest.fixture
def names(tmp_path: Path) -> Path:
    """Two names, one of them blank."""
    file = tmp_path / "skills.json"
    file.write_text('{"17": "Überschlag", "18": " "}', encoding="utf-8-sig")
    return file


def skill_names(run: Run) -> list[str]:
    answer = json.loads(run("show", "1", "--skills", "7", "--json").stdout)
    return [row["name"] for row in answer["skillRows"]]


def test_loaded_names_are_shown_and_blank_ones_are_none(
    run: Run, recorded: Path, names: Path
) -> None:
    done = run("catalog", "load", names)
    assert done.exit_code == 0
    assert done.stdout == f"loaded 1 names of skills from {names}\n"
    assert skill_names(run) == ["Überschlag", "Skill 18"]


def test_names_loaded_again_replace_those_before(run: Run, recorded: Path, names: Path) -> None:
    run("catalog", "load", names)
    names.write_text('{"17": "Flip"}')
    run("catalog", "load", names)
    assert skill_names(run) == ["Flip", "Skill 18"]


def test_names_of_scenes_are_kept_apart(run: Run, recorded: Path, names: Path) -> None:
    assert run("catalog", "load", names, "--kind", "scenes").exit_code == 0
    assert skill_names(run) == ["Skill 17", "Skill 18"]


def test_a_file_of_100_000_names_is_loaded(run: Run, recorded: Path, tmp_path: Path) -> None:
    file = tmp_path / "many.json"
    file.write_text(json.dumps({str(n): f"name {n}" for n in range(100_000)}))
    store = Store(recorded)
    names = read_names(file)
    Commands(store).set_catalog_names("skill", names)
    assert len(names) == 100_000
    store.close()
    assert skill_names(run) == ["name 17", "name 18"]


def test_names_may_be_loaded_before_anything_is_recorded(run: Run, path: Path, names: Path) -> None:
    assert run("catalog", "load", names).exit_code == 0
    assert path.exists()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[1]", 'expected an object as {"id": "name"}'),
        (b'{"17": "a", "x": "b"}', 'key "x": an id must be a whole number'),
        (b'{"1.5": "b"}', 'key "1.5"'),
        (b'{"9007199254740992": "b"}', 'key "9007199254740992"'),
        (b'{"17": 5}', 'key "17": the name must be text, not 5'),
        (b'{"17": null}', 'key "17": the name must be text, not None'),
        ('{"١٧": "b"}'.encode(), 'key "١٧"'),
    ],
)
def test_a_bad_file_is_an_error_that_names_the_key_and_loads_nothing(
    run: Run, path: Path, names: Path, content: bytes, words: str
) -> None:
    names.write_bytes(content)
    done = run("catalog", "load", names)
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"error: {names}: {words}")
    assert not path.exists()


@pytest.mark.parametrize("file", ["nope.json", "."])
def test_a_file_that_cannot_be_read_is_an_error(run: Run, tmp_path: Path, file: str) -> None:
    done = run("catalog", "load", tmp_path / file)
    assert done.exit_code == 1
    assert len(error_lines(done.stderr)) == 1
