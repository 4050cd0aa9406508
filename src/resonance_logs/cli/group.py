"""Error handling around every command: errors become messages and exit codes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from resonance_logs.cli.render import fail
from resonance_logs.cli.stopping import ended_by_signals
from resonance_logs.errors import ResonanceLogsError
from resonance_logs.settings import TRACEBACK_VARIABLE
from resonance_logs.system.repeated_messages import limited_logger

_logger = limited_logger(__name__)


class Group(TyperGroup):
    """Prints errors meant for the user as one line on standard error and exits with code 1."""

    def get_help_option(self, ctx: Any) -> Any:
        """Return the option --help with the default False: for None, Typer would load pydantic."""
        option = super().get_help_option(ctx)
        if option is not None:
            option.default = False
        return option

    def get_params(self, ctx: Any) -> Any:
        """Return the options; --db becomes a path here, as Typer would load pydantic for it."""
        params = super().get_params(ctx)
        for param in params:
            if param.name == "db":
                param.process_value = _read_path  # type: ignore[assignment, method-assign]
        return params

    def invoke(self, ctx: Any) -> Any:
        """Run the command; report expected errors in one line."""
        try:
            with ended_by_signals():
                result = super().invoke(ctx)
                sys.stdout.flush()
        except (typer.Exit, typer.Abort, TyperException):
            raise
        except ResonanceLogsError as error:
            fail(str(error))
        except KeyboardInterrupt:
            fail("stopped")
        except BrokenPipeError:
            _silence_stdout()
            raise typer.Exit(1) from None
        except OSError as error:
            _silence_stdout()
            fail(_explain(error))
        except Exception as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            _logger.debug("unexpected error", exc_info=error)
            fail(
                f"unexpected {type(error).__name__}: {error}; this is a bug of the program or a "
                "damaged database (see resonance-logs check); "
                f"{TRACEBACK_VARIABLE}=1 shows the traceback"
            )
        return result


def _read_path(_context: Any, value: str | None) -> Path | None:
    return None if value is None else Path(value)


def _explain(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    return reason if error.filename is None else f"{error.filename}: {reason}"


def _silence_stdout() -> None:
    """Redirect stdout to the null device: its reader is gone, and the interpreter's last flush
    must succeed.
    """
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return  # not a real file
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
