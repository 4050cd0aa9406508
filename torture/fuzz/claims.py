"""Claims that hold for every input, and bounds of its memory."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Final

from bench.children import proc_number

LONGEST_TOLD: Final = 1_000
"""Maximum length of a message, for any input."""

STEERING: Final = re.compile("[\\0-\\x1f\\x7f-\\x9f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff]")
"""Control characters, line breaks, direction overrides, lone surrogates."""

IS_MEASURED: Final = sys.platform == "linux"


class BrokenClaim(Exception):
    """The program broke a claim about an input."""


def claim(holds: bool, text: str) -> None:
    """Raise BrokenClaim with the text unless it holds."""
    if not holds:
        raise BrokenClaim(text)


def claim_one_line(message: str, start: str) -> None:
    """Check that a message begins like this, gives a reason, and fits on one line."""
    claim(message.startswith(start), f"{message!r} does not begin with {start!r}")
    claim(len(message) > len(start), f"{message!r} gives no reason")
    claim(not STEERING.search(message), f"{message!r} is not printable")
    claim(len(message) <= LONGEST_TOLD + len(start), f"a message of {len(message):,} characters")


class Memory:
    """The peak growth of this process from here on."""

    def __init__(self) -> None:
        self.before = 0
        if IS_MEASURED:
            Path("/proc/self/clear_refs").write_text("5")  # the high-water mark, to what is now
            self.before = proc_number("status", "VmRSS")

    def grown(self) -> int:
        """In bytes."""
        return 1024 * (proc_number("status", "VmHWM") - self.before) if IS_MEASURED else 0


def claim_memory(grown: int, bound: int) -> None:
    """Check that the memory is within the bound."""
    claim(grown <= bound, f"took {grown:,} bytes of memory, expected at most {bound:,}")
