"""Send the tasks of one recorder to a server so that each is recorded once, whatever breaks."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NoReturn

from resonance_logs.cli.handover import ServerClient, ServerRecorder
from resonance_logs.errors import AlreadyRecording, PositionGap, QueueFull, RecordingError
from resonance_logs.tasks import SkippedLine, StreamItem, encode_task

RETRY_S: Final = 30.0
"""How long to look for the server again after it no longer answers."""

PAUSE_S: Final = 0.5

_SKIPPED: Final = b"null\n"
"""A line that the server refuses, and counts."""


class ServerStream(ServerRecorder):
    """Sends the tasks of a recorder with their position, and sends again what got lost.

    Lines are kept until the server has written them to disk: after a crash it may have forgotten
    some of those that it had accepted.
    """

    def __init__(
        self,
        client: ServerClient,
        find_client: Callable[[], ServerClient],
        recorder: str,
        game: str | None,
        *,
        is_live: bool,
        say: Callable[[str], None],
    ) -> None:
        query = {"recorder": recorder} if game is None else {"recorder": recorder, "game": game}
        super().__init__(client, is_live=is_live, say=say, recorder=query)
        self.continues_input = False
        """Whether the tasks are those of the input that was noted last."""
        self._find_client = find_client
        self._recorder = recorder
        # What was sent before must be on disk: it is not here, to be sent again after a crash.
        answer = client.post(b"", wait=True, recorder={**query, "continuesInput": "true"})
        if not answer.get("committed"):
            raise RecordingError(f"the server at {client.address} cannot write its file now")
        self.game = str(answer.get("game"))
        self._position = client.position(recorder)
        self._kept: list[bytes] = []
        """Accepted lines that may not be on disk; the last one precedes ``_position``."""

    @property
    def position(self) -> int:
        """The position of the next item."""
        return self._position + len(self._pending)

    def _encoded(self, item: StreamItem) -> bytes:
        return _SKIPPED if isinstance(item, SkippedLine) else encode_task(item) + b"\n"

    def _send(self, accepted_here: int) -> None:
        if not self._pending:
            return
        answer = self._send_pending(wait=False)
        if self._pending:
            raise QueueFull(str(answer.get("fault")), accepted_here)

    def _is_flushed(self) -> bool:
        answer = self._send_pending(wait=True)
        return not self._pending and bool(answer.get("committed"))

    def _send_pending(self, *, wait: bool) -> dict[str, Any]:
        """Send what waits; returns the server's answer.

        Raises:
            RecordingError: the server refuses it, or is not found again.
        """
        give_up_at: float | None = None
        while True:
            try:
                answer = self._client.post(
                    b"".join(self._pending),
                    wait=wait,
                    recorder={
                        **self._query,
                        "from": self._position,
                        "continuesInput": str(self.continues_input).lower(),
                    },
                )
                self._note(answer)
                self._note_counts(answer)
                return answer
            except PositionGap as gap:
                self._continue_at(gap.position)
            except RecordingError as error:
                if error.__cause__ is None:  # it has answered
                    self._fail(str(error), cause=error)
                if give_up_at is None:
                    give_up_at = time.monotonic() + RETRY_S
                    self._say(f"{error}; trying again for up to {RETRY_S:.0f} s")
                elif time.monotonic() > give_up_at:
                    self._give_up(error)
                self._find_again(give_up_at, error)

    def _give_up(self, reason: RecordingError) -> NoReturn:
        self._fail(f"{reason}; run the command again to continue where it stopped", cause=reason)

    def _find_again(self, give_up_at: float, reason: RecordingError) -> None:
        """Find the server again, which may have another address by now."""
        while True:
            time.sleep(PAUSE_S)
            try:
                self._client = self._find_client()
                position = self._client.position(self._recorder)
            except (AlreadyRecording, RecordingError):
                if time.monotonic() > give_up_at:
                    self._give_up(reason)
            else:
                self.address = self._client.address
                self._continue_at(position)
                return

    def _continue_at(self, position: int) -> None:
        """Go back or ahead to the position at which the server stands."""
        lines = [*self._kept, *self._pending]
        start = self._position - len(self._kept)
        if not start <= position <= start + len(lines):
            self._fail(
                f"the server at {self.address} stands at {position:,} of recorder "
                f"{self._recorder!r}, and the tasks from there are not here any more; run the "
                "command again"
            )
        self.accepted += position - self._position
        self._kept, self._pending = lines[: position - start], lines[position - start :]
        self._position = position

    def _note(self, answer: dict[str, Any]) -> None:
        position, stored = answer.get("position"), answer.get("storedPosition")
        if type(position) is not int or type(stored) is not int:
            self._fail(f"the server at {self.address} sent an invalid answer")
        sent = self._pending[: position - self._position]
        skipped = sum(line is _SKIPPED for line in sent)
        refusals = [
            each for each in answer.get("refusals", ()) if not self._is_skipped(each.get("line"))
        ]
        self._note_refused(
            max(0, int(answer.get("refused", 0)) - skipped), {**answer, "refusals": refusals}
        )
        before = self.accepted
        self._continue_at(position)
        self.accepted = before + int(answer.get("accepted", 0)) + int(answer.get("skipped", 0))
        del self._kept[: max(0, len(self._kept) - max(0, position - stored))]

    def _is_skipped(self, line: object) -> bool:
        is_there = type(line) is int and 0 < line <= len(self._pending)
        return is_there and self._pending[line - 1] is _SKIPPED  # type: ignore[operator]
