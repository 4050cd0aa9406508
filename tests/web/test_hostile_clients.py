"""Whatever hostile clients send, the server stays small, and answers others soon."""

import signal
from collections.abc import Iterator

import pytest

from tests.helpers.attacks import (
    ATTACKS,
    Attack,
    endless_chunk_extension,
    large_unfinished_bodies,
    peak_mb,
    tiny_requests,
    unfinished_streams,
)
from tests.helpers.raw_http import OTHER_CLIENT, others_asking
from tests.helpers.serving import Server

pytestmark = pytest.mark.attack

MAX_MB = 600
MAX_WAIT_S = 1.0
ATTACK_S = 2.0

FROM_ELSEWHERE = (
    large_unfinished_bodies,
    unfinished_streams,
    endless_chunk_extension,
    tiny_requests,
)
"""These use up all connections, or all requests, of their own address."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with its usual limits, in a process of its own."""
    started = Server(tmp_path_factory.mktemp("hostile") / "fights.db")
    yield started
    code, _ = started.end(signal.SIGINT)
    assert code == 0


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_others_are_answered_and_memory_stays_bounded(server: Server, attack: Attack) -> None:
    with others_asking(server.address) as others:
        attack(server.address, ATTACK_S, OTHER_CLIENT if attack in FROM_ELSEWHERE else "")
    assert others.failures == []
    assert others.percentile_99 < MAX_WAIT_S
    assert peak_mb(server.popen.pid) < MAX_MB
