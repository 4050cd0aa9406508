"""A program that was started as a fork, with what tests use of ``subprocess.Popen``."""

from __future__ import annotations

import atexit
import json
import os
import signal
import socket
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path


class Program:
    """``resonance-logs`` with these arguments; its streams are text."""

    def __init__(self, *arguments: str | Path, takes_input: bool = False) -> None:
        self.args = list(map(str, arguments))
        self.returncode: int | None = None
        reader, writer = os.pipe() if takes_input else (os.open(os.devnull, os.O_RDONLY), -1)
        output, errors = os.pipe(), os.pipe()
        self._report, report = socket.socketpair()
        message = {
            "arguments": self.args,
            "environment": dict(os.environ),
            "folder": str(Path.cwd()),
        }
        passed = [reader, output[1], errors[1], report.detach()]
        socket.send_fds(_starter(), [json.dumps(message).encode()], passed)
        for each in passed:
            os.close(each)
        self.stdin = os.fdopen(writer, "w") if takes_input else None
        self.stdout = os.fdopen(output[0])
        self.stderr = os.fdopen(errors[0])
        self.pid = self._receive(60)

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        try:
            return self.wait(0)
        except subprocess.TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end; returns the exit code, negative for a signal."""
        if self.returncode is None:
            self.returncode = self._receive(timeout)
            self._report.close()
        return self.returncode

    def communicate(
        self, given: str | None = None, timeout: float | None = None
    ) -> tuple[str, str]:
        """Send input, read what it prints until its end, and close the streams."""
        with ThreadPoolExecutor(2) as pool:
            printed = [pool.submit(stream.read) for stream in (self.stdout, self.stderr)]
            try:
                self._send(given)
                self.wait(timeout)
            except BaseException:
                self.kill()
                raise
            output, errors = (each.result() for each in printed)
        self.stdout.close()
        self.stderr.close()
        return output, errors

    def _send(self, given: str | None) -> None:
        if self.stdin is not None and not self.stdin.closed:
            with suppress(BrokenPipeError):  # it has ended
                self.stdin.write(given or "")
                self.stdin.close()

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kill it."""
        self.send_signal(signal.SIGKILL)

    def _receive(self, timeout: float | None) -> int:
        self._report.settimeout(None if timeout is None else max(timeout, 0.001))
        try:
            received = self._report.recv(4, socket.MSG_WAITALL)
        except TimeoutError:
            raise subprocess.TimeoutExpired(self.args, timeout or 0) from None
        (number,) = struct.unpack("i", received)
        return int(number)


@cache
def _starter() -> socket.socket:
    """The socket of the process that starts programs; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.helpers.programs", str(theirs.fileno())]
    process = subprocess.Popen(
        command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
