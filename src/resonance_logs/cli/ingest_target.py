"""Whose tasks ``ingest`` records, and from where on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from resonance_logs.cli.handover import ServerClient, ServerRecorder
    from resonance_logs.database import Database, Sender


@dataclass(frozen=True, slots=True)
class Target:
    """The recorder and game of the tasks; None for the defaults."""

    recorder: str | None = None
    game: str | None = None
    from_position: int | None = None
    """How many tasks were sent before the first one; None if the inputs tell."""

    @property
    def name(self) -> str:
        """The recorder's name."""
        from resonance_logs.fights.identity import DEFAULT_RECORDER

        return DEFAULT_RECORDER if self.recorder is None else self.recorder

    @property
    def is_positioned(self) -> bool:
        """Whether what is recorded already is skipped."""
        return self.recorder is not None

    def check(self) -> None:
        """See that the values are valid and go together.

        Raises:
            BadParameter: they do not.
        """
        from resonance_logs.errors import InvalidArgument
        from resonance_logs.fights.identity import check_game, check_recorder

        if self.from_position is not None and self.recorder is None:
            raise typer.BadParameter("--from needs --recorder NAME")
        try:
            if self.recorder is not None:
                check_recorder(self.recorder)
            if self.game is not None:
                check_game(self.game)
        except InvalidArgument as error:
            raise typer.BadParameter(f"--{error}") from error

    def server_recorder(
        self,
        client: ServerClient,
        find_client: Callable[[], ServerClient],
        *,
        is_live: bool,
        say: Callable[[str], None],
    ) -> ServerRecorder:
        """What sends the tasks to a server.

        Raises:
            RecordingError: the server does not answer.
        """
        from resonance_logs.cli.handover import ServerRecorder
        from resonance_logs.cli.server_stream import ServerStream

        if self.recorder is None:
            query = {} if self.game is None else {"game": self.game}
            return ServerRecorder(client, is_live=is_live, say=say, recorder=query)
        return ServerStream(client, find_client, self.recorder, self.game, is_live=is_live, say=say)

    def sender(
        self, stack: ExitStack, database: Database, server: ServerRecorder | None
    ) -> Sender | None:
        """What selects the tasks that are not recorded yet; None if all of them are to be.

        Raises:
            PositionGap: tasks are missing before the first one.
            RecorderBusy: somebody else is sending for the recorder.
        """
        from resonance_logs.cli.server_stream import ServerStream
        from resonance_logs.database import Sender
        from resonance_logs.errors import PositionGap

        if self.recorder is None:
            return None
        if not isinstance(server, ServerStream):
            recorder = database.own_recorder
            first = self.from_position
            position = recorder.position if first is None else first
            sending = recorder.sending(position, by_input=first is None)
            return stack.enter_context(sending)
        if self.from_position is not None:
            known = server.position - self.from_position
            if known < 0:
                raise PositionGap(self.recorder, self.from_position, server.position)
            return Sender(known=known)
        begin = partial(database.begin_input, self.recorder, server.game)
        server.continues_input = True
        return Sender(lambda input_id: begin(input_id, server.position))
