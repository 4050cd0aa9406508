"""The limits in the documentation are those of the program."""

from pathlib import Path

import pytest

from resonance_logs.sources.compression import FREE_BYTES, MAX_RATIO
from resonance_logs.web.connection_limits import ConnectionLimits
from resonance_logs.web.downloads import MAX_DOWNLOADS, SLOT_S
from resonance_logs.web.guard import Rules
from resonance_logs.web.refused_lines import LINES_A_SECOND, MAX_LINES
from resonance_logs.web.senders import SLOW_AFTER_S, SLOW_RATE
from resonance_logs.web.tasks import MAX_STREAMS

PAGE = (Path(__file__).parents[2] / "docs/http.md").read_text(encoding="utf-8")
USUAL = ConnectionLimits()


@pytest.mark.parametrize(
    "text",
    [
        f"| URL | {USUAL.max_url_bytes // 1024} KB | 414 |",
        f"| {USUAL.max_header_bytes // 1024} KB, {USUAL.max_header_fields} fields | 431 |",
        f"| time until the last header | {USUAL.header_s:.0f} s | 408 |",
        f"| body | {Rules().max_body_bytes // 1_000_000} MB; "
        f"{Rules().max_tasks_bytes // 1_000_000_000} GB for a stream of tasks",
        f"| silence within a body | {USUAL.silent_body_s:.0f} s | 408 |",
        f"| {USUAL.min_body_rate:.0f} bytes per second, over each minute | 408 |",
        f"| {USUAL.stalled_answer_s:.0f} s, or less than {USUAL.min_answer_rate / 1_000:.0f} kB",
        f"| connection without a request | {USUAL.idle_s:.0f} s |",
        f"| {USUAL.max_connections_per_client}, half of them web sockets (open pages) | 503 |",
        f"| connections in all | {USUAL.max_connections} | 503 |",
        f"| {USUAL.max_message_bytes // 1_000_000} MB; {USUAL.messages_a_second:.0f} per second, "
        f"bursts of {USUAL.message_burst:,} |",
        f"| downloads at once | {MAX_DOWNLOADS}; others wait for up to {SLOT_S:.0f} s | 503 |",
        f"| streams of tasks read at once | {MAX_STREAMS}; others wait |",
        f"| {FREE_BYTES // 1024**2} MB, and {MAX_RATIO} bytes for each byte sent | `fault` |",
        f"| {LINES_A_SECOND:,} per second, of all requests; {MAX_LINES:,} in a request",
        f"younger than {SLOW_AFTER_S:.0f} s or sends {SLOW_RATE / 1_000:.0f} kB per second",
    ],
)
def test_a_documented_limit_is_the_one_of_the_program(text: str) -> None:
    assert text in PAGE


def test_the_windows_of_rates_are_minutes_and_half_of_the_connections_may_be_pages() -> None:
    assert USUAL.rate_window_s == 60
    assert USUAL.max_websockets_per_client * 2 == USUAL.max_connections_per_client
