"""Players of one class are distinguished by shades of its colour."""

import re

from resonance_logs.fights.games.bpsr import CLASSES
from resonance_logs.web.pages.charts import shade


def test_the_first_of_a_class_has_its_colour_and_the_next_have_shades_of_it() -> None:
    for each in CLASSES.values():
        shades = [shade(each.color, number) for number in range(5)]
        assert shades[0] == each.color.lower()
        assert len(set(shades)) == 5
        assert all(re.fullmatch("#[0-9a-f]{6}", found) for found in shades)


def test_a_shade_is_a_mixture() -> None:
    assert shade("#102030", 1) == "#707983"
    assert shade("#ffffff", 2) == "#b2b2b2"
