"""Our own script and style of the pages with fights, put into the page itself."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files

from nicegui import ui


def add_assets() -> None:
    """Add ``fight.js`` and ``fight.css`` to the page; to be called within its frame."""
    ui.add_css(_text("fight.css"))
    ui.add_head_html(f"<script>{_text('fight.js')}</script>")


@lru_cache
def _text(name: str) -> str:
    return files("resonance_logs.pages").joinpath(name).read_text(encoding="utf-8")
