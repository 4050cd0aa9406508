"""A history without a fight leads a stranger on: a sample night, a file, a meter."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from resonance_logs import BeginEncounter, Database, EndEncounter, InsertDamageEvent, encode_task
from resonance_logs.web.pages.start import SAMPLE_TAG, record_sample
from tests.helpers.axe import grave
from tests.helpers.fight_page import rows
from tests.helpers.pages import FIRST_MS, Site, raid


@pytest.fixture
def read_only_site(path: Path) -> Iterator[Site]:
    """A server without a fight, which takes no tasks."""
    Database.open(path).close()
    served = Site(path, "--read-only")
    yield served
    served.end()


def test_a_sample_night_is_recorded_by_a_click(page: Page, empty_site: Site) -> None:
    page.goto(empty_site.address)
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()
    page.get_by_role("button", name="Record a sample night").click()
    expect(rows(page)).to_have_count(5, timeout=60_000)
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_hidden()
    page.get_by_label("Tag", exact=True).click()
    page.get_by_role("option", name=SAMPLE_TAG).click()
    expect(page).to_have_url(f"{empty_site.address}/?tag={SAMPLE_TAG}")
    expect(rows(page)).to_have_count(5)


def test_a_dropped_file_is_shown_at_once(page: Page, empty_site: Site, tmp_path: Path) -> None:
    file = tmp_path / "night.ndjson"
    file.write_bytes(b"".join(encode_task(task) + b"\n" for task in raid(0)))
    page.goto(empty_site.address)
    page.locator("input[type=file]").set_input_files(file)
    expect(rows(page)).to_have_count(1)
    expect(page.get_by_text("recorded 105 tasks, refused 0 lines")).to_be_visible()
    expect(page.get_by_label("Boss")).to_be_visible()


def test_a_file_with_no_task_in_it_is_reported(
    page: Page, empty_site: Site, tmp_path: Path
) -> None:
    file = tmp_path / "names.json"
    file.write_text('{"5": "Iai Slash"}')
    page.goto(empty_site.address)
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_text("import it on the page Maintenance.")).to_be_visible()
    expect(page.get_by_text("Nothing has been recorded yet.")).to_be_visible()


def test_where_nothing_can_be_recorded_it_names_the_command(
    page: Page, read_only_site: Site
) -> None:
    page.goto(read_only_site.address)
    expect(page.get_by_text("resonance-logs demo")).to_be_visible()
    expect(page.get_by_role("button", name="Record a sample night")).to_have_count(0)
    expect(page.locator("input[type=file]")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_used_by_everybody(page: Page, empty_site: Site, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(empty_site.address)
        expect(page.get_by_role("button", name="Record a sample night")).to_be_visible()
        expect(page.locator("body.body--dark")).to_have_count(int(scheme == "dark"))
        assert grave(Axe().run(page).response) == []


def test_the_sample_does_not_mix_with_what_is_recorded_meanwhile(db: Database) -> None:
    db.enqueue(BeginEncounter(started_at_ms=FIRST_MS, local_player_id=7))
    db.enqueue(InsertDamageEvent(timestamp_ms=FIRST_MS, attacker_id=7, value=5))
    db.flush()
    assert record_sample(db) == 5
    db.enqueue(InsertDamageEvent(timestamp_ms=FIRST_MS + 5, attacker_id=7, value=6))
    db.enqueue(EndEncounter(ended_at_ms=FIRST_MS + 1_000))
    db.flush()
    newest_first = db.commands.get_recent_encounters().rows
    assert [each.tags for each in newest_first] == [[SAMPLE_TAG]] * 5 + [[]]
    actors = db.commands.get_encounter_actor_stats(newest_first[-1].id)
    assert [(each.actor_id, each.damage_dealt) for each in actors] == [(7, 11)]


def test_the_same_sample_is_there_once_and_names_of_skills_stay(db: Database) -> None:
    db.commands.set_catalog_names("skill", {1101: "Mine"})
    assert record_sample(db) == 5
    assert record_sample(db) == 0
    assert db.commands.get_recent_encounters().total_count == 5
    assert db.commands.get_catalog().skills == 1
