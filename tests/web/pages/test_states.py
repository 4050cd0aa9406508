"""What every page shows when its commands fail; simulated, without a browser."""

import asyncio
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from nicegui.testing import User
from nicegui.testing.user_simulation import user_simulation

from resonance_logs import Database
from resonance_logs.errors import Unavailable
from resonance_logs.web.pages import boss, compare, encounter, history, live, maintenance, player

PAGES = (history, encounter, live, boss, player, compare, maintenance)
ADDRESSES = (
    "/",
    "/fight/1",
    "/live",
    "/bosses",
    "/boss?boss=Ogre",
    "/players",
    "/player/7",
    "/compare?side=1&side=2",
    "/maintenance",
)
MESSAGE = "the disk has gone out for lunch"


class Gone:
    """Commands that all fail."""

    def __getattr__(self, name: str) -> Any:
        def fail(*_arguments: object, **_named: object) -> None:
            raise Unavailable(MESSAGE)

        return fail


@pytest.fixture(autouse=True)
def _modules(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulation unloads the page modules when it ends; other tests need them."""
    for name in [each for each in sys.modules if each.split(".")[0] == "resonance_logs"]:
        monkeypatch.setitem(sys.modules, name, sys.modules[name])


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_command_that_cannot_answer_is_reported_on_the_page(address: str, path: Path) -> None:
    async def look() -> None:
        async with user_simulation() as user:
            await show(user)

    async def show(user: User) -> None:
        with Database.open(path) as db:
            gone: Any = SimpleNamespace(
                commands=Gone(), settings=db.settings, path=db.path, is_read_only=False
            )
            for module in PAGES:
                module.register(gone)
            await user.open(address)
            await user.should_see(MESSAGE)

    asyncio.run(look())
