"""The list of fights with each of its filters, one fight, one player's skills."""

import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.helpers.cli import DAY_MS, FIRST_MS, Run, error_lines

FIRST_DAY = datetime.fromtimestamp(FIRST_MS / 1000)
HEADINGS = ["id", "started", "scene", "bosses", "result", "time", "damage", "DPS", "party"]
SECOND_DAY = FIRST_DAY + timedelta(days=1)


@pytest.fixture(autouse=True)
def _recorded(recorded: Path) -> None:
    pass


def listed(run: Run, *options: str) -> list[int]:
    done = run("list", "--json", *options)
    assert done.exit_code == 0, done.stderr
    return [row["id"] for row in json.loads(done.stdout)["rows"]]


@pytest.mark.parametrize(
    ("options", "ids"),
    [
        ((), [3, 2, 1]),
        (("--boss", "Tina"), [1]),
        (("--boss", "Tina", "--boss", "Kanamia"), [2, 1]),
        (("--scene", "The Void"), [2]),
        (("--player", "Aoi"), [3, 1]),
        (("--boss", "tINA"), [1]),
        (("--boss", " kanamia ", "--boss", "TINA"), [2, 1]),
        (("--scene", "the void"), [2]),
        (("--scene", "ＴＨＥ ＶＯＩＤ"), [2]),
        (("--player", "AOI"), [3, 1]),
        (("--player", "Ao"), []),
        (("--player-name", "AO"), [3, 1]),
        (("--class", "Verdant Oracle"), [1]),
        (("--class", "verdant-oracle"), [1]),
        (("--class", "5", "--class", "9"), [2, 1]),
        (("--since", SECOND_DAY.strftime("%Y-%m-%d")), [3, 2]),
        (("--since", (SECOND_DAY + timedelta(seconds=1)).isoformat()), [3]),
        (("--until", SECOND_DAY.strftime("%Y-%m-%d")), [2, 1]),
        (("--until", SECOND_DAY.isoformat()), [2, 1]),
        (("--until", (SECOND_DAY - timedelta(seconds=1)).isoformat()), [1]),
        (("--favorites",), [3]),
        (("--kills",), [1]),
        (("--min-duration", "60"), [2, 1]),
        (("--min-duration", "1m1s"), [1]),
        (("--min-duration", "2:00"), [1]),
        (("--min-duration", "0:02:01"), []),
        (("--sort", "damage"), [2, 1, 3]),
        (("--sort", "duration", "--ascending"), [3, 2, 1]),
        (("--ascending",), [1, 2, 3]),
        (("--limit", "1"), [3]),
        (("--limit", "1", "--offset", "1"), [2]),
    ],
    ids=str,
)
def test_each_option_chooses_its_fights(run: Run, options: tuple[str, ...], ids: list[int]) -> None:
    assert listed(run, *options) == ids


def test_tags_ignore_case_too(run: Run) -> None:
    run("tag", "1", "Prog", "clean")
    run("tag", "2", "prog")
    assert listed(run, "--tag", "PROG") == [2, 1]
    assert listed(run, "--tag", "Clean") == [1]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--boss", "Tinna"), ["unknown boss 'Tinna'; similar: Tina"]),
        (("--boss", "kana"), ["unknown boss 'kana'; similar: Kanamia"]),
        (("--scene", "void"), ["unknown scene 'void'; similar: The Void"]),
        (("--player", "Ao"), ["unknown player 'Ao'; similar: Aoi"]),
        (("--player", "cid"), ["unknown player 'cid'; similar: Cid [red]\\x1b[31m\\u202eevil"]),
        (("--tag", "prog"), ["unknown tag 'prog'; no tags have a similar name"]),
        (("--boss", "\x1b["), ["unknown boss '\\x1b['; no bosses have a similar name"]),
        (
            ("--boss", "Tinna", "--player", "Be"),
            ["unknown boss 'Tinna'; similar: Tina", "unknown player 'Be'; similar: Bea"],
        ),
        (("--boss", "Tina", "--scene", "The Void"), []),
        (("--boss", "Tina", "--boss", "Tinna"), []),
    ],
    ids=str,
)
def test_where_nothing_is_found_names_that_are_near_are_reported(
    run: Run, options: tuple[str, ...], told: list[str]
) -> None:
    done = run("list", *options)
    assert done.exit_code == 0
    assert error_lines(done.stderr) == told
    assert json.loads(run("list", "--json", *options).stdout)["rows"] is not None


def test_wipes_are_fights_in_which_no_boss_fell(run: Run) -> None:
    assert 2 in listed(run, "--wipes")
    assert 1 not in listed(run, "--wipes")


def test_the_table_shows_what_a_fight_was(run: Run) -> None:
    done = run("list")
    head, _rule, third, second, first, note, footer = done.stdout.splitlines()
    assert head.split() == HEADINGS
    assert "★ 3" in third
    assert "Kanamia" in second
    assert "wiped" in second
    for part in (FIRST_DAY.strftime("%Y-%m-%d %H:%M"), "The Court", "Tina", "killed", "2:00"):
        assert part in first
    for part in ("5,000", "42", "2  Aoi, Bea"):
        assert part in first
    assert note == "DPS: per second of the whole fight"
    assert footer == "fights 1 to 3 of 3"


def test_a_page_says_how_to_get_the_next(run: Run) -> None:
    assert run("list", "--limit", "2").stdout.endswith("fights 1 to 2 of 3; more with --offset 2\n")
    assert run("list", "--offset", "7").stdout == "no fights from 8 on; there are 3\n"
    assert run("list", "--boss", "Nobody").stdout == "no fights\n"


def test_a_name_cannot_steer_the_terminal_nor_be_read_as_markup(run: Run) -> None:
    for command in (("list",), ("show", "2"), ("show", "2", "--skills", "9")):
        shown = run(*command).stdout
        assert "Cid [red]\\x1b[31m\\u202eevil" in shown
        assert "\x1b" not in shown
        assert "\u202e" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        ("--class", "Bard"),
        ("--since", "yesterday"),
        ("--until", "2026-13-01"),
        ("--until", "9999-12-31"),
        ("--min-duration", "long"),
        ("--min-duration", ""),
        ("--limit", "0"),
        ("--limit", "1001"),
        ("--offset", "-1"),
        ("--sort", "beauty"),
    ],
    ids=" ".join,
)
def test_an_option_that_makes_no_sense_is_wrong_usage(run: Run, wrong: tuple[str, str]) -> None:
    done = run("list", *wrong)
    assert done.exit_code == 2
    assert "Error" in done.stderr


def test_more_filters_than_a_command_takes_are_wrong_usage(run: Run) -> None:
    done = run("list", *(word for n in range(1_001) for word in ("--boss", str(n))))
    assert done.exit_code == 2
    assert "bossNames" in done.stderr


def test_a_fight_is_shown_with_its_party_and_bosses(run: Run) -> None:
    shown = run("show", "1").stdout
    assert shown.startswith("Fight 1  The Court\n")
    assert "killed" in shown
    assert "damage 5,000 (42/s) · healing 60 (0/s)" in shown
    aoi = next(line for line in shown.splitlines() if line.startswith("Aoi"))
    assert " ".join(aoi.split()) == (
        "Aoi (you) Stormblade · Iaido 4,000 33 4,000 80.0 % ████████████ 50.0 % 0 0 70"
    )
    assert "Tina 5,000 killed" in " ".join(shown.split())


def test_a_fight_as_json_is_the_commands_answer(run: Run) -> None:
    answer = json.loads(run("show", "1", "--json").stdout)
    assert answer == json.loads(run("call", "get_encounter_by_id", '{"encounterId": 1}').stdout)
    assert answer["startedAtMs"] == FIRST_MS


@pytest.mark.parametrize("player", ["Aoi", "aoi", "ao", "7", "#7"])
def test_a_players_skills_are_found_by_name_or_id(run: Run, player: str) -> None:
    shown = run("show", "1", "--skills", player).stdout
    assert "damage dealt 4,000 (33/s) in 2 hits · 80.0 % of the party's" in shown
    first, second = (line for line in shown.splitlines() if line.startswith("Skill "))
    assert first.startswith("Skill 17")
    assert "75.0 %" in first
    assert second.startswith("Skill 18")


@pytest.mark.parametrize(
    ("player", "kind", "total"), [("Aoi", "tanked", 70), ("Bea", "heal", 60), ("Bea", "dps", 1000)]
)
def test_skills_come_in_three_kinds(run: Run, player: str, kind: str, total: int) -> None:
    done = run("show", "1", "--skills", player, "--type", kind, "--json")
    answer = json.loads(done.stdout)
    assert [row["totalDmg"] for row in answer["skillRows"]] == [total]
    assert run("show", "1", "--skills", player, "--type", kind).exit_code == 0


def test_a_player_who_is_not_there_is_an_error_that_lists_who_is(run: Run) -> None:
    done = run("show", "1", "--skills", "Zed")
    assert done.exit_code == 1
    assert error_lines(done.stderr) == [
        "error: fight 1 has no player 'Zed'; its players: Aoi (7), Bea (8)"
    ]


def test_a_kind_of_skills_without_a_player_is_wrong_usage(run: Run) -> None:
    assert run("show", "1", "--type", "heal").exit_code == 2


def test_a_fight_that_does_not_exist_is_an_error(run: Run) -> None:
    done = run("show", "99")
    assert done.exit_code == 1
    assert error_lines(done.stderr) == ["error: there is no fight 99"]


def test_the_days_of_the_tests_are_a_day_apart() -> None:
    second = datetime.fromtimestamp((FIRST_MS + DAY_MS) / 1000)
    assert second == SECOND_DAY
