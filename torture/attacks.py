"""Hostile clients attack ``serve`` in every way at once, while two others record and one reads.

The two clients send again what got lost, as in ``resending``; the attackers come from another
address of this machine. Afterwards everything that was recorded must be there, the memory of the
server must be bounded, and the reader must have been answered soon.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tests.helpers.attacks import peak_mb
from tests.helpers.raw_http import Others, others_asking

from torture.children import Child
from torture.moment import Moment
from torture.recorded_stream import make_streams
from torture.recorders_verdict import judge_recorders
from torture.resending import Client
from torture.scenario import Outcome, Run, attempt
from torture.serving import Server
from torture.verdict import Verdict

FIGHTS: Final = 40
MOST_EVENTS: Final = 400
MAX_MB: Final = 600
MAX_WAIT_S: Final = 10.0
"""All attacks at once, on the machine that also attacks: a test has 1 s for each of them."""


def attacks(run: Run) -> Iterator[Outcome]:
    """The scenario: attack for ``run.seconds``, then compare everything."""
    moment = Moment(0, run.dice(0), run.file(0))
    yield attempt(run, "attacks", 0, lambda: _attacked(moment, run.seconds))


def _attacked(moment: Moment, seconds: float) -> Verdict:
    streams = make_streams(moment.dice, FIGHTS, MOST_EVENTS)
    with Server(moment.path) as server:
        host, port = server.address()
        address = f"http://{host}:{port}/"
        clients = [Client(server, each, moment.dice.getrandbits(30)) for each in streams]
        attackers = Child("attackers", address, seconds)
        with attackers, others_asking(address) as others:
            for client in clients:
                client.start()
            for client in clients:
                client.join()
            attackers.wait_for("done")
        peak = peak_mb(server.pid)
    verdict = judge_recorders(moment.path, streams)
    wrong = [each for client in clients for each in client.wrong]
    verdict.wrong[:0] = [*wrong, *_of_others(others, peak)]
    verdict.note = f"{len(others.seconds):,} requests, at most {peak:.0f} MB"
    return verdict


def _of_others(others: Others, peak: float) -> Iterator[str]:
    if others.failures:
        yield f"{len(others.failures)} requests of others failed: {others.failures[0]}"
    if others.percentile_99 > MAX_WAIT_S:
        yield f"others waited for {others.percentile_99:.2f} s (99 %)"
    if peak > MAX_MB:
        yield f"the server took {peak:.0f} MB"
