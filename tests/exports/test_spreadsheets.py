"""No text of a table is run by a spreadsheet, whatever separator that expects."""

import csv
import io
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.exports.formats import Column, Format, Kind, Table, write_table
from resonance_logs.exports.spreadsheets import defuse

FORMULA = "=+-@＝＋－＠"
BLANKS = ["", " ", "\u00a0", "\u3000", "\u200b", "\ufeff", "\x00", "\u2060", "\u00ad"]


@pytest.mark.parametrize("sign", FORMULA)
@pytest.mark.parametrize("blank", BLANKS)
@pytest.mark.parametrize("before", ["", "\t", "\r", "\n", "a;", "a\t", "a\n", "a|", "a; ;"])
def test_a_formula_follows_an_apostrophe(before: str, blank: str, sign: str) -> None:
    text = f"{before}{blank}{sign}1+1"
    assert f"'{blank}{sign}1+1" in defuse(text)


@pytest.mark.parametrize(
    "text", ["", "Aoi", "a-b", "x = y", "1-2", "a, b", "Warden of Glass", "a;b"]
)
def test_other_texts_stay(text: str) -> None:
    assert defuse(text) == text


@pytest.mark.parametrize("text", ["\ta", "\ra", "\na"])
def test_a_text_that_begins_with_a_break_is_marked(text: str) -> None:
    assert defuse(text) == f"'{text}"


def cells(text: str, separator: str) -> list[str]:
    """The cells of a line, as a spreadsheet that expects this separator reads it."""
    if separator == ",":
        return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
    lines = text.replace("\r", "\n").split("\n")
    return [cell for line in lines for cell in line.split(separator)]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@given(text=st.text(alphabet="=+-@＝a1 ;,|\t\r\n\u00a0\u200b\"'", max_size=12))
def test_no_cell_begins_with_a_formula(separator: str, text: str) -> None:
    table = Table([Column("name", Kind.TEXT)], {"name": [text]})
    written = write_table(table, Format.CSV).decode()
    for cell in cells(written, separator):
        seen = cell.strip("".join(BLANKS))
        assert not seen.startswith(tuple(FORMULA)), (cell, written)


def test_numbers_stay_numbers() -> None:
    table = Table(
        [Column("count", Kind.INTEGER), Column("rate", Kind.FLOAT)],
        {"count": [-5], "rate": [-0.5]},
    )
    assert write_table(table, Format.CSV) == b"count,rate\r\n-5,-0.5\r\n"


@pytest.mark.parametrize("char", ["\n", " ", ";", "\u200b", "\t"])
def test_long_runs_take_linear_time(char: str) -> None:
    started = time.process_time()
    defuse(char * 200_000 + "x" + char * 200_000 + "=")
    assert time.process_time() - started < 10
