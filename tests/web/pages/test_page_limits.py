"""The limit of open pages for all clients; simulated, without a browser."""

import asyncio
import sys
from pathlib import Path

import pytest
from nicegui import Client
from nicegui.testing.user_simulation import user_simulation

from resonance_logs import Database
from resonance_logs.web.pages import history, open_pages
from resonance_logs.web.pages.open_pages import UNCONNECTED_S


def test_the_limit_for_all_and_the_end_of_pages_that_nobody_looks_at(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [each for each in sys.modules if each.split(".")[0] == "resonance_logs"]:
        monkeypatch.setitem(sys.modules, name, sys.modules[name])
    monkeypatch.setattr(open_pages, "MAX_PAGES", 2)

    async def look() -> None:
        async with user_simulation() as user:
            with Database.open(path) as db:
                history.register(db)
                codes = [(await user.http_client.get("/")).status_code for _ in range(3)]
                assert codes == [200, 200, 503]
                oldest = next(iter(Client.instances.values()))
                oldest.created -= UNCONNECTED_S
                open_pages.drop_unconnected()
                assert oldest.id not in Client.instances
                assert len(Client.instances) == 1
                assert (await user.http_client.get("/")).status_code == 200

    asyncio.run(look())
