"""The common layout is styled: each CSS class that a page uses is defined somewhere."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import nicegui

import resonance_logs.web.pages

PAGES = Path(resonance_logs.web.pages.__file__).parent
LAYOUT = (files("resonance_logs.web.pages") / "browser" / "layout.css").read_text("utf-8")
_DEFINED = re.compile(r"\.((?:[a-zA-Z_-]|\\.)(?:[\w-]|\\.)*)")


def _texts(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    if not isinstance(node, ast.Compare):
        for each in ast.iter_child_nodes(node):
            yield from _texts(each)


def _named() -> set[str]:
    """Every class given to an element."""
    found: set[str] = set()
    for path in PAGES.glob("*.py"):
        for call in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(call, ast.Call):
                continue
            given = [each.value for each in call.keywords if each.arg == "classes"]
            if isinstance(call.func, ast.Attribute) and call.func.attr == "classes":
                given += call.args
            found.update(name for each in given for text in _texts(each) for name in text.split())
    return found


def _defined(style: str) -> set[str]:
    return {re.sub(r"\\(.)", r"\1", name) for name in _DEFINED.findall(style)}


def test_each_class_that_a_page_gives_an_element_is_defined_or_looked_for() -> None:
    ours = {each.name: each.read_text("utf-8") for each in PAGES.glob("browser/*")}
    framework = (Path(nicegui.__file__).parent / "static").glob("*.css")
    known = set[str]().union(
        *(_defined(text) for text in ours.values()),
        *(_defined(path.read_text("utf-8")) for path in framework),
    )
    assert "w-full" in _named()
    assert _named() - known == set()


def test_the_layout_defines_no_class_that_no_page_gives() -> None:
    assert _defined(re.sub(r"/\*.*?\*/", "", LAYOUT, flags=re.DOTALL)) - _named() == set()
