"""Tables for analysts: their columns and types are the same, whatever is in them."""

import io
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pyarrow import parquet

from resonance_logs import Database
from resonance_logs.commands import Filters
from resonance_logs.commands.encounter import ActorEncounterStat, EncounterSummary
from resonance_logs.errors import InvalidArgument, NotFound, Unavailable
from resonance_logs.exports.formats import Column, Format, Kind, Table, write_table
from resonance_logs.exports.tables import (
    ACTOR_COLUMNS,
    FIGHT_COLUMNS,
    HIT_COLUMNS,
    SKILL_COLUMNS,
    TableKind,
    encounter_table,
    fights_table,
)
from resonance_logs.store.sqlite.connections import Store
from tests.helpers.builder import Builder, hit, known_fight
from tests.helpers.recording import fight, record
from tests.helpers.two_games import record_two_games

COLUMNS = {
    TableKind.ACTORS: ACTOR_COLUMNS,
    TableKind.SKILLS: SKILL_COLUMNS,
    TableKind.HITS: HIT_COLUMNS,
}
DUCKDB_TYPES = {
    Kind.INTEGER: "BIGINT",
    Kind.FLOAT: "DOUBLE",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TEXT: "VARCHAR",
}
ARROW_TYPES = {
    Kind.INTEGER: "int64",
    Kind.FLOAT: "double",
    Kind.BOOLEAN: "bool",
    Kind.TEXT: "string",
}

Query = Callable[[str], list[tuple[Any, ...]]]


@pytest.fixture
def together(tmp_path: Path) -> Callable[[Sequence[Table]], Query]:
    """Tables written to a Parquet file each; a query reads them all as ``written``."""

    def write(tables: Sequence[Table]) -> Query:
        files = [tmp_path / f"{place}.parquet" for place in range(len(tables))]
        for file, table in zip(files, tables, strict=True):
            file.write_bytes(write_table(table, Format.PARQUET))
        names = ", ".join(f"'{file}'" for file in files)

        def query(sql: str) -> list[tuple[Any, ...]]:
            with duckdb.connect() as connection:
                connection.execute(f"CREATE VIEW written AS FROM read_parquet([{names}])")
                return connection.execute(sql).fetchall()

        return query

    return write


def types(query: Query) -> list[tuple[str, str]]:
    return [(row[0], row[1]) for row in query("DESCRIBE written")]


def unknown_fight(builder: Builder) -> int:
    """A fight of one nameless actor, whose hit names neither a target nor a skill."""
    fight = builder.fight(damage_events=1)
    builder.actor(fight, 5, damage_dealt=3, hits_dealt=1)
    builder.archive(fight, [hit(1_500, 3, attacker=5, defender=None)])
    return fight


@pytest.mark.parametrize("of", TableKind)
def test_tables_of_fights_are_read_together_though_one_is_empty_and_one_has_only_nulls(
    builder: Builder, store: Store, together: Callable[[Sequence[Table]], Query], of: TableKind
) -> None:
    fights = (unknown_fight(builder), builder.fight(), known_fight(builder))
    tables = [encounter_table(store, fight, of) for fight in fights]
    query = together(tables)
    assert types(query) == [(each.name, DUCKDB_TYPES[each.kind]) for each in COLUMNS[of]]
    rows = query("SELECT encounter_id, count(*) FROM written GROUP BY 1 ORDER BY 1")
    assert rows == [(1, 1), (3, {"actors": 4, "skills": 8, "hits": 9}[of])]
    name = "name" if of is TableKind.ACTORS else "target_name"
    nulls = query(f"SELECT count(*), count({name}) FROM written WHERE encounter_id = 1")
    assert nulls == [(1, 0)]


def test_tables_of_no_fights_and_of_fights_without_a_scene_are_read_together(
    builder: Builder, store: Store, together: Callable[[Sequence[Table]], Query]
) -> None:
    builder.fight(started=1_000)
    builder.fight(started=9_000, scene="Court", scene_id=3, note="close", bosses=["Ogre", "Imp"])
    tables = [
        fights_table(store, filters)
        for filters in (
            Filters(date_to_ms=5_000),
            Filters(boss_names=["Nobody"]),
            Filters(date_from_ms=5_000),
        )
    ]
    query = together(tables)
    assert types(query) == [(each.name, DUCKDB_TYPES[each.kind]) for each in FIGHT_COLUMNS]
    columns = "id, started_at_ms, scene_id, scene_name, note, bosses, is_complete, duration"
    assert query(f"SELECT {columns} FROM written ORDER BY id") == [
        (1, 1_000, None, None, None, "", True, 10.0),
        (2, 9_000, 3, "Court", "close", "Ogre; Imp", True, 10.0),
    ]


@pytest.mark.parametrize("of", TableKind)
def test_parquet_says_which_columns_may_be_null(
    builder: Builder, store: Store, of: TableKind
) -> None:
    table = encounter_table(store, builder.fight(), of)
    schema = parquet.read_schema(io.BytesIO(write_table(table, Format.PARQUET)))
    assert [(field.name, str(field.type), field.nullable) for field in schema] == [
        (each.name, ARROW_TYPES[each.kind], each.is_nullable) for each in COLUMNS[of]
    ]


@pytest.mark.parametrize("of", TableKind)
def test_an_empty_table_has_its_headings(builder: Builder, store: Store, of: TableKind) -> None:
    table = encounter_table(store, builder.fight(), of)
    assert list(table) == [each.name for each in COLUMNS[of]]
    assert write_table(table, Format.CSV).decode().strip().split(",") == list(table)
    assert write_table(table, Format.JSON) == b"[]"


def test_the_columns_are_those_of_the_answers_they_are_made_of() -> None:
    texts = [Column("class_name", Kind.TEXT), Column("class_spec_name", Kind.TEXT)]
    assert [column(ActorEncounterStat, each.name) for each in ACTOR_COLUMNS[:-2]] + texts == [
        *ACTOR_COLUMNS
    ]
    assert {each.name for each in ACTOR_COLUMNS[:-2]} == set(ActorEncounterStat.model_fields)
    lists = {"tags", "bosses", "defeated", "players"}
    for each in FIGHT_COLUMNS:
        if each.name == "ended_at_ms":  # null only while a fight is open; these have ended
            assert each == Column("ended_at_ms", Kind.INTEGER)
        elif each.name not in lists:
            assert each == column(EncounterSummary, each.name)


def column(shape: type[ActorEncounterStat | EncounterSummary], name: str) -> Column:
    """The column that a field of an answer would be."""
    annotation = shape.model_fields[name].annotation
    for plain, kind in ((int, Kind.INTEGER), (float, Kind.FLOAT), (bool, Kind.BOOLEAN)):
        if annotation in (plain, plain | None):
            return Column(name, kind, is_nullable=annotation != plain)
    assert annotation in (str, str | None)
    return Column(name, Kind.TEXT, is_nullable=annotation is not str)


def test_a_table_takes_its_columns_in_order_and_no_others() -> None:
    columns = [Column("a", Kind.INTEGER), Column("b", Kind.TEXT, is_nullable=True)]
    assert dict(Table(columns, {"b": ["x"], "a": [1]})) == {"a": [1], "b": ["x"]}
    wrong: list[dict[str, list[Any]]] = [{"a": [1]}, {"a": [1], "b": [None], "c": [2]}]
    for values in wrong:
        with pytest.raises(ValueError, match="expected the columns"):
            Table(columns, values)


def test_a_table_raises_what_a_command_raises(path: Path, db: Database) -> None:
    record(db, fight())
    with pytest.raises(NotFound, match="there is no fight 5"):
        db.encounter_table(5)
    wrong: list[tuple[Any, Any, str]] = [
        (1, "hitz", "^of: "),
        ("one", "hits", "^encounterId: "),
        (None, "actors", "^encounterId: "),
    ]
    for encounter_id, of, message in wrong:
        with pytest.raises(InvalidArgument, match=message):
            db.encounter_table(encounter_id, of)
    unknown: Any = {"boss": ["Ogre"]}
    with pytest.raises(InvalidArgument, match=r"^boss: "):
        db.fights_table(unknown)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE damage_skill_stats SET hits = 9")
        connection.execute("UPDATE actor_encounter_stats SET hits_dealt = 9")
        connection.execute("UPDATE encounter_archives SET payload = x'00'")
        connection.execute("UPDATE facet_encounters SET encounters = x'ff'")
        connection.commit()
    for of in TableKind:
        with pytest.raises(Unavailable, match="fight 1 is damaged"):
            db.encounter_table(1, of)
    with pytest.raises(Unavailable, match="damaged"):
        db.fights_table()


def test_each_fight_tells_its_recorder_and_game_and_names_are_those_of_the_game(
    path: Path,
) -> None:
    record_two_games(path)
    with Database.open(path, record=False) as db:
        fights = db.fights_table(Filters(descending=False))
        assert list(fights["id"]) == [1, 2, 3, 4]
        assert list(fights["recorder"]) == ["default", "alt", "alt", "default"]
        assert list(fights["game"]) == ["bpsr", "wow", "wow", "bpsr"]
        assert list(db.fights_table(Filters(games=["wow"]))["id"]) == [3, 2]
        actors = db.encounter_table(2)
        assert list(actors["name"]) == ["Thrall", "Jaina", "Ogre"]
        assert list(actors["class_name"]) == ["Class 1", "Class 8", ""]
        assert list(actors["class_spec_name"]) == ["Spec 2", "", ""]
        assert list(db.encounter_table(1)["class_name"]) == ["Stormblade", ""]
        for of in ("skills", "hits"):
            assert "Chain Lightning" in db.encounter_table(2, of)["skill_name"]
            assert "Slash" in db.encounter_table(1, of)["skill_name"]
