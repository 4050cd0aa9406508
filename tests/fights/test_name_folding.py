"""Folding of names: case, Unicode form, and the letter i of Turkish."""

from __future__ import annotations

import sys
import unicodedata
from itertools import permutations
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resonance_logs.fights.name_folding import fold_name

TRICKY = "iIıİ\u0307\u0323\u0301\u0345\u0313jJßẞſﬁΣςσᾳΊＡａ한\u1112\u1161\u11abé\u200dᵢ𝚤"
"""Letters and marks whose case and form depend on each other."""

names = st.text() | st.text(alphabet=TRICKY, max_size=8)


@pytest.mark.parametrize("name", ["istanbul", "İstanbul", "ISTANBUL", "ıstanbul", "i\u0307stanbul"])
def test_every_i_is_the_same(name: str) -> None:
    assert fold_name(name) == "istanbul"


@pytest.mark.parametrize("name", ["ığdır", "IĞDIR", "Iğdır", "IG\u0306DIR"])
def test_a_breve_is_kept_where_a_dot_is_not(name: str) -> None:
    assert fold_name(name) == "iğdir"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("C\u00e9line", "CE\u0301LINE"),
        ("Straße", "STRASSE"),
        ("ＡＯＩ", "aoi"),
        ("ﾆｬﾝｺ", "ニャンコ"),
        ("ガルーダ", "カ\u3099ルータ\u3099"),
        ("ΣΊΣΥΦΟΣ", "σίσυφος"),
        ("Ωmega", "ωMEGA"),
        ("한글", "\u1112\u1161\u11ab\u1100\u1173\u11af"),
    ],
)
def test_case_and_form_make_no_difference(one: str, other: str) -> None:
    assert fold_name(one) == fold_name(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Aoi", "A\u043ei"), ("e", "é"), ("i", "í"), ("i\u0301\u0307", "i\u0301"), ("a\u0307", "a")],
)
def test_other_letters_and_marks_stay_apart(one: str, other: str) -> None:
    assert fold_name(one) != fold_name(other)


def test_marks_below_an_i_do_not_keep_its_dot() -> None:
    orders = {fold_name("I" + "".join(marks)) for marks in permutations("\u0307\u0323\u0328")}
    assert orders == {fold_name("i\u0323\u0328")}


@given(names)
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold_name(fold_name(text)) == fold_name(text)


@given(names, st.sampled_from(["NFC", "NFD"]))
def test_equivalent_texts_fold_alike(text: str, form: Literal["NFC", "NFD"]) -> None:
    assert fold_name(unicodedata.normalize(form, text)) == fold_name(text)


def test_every_character_folds_to_a_stable_text() -> None:
    folded = [fold_name(chr(code)) for code in range(sys.maxunicode + 1)]
    assert [each for each in folded if fold_name(each) != each] == []


def test_blanks_are_kept() -> None:
    assert fold_name(" A\u00a0ı ") == " a i "
