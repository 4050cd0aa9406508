"""The pages that browsers have open: how many there may be, and what they need."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from nicegui import Client
from nicegui import app as pages
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from resonance_logs.web.proxies import rate_key

MAX_PAGES: Final = 300
MAX_PAGES_OF_ONE: Final = 100
"""The limit for one address, which all machines behind a router share."""

UNCONNECTED_S: Final = 30.0
"""A page is dropped if its browser has not connected its web socket after this many seconds."""
_CHECK_S: Final = 5.0

TAB_S: Final = 600.0
"""The framework forgets a browser's tab after this many seconds."""

PAGE_BYTES: Final = 30_000
ELEMENT_BYTES: Final = 6_200
"""Measured: the memory of an empty page, and of each element on it, with its events and data."""

MESSAGES_KEPT: Final = 100
"""How many updates are kept for a browser that lost its connection; beyond it, it reloads."""

_BUSY: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Resonance Logs</title>'
    '<meta name="viewport" content="width=device-width, initial-scale=1">'
    '<meta name="color-scheme" content="light dark"></head>'
    "<body><h1>Too many pages are open</h1><p>{}</p></body></html>\n"
)


@dataclass(frozen=True, slots=True)
class Usage:
    """How many pages are open, and an estimate of their memory."""

    pages: int
    connected: int
    size: int
    """In bytes."""


def usage() -> Usage:
    """What the open pages need now."""
    clients = list(Client.instances.values())
    elements = sum(len(each.elements) for each in clients)
    return Usage(
        pages=len(clients),
        connected=sum(each.has_socket_connection for each in clients),
        size=len(clients) * PAGE_BYTES + elements * ELEMENT_BYTES,
    )


def refuse_excess(request: Request, *, including: int) -> Response | None:
    """The answer to a request for a page too many; ``including`` counts those that it has built."""
    address = _address(request)
    if len(Client.instances) - including >= MAX_PAGES:
        return _busy("This server has as many pages open as it may. Try again in a minute.")
    theirs = sum(_address(each.request) == address for each in list(Client.instances.values()))
    if theirs - including >= MAX_PAGES_OF_ONE:
        return _busy("Your address has as many pages open as it may. Close some and try again.")
    return None


def _busy(text: str) -> Response:
    headers = {"retry-after": str(int(UNCONNECTED_S))}
    return HTMLResponse(_BUSY.format(text), HTTPStatus.SERVICE_UNAVAILABLE, headers)


def _address(request: Request) -> str:
    return rate_key(request.client.host) if request.client else ""


def drop_unused() -> None:
    """From the start of the server on, drop the pages that no browser connects to."""
    pages.storage.max_tab_storage_age = TAB_S

    def watch() -> None:
        pages.timer(_CHECK_S, drop_unconnected)

    pages.on_startup(watch)


def drop_unconnected() -> None:
    """Drop the pages that no browser has connected to in time."""
    Client.prune_instances(client_age_threshold=UNCONNECTED_S)


class PageFigures(Collector):
    """What the open pages need, for Prometheus."""

    def collect(self) -> Iterator[Metric]:
        """All figures, as of now."""
        now = usage()
        for name, what, value in (
            ("open_pages", "Pages that browsers have open.", now.pages),
            ("connected_pages", "Pages with a connected web socket.", now.connected),
            ("open_pages_bytes", "Memory of the open pages, estimated.", now.size),
        ):
            yield GaugeMetricFamily(f"resonance_logs_{name}", what, value)
