"""What all pages share: head, colours, states of loading, emptiness and error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from nicegui import ui

PRIMARY: Final = "#3d5afe"

STYLE: Final = """
.q-page-container { background: var(--page); }
:root { --page: #f6f7fb; --ink: #1b1f2a; --quiet: #5b6372; --line: #dfe3ec; --card: #ffffff; }
.body--dark { --page: #12141a; --ink: #e8eaf0; --quiet: #a3abba; --line: #2c313d; --card: #1a1d26; }
body { color: var(--ink); font-feature-settings: "tnum"; }
.rl-card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.rl-quiet { color: var(--quiet); }
.rl-name { font-weight: 600; white-space: nowrap; }
.rl-name::before { content: ""; display: inline-block; width: .6em; height: .6em;
  border-radius: 50%; background: var(--class, #888); margin-right: .4em; }
.rl-you { text-decoration: underline; text-decoration-thickness: 2px; text-underline-offset: 3px; }
.rl-bar { height: .55em; border-radius: 4px; background: var(--class, #888); min-width: 2px; }
"""

FORMATS: Final = """
window.rl = {
  compact: value => value == null ? '' : new Intl.NumberFormat(undefined,
    {notation: 'compact', maximumSignificantDigits: 4}).format(value),
  whole: value => value == null ? '' : new Intl.NumberFormat().format(value),
  percent: value => value == null ? '' : new Intl.NumberFormat(undefined,
    {style: 'percent', maximumFractionDigits: 1}).format(value),
  when: ms => ms == null ? '' : new Intl.DateTimeFormat(undefined,
    {dateStyle: 'medium', timeStyle: 'short'}).format(new Date(ms)),
  span: seconds => {
    if (seconds == null) return '';
    const s = Math.floor(seconds), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60;
    const two = n => String(n).padStart(2, '0');
    return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
  },
  text: (tag, content, cls, title) => {
    const made = document.createElement(tag);
    made.textContent = content;
    if (cls) made.className = cls;
    if (title) made.title = title;
    return made;
  },
  color: name => getComputedStyle(document.body).getPropertyValue(name).trim(),
  number: params => rl.text('span', rl.compact(params.value), '', rl.whole(params.value)),
  player: player => {
    const made = rl.text('span', player.name, 'rl-name' + (player.isLocalPlayer ? ' rl-you' : ''),
      player.className + (player.isLocalPlayer ? ' (you)' : ''));
    made.style.setProperty('--class', player.color);
    return made;
  },
};
"""
"""How the reader's own locale writes numbers and times; names are only ever set as text."""


@contextmanager
def frame(title: str) -> Iterator[None]:
    """A page with the common head."""
    ui.page_title(f"{title} · Resonance Logs")
    ui.colors(primary=PRIMARY)
    ui.add_css(STYLE)
    ui.add_head_html(f"<script>{FORMATS}</script>")
    main = ui.column().classes("w-full max-w-screen-xl mx-auto gap-4 p-2 sm:p-4")
    with ui.header().classes("items-center gap-4 px-4 py-2"):
        ui.link("Resonance Logs", "/").classes("text-white text-lg font-bold no-underline")
        ui.space()
        for name, address in (("History", "/"), ("Live", "/live"), ("Upkeep", "/upkeep")):
            ui.link(name, address).classes("text-white no-underline")
    ui.skip_link("Skip to the content", target=main)
    with main:
        yield


def show_error(message: str) -> None:
    """What went wrong, in the words of the command."""
    with ui.card().classes("rl-card w-full items-center p-8").props("role=alert"):
        ui.icon("error_outline", size="3rem").classes("text-negative")
        ui.label(message)


def show_empty(title: str, hint: str) -> None:
    """That there is nothing, and what to do next."""
    with ui.card().classes("rl-card w-full items-center p-8"):
        ui.icon("inbox", size="3rem").classes("rl-quiet")
        ui.label(title).classes("text-lg font-bold")
        ui.label(hint).classes("rl-quiet text-center")
