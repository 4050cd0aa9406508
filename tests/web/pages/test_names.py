"""Boxes that choose find names in any case and Unicode form, as the server does."""

from __future__ import annotations

import unicodedata

import httpx
import pytest
from playwright.sync_api import Page, expect

from resonance_logs import (
    BeginEncounter,
    EndEncounter,
    InsertDamageEvent,
    Task,
    UpsertEntity,
    encode_task,
)
from resonance_logs.fights.name_folding import fold_name
from tests.helpers.pages import Site


def record(site: Site, boss: str, player: str) -> None:
    """A fight of this player, known by its name, with this boss."""
    actor = 70 + len(player)
    tasks: list[Task] = [
        BeginEncounter(started_at_ms=1_000),
        UpsertEntity(entity_id=actor, seen_at_ms=1_000, name=player),
        InsertDamageEvent(
            timestamp_ms=2_000,
            attacker_id=actor,
            value=5,
            defender_id=900,
            monster_name=boss,
            is_boss=True,
        ),
        EndEncounter(ended_at_ms=9_000),
    ]
    lines = b"".join(encode_task(task) + b"\n" for task in tasks)
    httpx.post(f"{site.address}/api/tasks", content=lines).raise_for_status()


@pytest.mark.parametrize(
    ("label", "typed"),
    [
        ("Boss", "istanbul"),
        ("Players", "iĞDIR"),
        ("Players", "CE\u0301LINE"),
    ],
)
def test_a_box_finds_names_in_any_case_and_form(
    page: Page, empty_site: Site, label: str, typed: str
) -> None:
    record(empty_site, "İstanbul", "Iğdır Ce\u0301line")
    record(empty_site, "Imp", "Aoi")
    page.goto(empty_site.address)
    page.get_by_label(label).click()
    page.get_by_label(label).press_sequentially(typed)
    expect(page.get_by_role("option")).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.locator(".ag-center-cols-container [role=row]")).to_have_count(1)


def test_an_option_that_does_not_have_what_is_typed_is_not_shown(
    page: Page, empty_site: Site
) -> None:
    record(empty_site, "İstanbul", "Aoi")
    page.goto(empty_site.address)
    page.get_by_label("Boss").click()
    page.get_by_label("Boss").press_sequentially("istambul")
    expect(page.get_by_role("option")).to_have_count(0)


def test_tags_are_found_too(page: Page, empty_site: Site) -> None:
    record(empty_site, "İstanbul", "Aoi")
    record(empty_site, "Imp", "Aoi")
    for fight, tag in ((1, "other"), (2, "İlk")):
        arguments = {"encounterId": fight, "tags": [tag]}
        address = f"{empty_site.address}/api/commands/set_encounter_tags"
        httpx.post(address, json=arguments).raise_for_status()
    page.goto(f"{empty_site.address}/fight/1")
    page.get_by_role("button", name="Note and tags").click()
    page.get_by_label("Tags").press_sequentially("ilk")
    expect(page.get_by_role("option")).to_have_text(["İlk"])


def test_the_browser_folds_as_python_does(page: Page, empty_site: Site) -> None:
    """Whatever Python folds to the same text, so does the browser, and nothing else."""
    page.goto(empty_site.address)
    texts = [
        chr(code)
        for code in range(0x20, 0x20000)
        if unicodedata.category(chr(code)) not in {"Cn", "Cs", "Co"}
    ]
    texts += ["i\u0307", "I\u0323\u0307", "ΣΊΣΥΦΟΣ", "Straße", "STRASSE"]
    folded = page.evaluate("texts => texts.map(rl.fold)", texts)
    by_python: dict[str, set[str]] = {}
    by_browser: dict[str, set[str]] = {}
    for text, found in zip(texts, folded, strict=True):
        by_python.setdefault(fold_name(text), set()).add(found)
        by_browser.setdefault(found, set()).add(fold_name(text))
    assert [each for each in by_python.values() if len(each) > 1] == []
    assert [each for each in by_browser.values() if len(each) > 1] == []
