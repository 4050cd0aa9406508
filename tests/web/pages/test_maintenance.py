"""The maintenance page as its reader uses it: checks, backups, deletion, imports."""

import re
import shutil
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from resonance_logs import Database, InsertDamageEvent, encode_task
from tests.helpers.pages import FIRST_MS, Site, raid


def total(site: Site) -> int:
    answer = httpx.post(f"{site.address}/api/commands/get_recent_encounters")
    return int(answer.json()["totalCount"])


def test_the_file_is_described(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/maintenance")
    expect(page.get_by_text(str(site.path), exact=True)).to_be_visible()
    expect(page.get_by_text("no problems found")).to_be_visible()
    page.get_by_role("button", name="Check all fights").click()
    expect(page.get_by_text("OK: 12 fights match their hits")).to_be_visible()


def test_a_backup_is_made_beside_the_file(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/maintenance")
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_text("bytes to")).to_be_visible()
    (saved,) = site.path.parent.glob("fights.backup-*.db")
    with Database.open(saved, record=False) as db:
        assert db.commands.get_recent_encounters().total_count == 12


def test_what_would_go_is_shown_before_it_goes(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/maintenance")
    page.get_by_label("Keep newest N fights", exact=True).fill("5")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Whole fights: 7 fights, about")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    assert total(site) == 12
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("done", exact=True)).to_be_visible()
    assert total(site) == 5


@pytest.mark.parametrize("kind", ["tasks", "many", "export", "text"])
def test_a_file_is_imported(page: Page, site: Site, tmp_path: Path, kind: str) -> None:
    file, told, count = tmp_path / "given", "recorded 105 tasks, refused 0 lines", 13
    file.write_bytes(b"".join(encode_task(task) + b"\n" for task in raid(50)))
    if kind == "export":
        with Database.open(tmp_path / "other.db") as db:
            db.enqueue_many([*raid(60), *raid(3)])
            db.flush()
            file.unlink()
            db.export_fights([1, 2], file)
        told = "imported 1 fights, already stored 1, damaged 0"
    elif kind == "many":  # larger than the body of a command may be
        begin, *rest = raid(50)
        tasks = [begin, *rest[:-1] * 80, rest[-1]]
        file.write_bytes(b"".join(encode_task(task) + b"\n" for task in tasks))
        assert file.stat().st_size > 1_900_000
        told = f"recorded {len(tasks):,} tasks, refused 0 lines"
    elif kind == "text":
        file.write_text("nothing of the kind\n" * 3)
        told, count = "recorded 0 tasks, refused 3 lines", 12
    page.goto(f"{site.address}/maintenance")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text(told)).to_be_visible()
    assert total(site) == count


def test_names_of_skills_are_imported(page: Page, site: Site, tmp_path: Path) -> None:
    file = tmp_path / "names.json"
    file.write_text('{"5": "Iai Slash"}')
    page.goto(f"{site.address}/maintenance")
    expect(page.get_by_text("0 skills and 0 scenes have a name.")).to_be_visible()
    page.get_by_role("button", name="Names of skills").click()
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("loaded 1 names")).to_be_visible()
    expect(page.get_by_text("1 skills and 0 scenes have a name.")).to_be_visible()
    file.write_text("[]")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("names.json: expected an object")).to_be_visible()


def test_a_file_that_cannot_be_kept_while_it_is_read_is_reported(
    page: Page, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    site = Site(path)
    (tmp_path / "names.json").write_text("{}")
    page.goto(f"{site.address}/maintenance")
    page.locator("input[type=file]").set_input_files(tmp_path / "names.json")
    expect(page.get_by_text("recorded 0 tasks, refused 1 lines")).to_be_visible()
    shutil.rmtree(tmp_path / "gone")
    page.locator("input[type=file]").set_input_files(tmp_path / "names.json")
    expect(page.get_by_text("names.json could not be stored for reading")).to_be_visible()
    expect(page.get_by_text("reading ...")).to_have_count(0)
    site.end()


def test_a_file_that_there_is_no_room_for_is_reported_with_the_reason(
    browser: Browser, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    (tmp_path / "names.json").write_text("{}")
    (tmp_path / "large.ndjson").write_text("{}\n" * 700_000)  # more than is held in memory
    with monkeypatch.context() as changed:
        changed.setenv("TMPDIR", str(tmp_path / "gone"))
        site = Site(path)
    page = browser.new_page()
    page.goto(f"{site.address}/maintenance")
    given = page.locator("input[type=file]")
    given.set_input_files(tmp_path / "names.json")
    expect(page.get_by_text("recorded 0 tasks, refused 1 lines")).to_be_visible()
    shutil.rmtree(tmp_path / "gone")
    for count in (1, 2):
        given.set_input_files(tmp_path / "large.ndjson")
        told = page.get_by_text("large.ndjson was not imported: [Errno 2] No such file")
        expect(told).to_have_count(count)
    page.close()
    site.end()


def test_the_runs_are_listed(page: Page, site: Site) -> None:
    page.goto(f"{site.address}/maintenance")
    runs = page.locator(".ag-center-cols-container [role=row]")
    expect(runs).to_have_count(2)
    expect(runs.first).to_contain_text("running")
    expect(runs.nth(1)).to_contain_text("clean exit")
    expect(page.get_by_text("Automatic, while recording: keep_rejected 100,000")).to_be_visible()


def test_rejected_tasks_are_shown_and_deleted_once_confirmed(page: Page, path: Path) -> None:
    wrong = InsertDamageEvent(timestamp_ms=FIRST_MS, attacker_id=7, value="<b>much</b>")  # type: ignore[arg-type]
    with Database.open(path) as db:
        first, *rest = raid(0)
        db.enqueue_many([first, wrong, *rest])
    site = Site(path)
    page.goto(f"{site.address}/maintenance")
    expect(page.get_by_text("Rejected tasks: 1")).to_be_visible()
    expect(page.get_by_text('"value":"<b>much</b>"')).to_be_visible()
    page.get_by_role("button", name="Delete these").click()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text("Rejected tasks: 1")).to_be_visible()
    page.get_by_role("button", name="Delete these").click()
    page.get_by_role("button", name="Delete", exact=True).click()
    expect(page.get_by_text("Rejected tasks")).to_have_count(0)
    answer = httpx.post(f"{site.address}/api/commands/get_rejected_tasks")
    assert answer.json()["totalCount"] == 0
    site.end()


def test_numbers_and_sizes_are_written_in_the_readers_locale(browser: Browser, site: Site) -> None:
    page = browser.new_context(locale="de-DE").new_page()
    page.goto(f"{site.address}/maintenance")
    expect(page.get_by_text("Automatic, while recording: keep_rejected 100.000")).to_be_visible()
    size = page.get_by_text(re.compile(r"\(.+ free\)"))
    expect(size).to_have_text(re.compile(r"^\d+ kB \([\d,]+ \w+ free\)"))
    expect(size).to_have_attribute("title", re.compile(r"^\d{3}\.\d{3} bytes \("))
    page.context.close()
