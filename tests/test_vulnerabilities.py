"""``make lint`` lists the known vulnerabilities of dependencies, or says that it could not look."""

import os
import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
TOOL = ROOT / "tools" / "check_vulnerabilities.py"
GOOD: dict[str, Any] = {"name": "a", "version": "1", "vulns": []}
BAD: dict[str, Any] = {
    "name": "b",
    "version": "2",
    "vulns": [{"id": "X-1", "fix_versions": ["2.1"]}, {"id": "X-2", "fix_versions": []}],
}
SKIPPED: dict[str, Any] = {"name": "c", "skip_reason": "not found"}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = spec_from_file_location("check_vulnerabilities", TOOL)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("dependencies", "code", "lines"),
    [
        ([GOOD, GOOD], 0, ["2 dependencies have no known vulnerability"]),
        (
            [GOOD, SKIPPED],
            0,
            ["1 dependencies have no known vulnerability, 1 not checked"],
        ),
        ([GOOD, BAD, SKIPPED], 1, ["b 2: X-1, mended in 2.1", "b 2: X-2, not mended yet"]),
    ],
)
def test_a_known_vulnerability_fails(
    tool: ModuleType, dependencies: list[dict[str, Any]], code: int, lines: list[str]
) -> None:
    assert tool.judge({"dependencies": dependencies}) == (code, lines)


@pytest.mark.parametrize("dependencies", [[], [SKIPPED]])
def test_where_nothing_can_be_checked_it_says_so(
    tool: ModuleType, dependencies: list[dict[str, Any]]
) -> None:
    code, (line,) = tool.judge({"dependencies": dependencies})
    assert code == 0
    assert line.startswith("the dependencies were not checked")


def test_without_a_network_it_says_in_one_line_that_it_did_not_look() -> None:
    nowhere = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = subprocess.run(
        [sys.executable, str(TOOL)],
        env={**os.environ, **nowhere},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0
    assert re.fullmatch(r"the dependencies were not checked: .+\n", done.stdout)


def test_make_lint_looks() -> None:
    lint = (ROOT / "Makefile").read_text().partition("\nlint:")[2].partition("\n\n")[0]
    assert "tools/check_vulnerabilities.py" in lint
