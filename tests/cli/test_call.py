"""Any command by name, JSON in and out."""

import json
from pathlib import Path

import pytest

from resonance_logs.commands.registry import REGISTRY
from tests.helpers.cli import Run, error_lines


def test_the_answer_is_json(run: Run, recorded: Path) -> None:
    done = run("call", "get_player_name_command", '{"uid": 7}')
    assert (done.exit_code, json.loads(done.stdout)) == (0, "Aoi")


def test_no_arguments_are_an_empty_object(run: Run, recorded: Path) -> None:
    answer = json.loads(run("call", "get_unique_boss_names").stdout)
    assert answer == {"names": ["Kanamia", "Tina"]}


def test_arguments_are_read_from_standard_input(run: Run, recorded: Path) -> None:
    done = run("call", "get_recent_encounters", "-", stdin=b'{"limit": 1}')
    assert [row["id"] for row in json.loads(done.stdout)["rows"]] == [3]


def test_names_beyond_ascii_come_out_as_utf_8(run: Run, recorded: Path) -> None:
    done = run("call", "get_player_name_command", '{"uid": 9}')
    assert "\u202e" in json.loads(done.stdout_bytes.decode("utf-8"))


def test_every_command_of_the_registry_is_listed(run: Run, path: Path) -> None:
    shown = run("call", "--list").stdout
    assert all(name in shown for name in REGISTRY)
    assert not path.exists()


def test_a_command_describes_what_it_takes_and_answers(run: Run, path: Path) -> None:
    described = json.loads(run("call", "get_encounter_timeline", "--describe").stdout)
    assert {"encounterId", "groupBy", "bucketMs"} <= described["arguments"]["properties"].keys()
    assert "series" in described["answer"]["properties"]
    assert not path.exists()


def test_an_unknown_name_gets_those_that_come_close(run: Run, recorded: Path) -> None:
    done = run("call", "get_recent_encounter")
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith("error: there is no command 'get_recent_encounter'; did you mean")
    assert "get_recent_encounters" in line


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"limit": 0}', "limit: "),
        ('{"limit": "x"}', "limit: "),
        ('{"limt": 5}', "limt: "),
        ("[1]", "arguments: must be a JSON object"),
        ("{", "arguments: "),
        ("\x1b", "arguments: "),
    ],
)
def test_a_wrong_argument_is_named(run: Run, recorded: Path, arguments: str, words: str) -> None:
    done = run("call", "get_recent_encounters", arguments)
    assert done.exit_code == 1
    (line,) = error_lines(done.stderr)
    assert line.startswith(f"error: {words}")
    assert done.stdout == ""


def test_arguments_that_are_not_utf_8_are_an_error(run: Run, recorded: Path) -> None:
    done = run("call", "get_recent_encounters", "-", stdin=b"\xff")
    assert done.exit_code == 1
    assert len(error_lines(done.stderr)) == 1


def test_without_a_name_it_is_wrong_usage(run: Run) -> None:
    done = run("call")
    assert done.exit_code == 2
    assert "--list" in done.stderr
