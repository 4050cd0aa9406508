"""Dropped files are imported beside the pages, which always have threads to answer."""

import asyncio
import threading
from pathlib import Path

import httpx
import pytest

from resonance_logs import Database
from resonance_logs.web.pages import file_import
from resonance_logs.web.pages.file_import import MAX_IMPORTS, Outcome, Progress, import_in_turn
from tests.helpers.hostile_files import ACTIVE, hostile_files, make_template
from tests.helpers.pages import Site
from tests.helpers.uploading import upload
from tests.helpers.waiting import wait_until

IMPORTS = 6


def test_imports_wait_for_one_another_and_leave_the_threads_of_the_pages(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going_on = threading.Event()
    begun = threading.Semaphore(0)

    def import_slowly(*_given: object) -> Outcome:
        begun.release()
        assert going_on.wait(60)
        return Outcome("done")

    monkeypatch.setattr(file_import, "import_file", import_slowly)

    async def import_all() -> list[Outcome]:
        progress = [Progress() for _ in range(IMPORTS)]
        tasks = [
            asyncio.create_task(import_in_turn(db, tmp_path / "x", "fights", None, each))
            for each in progress
        ]
        for _ in range(MAX_IMPORTS):
            assert await asyncio.to_thread(begun.acquire, timeout=60)
        assert [await asyncio.to_thread(lambda: 7) for _ in range(50)] == [7] * 50
        assert not begun.acquire(blocking=False)
        going_on.set()
        return await asyncio.gather(*tasks)

    assert [each.text for each in asyncio.run(import_all())] == ["done"] * IMPORTS


def test_an_import_that_waits_says_so() -> None:
    progress = Progress()
    assert progress.describe() == "waiting for other imports ..."
    progress.is_begun = True
    assert progress.describe() == "reading ..."


def test_hostile_files_change_nothing_and_the_pages_answer_meanwhile(
    path: Path, tmp_path: Path
) -> None:
    good = make_template(tmp_path).read_bytes()
    site = Site(path)
    with httpx.Client(base_url=site.address, timeout=60) as client:
        for file in hostile_files(tmp_path / "files", seed=9, count=len(ACTIVE)):
            upload(client, "hostile.rlog", file.path.read_bytes())
            for page in ("/", "/maintenance", "/healthz"):
                assert client.get(page).status_code == 200
        upload(client, "good.rlog", good)

        def fights() -> int:
            answer = client.post("/api/commands/get_database_info", json={})
            return int(answer.json()["encounters"])

        wait_until(lambda: fights() == 3)
        assert client.post("/api/commands/check_database", json={}).json()["isSound"]
    site.end()
