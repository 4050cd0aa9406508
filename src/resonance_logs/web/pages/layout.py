"""Shared by all pages: layout, colours, and the states loading, empty and error."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.resources import files
from typing import Any, Final

from nicegui import ui

from resonance_logs.errors import NotFound
from resonance_logs.web.login import LOGOUT
from resonance_logs.web.sessions import SCOPE_KEY

_COLORS: Final = {
    "primary": "#3d5afe",
    "positive": "#1a7f37",
    "negative": "#c62828",
    "warning": "#8a5a00",
}
"""White text is readable on each; as text, they are lighter on dark pages."""

MAX_DIGITS: Final = 20

_BROWSER: Final = files("resonance_logs.web.pages") / "browser"
_STYLES: Final = tuple((_BROWSER / name).read_text("utf-8") for name in ("layout.css", "style.css"))
_SCRIPTS: Final = tuple((_BROWSER / name).read_text("utf-8") for name in ("rl.js", "fight.js"))

_PAGES: Final = (
    ("History", "/"),
    ("Live", "/live"),
    ("Bosses", "/bosses"),
    ("Players", "/players"),
    ("Compare", "/compare"),
    ("Maintenance", "/maintenance"),
)
_KEYS: Final = (
    ("/", "focus the filter or search box"),
    ("↓", "focus the list; arrow keys move in it"),
    ("Enter", "open the row"),
    ("Space", "select the row, in the history"),
    ("?", "show this help"),
)


@contextmanager
def page_layout(title: str, *, charts: bool = False) -> Iterator[None]:
    """A page with the common layout; its large resources are preloaded at once."""
    ui.page_title(f"{title} · Resonance Logs")
    ui.colors(**_COLORS)
    for style in _STYLES:
        ui.add_css(style)
    for script in _SCRIPTS:
        ui.add_head_html(f"<script>{script}</script>")
    for part in ("nicegui-aggrid", *(("nicegui-echart",) if charts else ())):
        ui.add_head_html(f"<script>rl.fetch('{part}')</script>")
    main = ui.column().classes("w-full max-w-page mx-auto gap-4 p-2 sm:p-4")
    help_dialog = _help()
    with ui.header().classes("items-center gap-x-4 gap-y-0 px-4 py-2"):
        ui.link("Resonance Logs", "/").classes("text-white text-lg font-bold no-underline")
        ui.space().classes("max-sm:hidden")
        with (
            ui.row()
            .classes("rl-nav items-center gap-4 no-wrap max-w-full")
            .props('role=navigation aria-label="Pages"')
        ):
            for name, address in _PAGES:
                link = ui.link(name, address).classes("text-white no-underline")
                link.props("aria-current=page" if name == title else "")
            ui.button("?", on_click=help_dialog.open).props(
                'flat dense round color=white aria-label="Help"'
            )
            if SCOPE_KEY in ui.context.client.request.scope:
                _logout_button()
    ui.skip_link("Skip to content", target=main)
    ui.on("help", help_dialog.open)
    with main:
        yield


def read_number(what: str, text: str) -> int:
    """The number in a URL.

    Raises:
        NotFound: it is not a number, so there is no such item.
    """
    is_number = text.isascii() and text.removeprefix("-").isdecimal()
    if not is_number or len(text) > MAX_DIGITS:
        raise NotFound(f"there is no {what} {text!r}")
    return int(text)


def update_address(address: str, *, is_same: bool = False) -> None:
    """Update the URL to what the page shows; ``is_same``: without a new step in the history."""
    how = "replaceState" if is_same else "pushState"
    ui.run_javascript(f"rl.go({json.dumps(address)}, '{how}')")


def text_button(
    text: str = "", icon: str | None = None, on_click: Callable[..., Any] | None = None
) -> ui.button:
    """A secondary button."""
    return ui.button(text, icon=icon, on_click=on_click).props("flat dense no-caps padding='xs sm'")


def read_only_note() -> None:
    """Say why there are no buttons that change something."""
    ui.label("This server is read-only: nothing can be changed here.").classes("rl-quiet")


def heading(text: str) -> None:
    """The heading of the page."""
    ui.label(text).classes("text-2xl font-bold").props("role=heading aria-level=1")


def formatted(form: str, value: float | None) -> None:
    """A number in the reader's locale; ``form`` is a function of ``rl``."""
    if value is None:
        ui.label("–")
    else:
        ui.element("span").props(f"data-rl={form} data-value={value}")


class Size(int):
    """A size in bytes."""


class LocalizedText(ui.label):
    """Text in several parts, whose numbers the browser formats in the reader's locale."""

    def __init__(self, *parts: str | float) -> None:
        super().__init__()
        self.props("data-rl=text")
        self.set(*parts)

    def set(self, *parts: str | float) -> None:
        """Replace the text."""
        value = [{"bytes": part} if isinstance(part, Size) else part for part in parts]
        self.set_text("".join(map(str, parts)))
        self.props["data-value"] = json.dumps(value)


def facts(entries: Sequence[tuple[str, str, float | None]]) -> None:
    """Figures with their labels: label, form, value."""
    with ui.row().classes("gap-x-6 gap-y-2"):
        for label, form, value in entries:
            with ui.column().classes("rl-fact gap-0"):
                ui.label(label).classes("rl-quiet text-sm")
                formatted(form, value)


def show_error(message: str) -> None:
    """Show the error message of a command."""
    with ui.card().classes("rl-card w-full items-center p-8").props("role=alert"):
        ui.icon("error_outline", size="3rem").classes("rl-bad")
        ui.label(message)


def show_empty(title: str, hint: str) -> None:
    """Say that there is nothing to show, and what to do next."""
    with ui.card().classes("rl-card w-full items-center p-8"):
        ui.icon("inbox", size="3rem").classes("rl-quiet")
        ui.label(title).classes("text-lg font-bold")
        ui.label(hint).classes("rl-quiet text-center")


def _logout_button() -> None:
    with ui.element("form").props(f"method=post action={LOGOUT}"):
        ui.button(icon="logout").props(
            'type=submit flat dense round color=white aria-label="Log out"'
        )


def _help() -> ui.dialog:
    with ui.dialog() as dialog, ui.card():
        ui.label("Keys").classes("text-lg font-bold")
        for key, meaning in _KEYS:
            with ui.row().classes("items-center gap-3"):
                ui.label(key).classes("rl-key w-16 text-center")
                ui.label(meaning)
        ui.link("Try the HTTP API", "/api/docs")
        text_button("Close", on_click=dialog.close).classes("self-end")
    return dialog
