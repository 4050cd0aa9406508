"""Damaged input breaks no claim; and a broken program is found.

This is the short version; ``python -m torture.fuzz --inputs 50000`` is the long one.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import zstandard
from torture.fuzz import __main__ as command
from torture.fuzz import archives, watch
from torture.fuzz.archives import make_archive, signed
from torture.fuzz.claims import IS_MEASURED, BrokenClaim
from torture.fuzz.material import RECORDED, Material, load_material
from torture.fuzz.reader import FileCase, check_file, make_file
from torture.fuzz.watch import Broken, Check, kind_of, run

from resonance_logs.errors import CorruptArchive
from resonance_logs.fights.archive import decode_events
from resonance_logs.fights.events import Events
from resonance_logs.sources.ndjson import LineDecoder, Refusal
from resonance_logs.tasks import MAX_AMOUNT

NOWHERE = Path("no recordings")

needs_recordings = pytest.mark.skipif(
    not RECORDED.is_dir(), reason=f"the recorded fights are not here: {RECORDED} does not exist"
)


@pytest.fixture(scope="module")
def night() -> Material:
    """The simulated night alone."""
    return load_material(NOWHERE)


def check_all(kind: str, material: Material, *, inputs: int = 150) -> None:
    """Check inputs of one kind in this process."""
    for number in range(2 * inputs):
        if kind_of(number) == kind:
            watch.check(1, number, material)


# --- The claims --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(NOWHERE, id="a simulated night"),
        pytest.param(RECORDED, id="recorded fights", marks=needs_recordings),
    ],
)
def test_no_damaged_file_or_archive_breaks_a_claim(folder: Path) -> None:
    found = run(1, range(300), folder=folder)
    assert isinstance(found, dict), found
    reader, archive = found["reader"], found["archive"]
    assert reader["inputs"] == archive["inputs"] == 150
    assert min(reader["accepted"], reader["refused"], reader["corrupt"]) > 10
    assert min(archive["accepted"], archive["corrupt"]) > 10


def test_an_input_is_made_of_its_seed_and_number_alone(night: Material) -> None:
    files = [make_file(Random(seed), night) for seed in ("1/2", "1/2", "1/4", "2/2")]
    assert files[0] == files[1] not in files[2:]
    payloads = [make_archive(Random(seed), night).payload for seed in ("1/3", "1/3", "1/5")]
    assert payloads[0] == payloads[1] != payloads[2]


# --- The fuzz can fail -------------------------------------------------------------------------


def without_checksum(payload: bytes) -> Events:
    return decode_events(signed(payload[8:]))


def raising_something_else(payload: bytes) -> Events:
    try:
        return decode_events(payload)
    except CorruptArchive as error:
        raise IndexError("list index out of range") from error


def one_too_many(payload: bytes) -> Events:
    events = decode_events(payload)
    if not len(events.damage):
        return events
    numbers = np.minimum(events.damage.numbers + 1, MAX_AMOUNT)
    return Events(replace(events.damage, numbers=numbers), events.heals)


def greedy(payload: bytes) -> Events:
    np.ones(30 << 20)
    return decode_events(payload)


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        (without_checksum, "damage was not noticed"),
        (raising_something_else, "list index out of range"),
        (one_too_many, "does not decode to itself"),
        pytest.param(
            greedy,
            "bytes of memory, expected at most",
            marks=pytest.mark.skipif(not IS_MEASURED, reason="memory is measured on Linux only"),
        ),
    ],
)
def test_a_broken_decoder_of_archives_is_found(
    broken: Callable[[bytes], Events],
    told: str,
    night: Material,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(archives, "decode_events", broken)
    with pytest.raises((BrokenClaim, IndexError), match=told) as caught:
        check_all("archive", night)
    assert caught.value.__notes__[0].startswith("The input: ")


def test_a_reader_that_loses_a_block_for_a_bad_line_is_found(
    night: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(self: LineDecoder, lines: list[bytes], refusals: object) -> list[object]:
        self.line += len(lines)
        return []

    monkeypatch.setattr(LineDecoder, "_decode_lines", lose)
    with pytest.raises(BrokenClaim, match="the accepted tasks differ"):
        check_all("reader", night)


def test_a_reader_that_lets_an_escape_through_to_the_terminal_is_found(
    night: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.sources.ndjson.printable", str)
    with pytest.raises(BrokenClaim, match="is not printable"):
        check_all("reader", night, inputs=2_000)


def test_a_reader_whose_refusals_do_not_name_the_file_is_found(
    night: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Refusal, "__str__", lambda self: f"line {self.line}: {self.reason}")
    with pytest.raises(BrokenClaim, match="does not begin with"):
        check_all("reader", night)


def test_a_reader_that_gives_whatever_is_unpacked_at_once_is_found(
    night: Material, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resonance_logs.sources.compression._split_blocks", iter)
    text = b"?\n" * 70_000
    case = FileCase("many bad lines", "zst", zstandard.compress(text), text)
    with pytest.raises(BrokenClaim, match="a batch of 70,000 lines"):
        check_file(case)


def hangs(seed: int, number: int, material: Material) -> Counter[str]:
    time.sleep(100 * (number == 3))
    return Counter(inputs=1)


def dies(seed: int, number: int, material: Material) -> Counter[str]:
    if number == 3:
        os._exit(9)
    return Counter(inputs=1)


def devours(seed: int, number: int, material: Material) -> Counter[str]:
    bytearray((number == 3) * 2 * watch.ADDRESS_SPACE)
    return Counter(inputs=1)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (hangs, "took longer than 0.5 s"),
        (dies, "the process died"),
        pytest.param(
            devours,
            "MemoryError: ",
            marks=pytest.mark.skipif(not IS_MEASURED, reason="memory is limited on Linux only"),
        ),
    ],
)
def test_hangs_crashes_and_excessive_memory_are_survived_and_reported_by_number(
    check: Check, told: str
) -> None:
    found = run(1, range(5), folder=NOWHERE, check=check, hang_seconds=0.5)
    assert isinstance(found, Broken)
    assert (found.number, found.claim) == (3, told)


# --- The command -------------------------------------------------------------------------------


def test_the_command_prints_its_counts_and_repeats_one_input_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["--seed", "4", "--only", "7", "--recordings", str(NOWHERE)]
    assert command.main(arguments) == 0
    counts = json.loads(capsys.readouterr().out)
    assert counts["inputs"] == counts["archive"]["inputs"] == 1
    assert counts.keys() >= {"seed", "bytes", "refused", "accepted", "corrupt", "reader"}


def test_the_command_tells_the_input_that_broke_a_claim_and_exits_with_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "run", lambda *_, **__: Broken(42, "IndexError: x", "Traceback"))
    assert command.main(["--seed", "4"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {
        "seed": 4,
        "number": 42,
        "kind": "reader",
        "claim": "IndexError: x",
    }
    assert printed.err == "Traceback\n"
