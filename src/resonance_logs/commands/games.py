"""The games that anything is stored of, and their classes."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import select

from resonance_logs.commands.known_names import games_of_players
from resonance_logs.commands.models import NoArguments, Shape
from resonance_logs.commands.registry import command
from resonance_logs.fights.games import find_game
from resonance_logs.store.facets import read_sets
from resonance_logs.store.schema import encounters, facet_encounters, facet_values
from resonance_logs.store.sqlite.connections import Store


class PlayableClass(Shape):
    """A class of a game: its id, name and colour (``#rrggbb``)."""

    id: int
    name: str
    color: str


class GameOverview(Shape):
    """A game, its number of ended fights, and its classes by id.

    Of a game whose classes are not known, ``classes`` are those met in ended fights.
    """

    id: str
    name: str
    encounters: int
    classes: list[PlayableClass]


@command(is_quick=True)
def get_games(store: Store, _arguments: NoArguments) -> list[GameOverview]:
    """The games that fights or players are stored of, by id, with their classes."""
    still_open = select(encounters.c.game).where(encounters.c.ended_at_ms.is_(None))
    met = (
        select(facet_values.c.game, facet_values.c.value)
        .join(facet_encounters, facet_encounters.c.value_id == facet_values.c.value_id)
        .where(facet_values.c.kind == "class")
    )
    counts: defaultdict[str, int] = defaultdict(int)
    classes: defaultdict[str, set[int]] = defaultdict(set)
    with store.read_transaction() as connection:
        for (game_id, _), ids in read_sets(connection, "outcome").items():
            counts[game_id] += len(ids)
        for game_id, value in connection.execute(met.distinct()):
            classes[game_id].add(int(value))
        others = [*connection.execute(still_open).scalars(), *games_of_players(connection)]
    games = [find_game(each) for each in sorted({*counts, *others})]
    return [
        GameOverview(
            id=game.id,
            name=game.name,
            encounters=counts[game.id],
            classes=[
                PlayableClass(id=each, name=game.class_name(each), color=game.class_color(each))
                for each in sorted(game.classes or classes[game.id])
            ],
        )
        for game in games
    ]
