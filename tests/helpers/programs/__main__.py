"""``python -m tests.helpers.programs DESCRIPTOR``: start programs as forks of this process.

Each message of the socket has the arguments and the environment, and four descriptors: the
program's standard streams, and one that learns its process id and how it ended.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import struct
import sys
from importlib import import_module

PRELOADED = (
    "resonance_logs.database",
    "resonance_logs.cli",
    "resonance_logs.web.app",
    "resonance_logs.web.pages.routes",
    "resonance_logs.web.server",
    "resonance_logs.sources.task_source",
    "alembic.command",
    "sqlalchemy.dialects.sqlite",
)


def await_program(control: socket.socket) -> list[str]:
    """Fork once for each message; returns, in the fork, with the program's arguments."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1 << 20, 4)
        if not message:
            sys.exit(0)
        if os.fork() == 0:
            control.close()
            return become_program(message, descriptors)
        for each in descriptors:
            os.close(each)


def become_program(message: bytes, descriptors: list[int]) -> list[str]:
    """Fork the program from its keeper, which reports how it ended and never returns."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *streams, report = descriptors
    pid = os.fork()
    if pid:
        for each in (0, 1, 2, *streams):
            os.close(each)
        os.write(report, struct.pack("i", pid))
        _, status = os.waitpid(pid, 0)
        os.write(report, struct.pack("i", os.waitstatus_to_exitcode(status)))
        os._exit(0)
    os.close(report)
    for number, each in enumerate(streams):
        os.dup2(each, number)
        os.close(each)
    given = json.loads(message)
    os.environ.clear()
    os.environ.update(given["environment"])
    os.chdir(given["folder"])
    # New ones: the old ones take a pipe for what the descriptor was before.
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", 1, closefd=False, errors="backslashreplace")
    return [str(each) for each in given["arguments"]]


if __name__ == "__main__":
    for module in PRELOADED:
        import_module(module)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    sys.argv[1:] = await_program(socket.socket(fileno=int(sys.argv[1])))
    sys.argv[0] = "resonance-logs"
    from resonance_logs.cli import main

    main()
