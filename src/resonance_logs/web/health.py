"""Health, and metrics for Prometheus."""

from __future__ import annotations

from collections.abc import Iterator

from fastapi import APIRouter, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from resonance_logs.database import Database
from resonance_logs.web.connections import Connections, Refused
from resonance_logs.web.login import Login

router = APIRouter(tags=["health"])


def figures(database: Database, login: Login, connections: Connections) -> list[Collector]:
    """What ``/metrics`` reports; more may be appended."""
    return [_Figures(database), _Clients(login), _Traffic(connections)]


@router.get("/healthz")
async def health(request: Request) -> dict[str, str]:
    """The server is up, and the file can be read."""
    database: Database = request.app.state.database
    await run_in_threadpool(database.commands.call, "get_live_encounter")
    instance: str = request.app.state.instance
    return {"status": "ok", "instance": instance} if instance else {"status": "ok"}


@router.get("/metrics", response_class=Response)
async def metrics(request: Request) -> Response:
    """The metrics of the recorder, the sessions and the pages in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    for each in request.app.state.figures:
        registry.register(each)
    text = await run_in_threadpool(generate_latest, registry)
    return Response(text, media_type=CONTENT_TYPE_LATEST)


class _Clients(Collector):
    def __init__(self, login: Login) -> None:
        self._login = login

    def collect(self) -> Iterator[Metric]:
        """Figures about those who ask."""
        yield GaugeMetricFamily(
            "resonance_logs_sessions", "Browsers that are logged in.", len(self._login.sessions)
        )
        yield CounterMetricFamily(
            "resonance_logs_wrong_tokens", "Wrong tokens.", self._login.wrong.count
        )


class _Traffic(Collector):
    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        """What the limits of connections have to do."""
        for name, value, what in (
            ("connections", len(self._connections), "Open connections."),
            ("web_sockets", self._connections.web_sockets, "Of these, web sockets: open pages."),
        ):
            yield GaugeMetricFamily(f"resonance_logs_{name}", what, value)
        refused = CounterMetricFamily(
            "resonance_logs_refused",
            "Requests and connections that a limit refused or ended.",
            labels=["reason"],
        )
        for reason in Refused:
            refused.add_metric([reason], self._connections.refused[reason])
        yield refused


class _Figures(Collector):
    def __init__(self, database: Database) -> None:
        self._database = database

    def collect(self) -> Iterator[Metric]:
        """All metrics, as of now."""
        stats = self._database.stats()
        fights = len(self._database.commands.get_live_encounters())
        for name, value, what in (
            ("queued_tasks", stats.queued, "Tasks waiting in the queue."),
            ("faulty", int(stats.fault is not None), "1 while nothing can be written."),
            ("open_encounter", int(fights > 0), "1 while a fight is being recorded."),
            ("open_encounters", fights, "Fights being recorded now, one per recorder."),
        ):
            yield GaugeMetricFamily(f"resonance_logs_{name}", what, value)
        for name, count, what in (
            ("written_tasks", stats.written, "Tasks committed, ignored or rejected."),
            ("ignored_tasks", stats.ignored, "Begins and ends out of place."),
            ("stray_events", stats.strays, "Events that arrived outside any fight."),
            ("rejected_tasks", stats.rejected, "Tasks rejected with an error."),
            ("retries", stats.retries, "Failed attempts to write."),
        ):
            yield CounterMetricFamily(f"resonance_logs_{name}", what, count)
        yield SummaryMetricFamily(
            "resonance_logs_batch_seconds",
            "Batches, and the time spent writing them.",
            count_value=stats.batches,
            sum_value=stats.batch_seconds,
        )
