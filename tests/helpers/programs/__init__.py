"""The command line as a process of its own, without waiting for its imports.

Importing the server takes a second or two. One process per test run imports it; each program is a
fork of that process. What a start itself does (``python -m resonance_logs``) is tested without it.
"""

from tests.helpers.programs.program import Program

__all__ = ["Program"]
