"""Arguments with which each command answers."""

from __future__ import annotations

from typing import Any

from tests.helpers.builder import AOI

ARGUMENTS: dict[str, dict[str, Any]] = {
    "get_recent_encounters": {"limit": 5, "offset": 0},
    "get_recent_encounters_filtered": {"limit": 5, "offset": 0, "filters": {"bossNames": ["Ogre"]}},
    "get_encounter_by_id": {"encounterId": 1},
    "get_encounter_actor_stats": {"encounterId": 1},
    "get_encounter_player_skills": {"encounterId": 1, "actorId": AOI, "skillType": "dps"},
    "get_unique_boss_names": {},
    "get_unique_scene_names": {},
    "get_player_names_filtered": {"prefix": "a"},
    "get_recent_players_command": {"limit": 5},
    "get_player_name_command": {"uid": AOI},
    "get_encounter_timeline": {"encounterId": 1, "groupBy": "skill", "bucketMs": 1_000},
    "get_encounter_range": {"encounterId": 1, "fromMs": 0, "toMs": 5_000},
    "get_encounter_player_targets": {"encounterId": 1, "actorId": AOI, "skillType": "dps"},
    "get_encounter_party": {"encounterId": 1, "kind": "tanked", "side": "monsters"},
    "get_live_encounter": {"recorder": "default"},
    "get_live_encounters": {},
    "get_recorders": {},
    "get_games": {},
    "get_unique_recorder_names": {},
    "get_players": {"search": "a", "limit": 5, "offset": 0},
    "get_player_profile": {"uid": AOI},
    "get_player_fights": {"uid": AOI, "bossName": "Ogre", "limit": 5, "offset": 0},
    "get_bosses_and_scenes": {},
    "get_boss_profile": {"bossName": "Ogre", "newest": 10},
    "compare_encounters": {
        "sides": [{"encounterId": 1}, {"encounterId": 1, "actorId": AOI}],
        "kind": "dps",
        "points": 10,
    },
    "get_boss_tries": {"encounterId": 1},
    "get_database_info": {},
    "check_database": {"quick": False},
    "get_database_health": {},
    "get_recorder_runs": {"limit": 5},
    "get_catalog": {},
    "set_catalog_names": {"kind": "skill", "names": {"5": "Slash"}},
    "get_rejected_tasks": {"limit": 5},
    "retry_rejected_tasks": {"ids": []},
    "delete_rejected_tasks": {"ids": []},
    "prune_encounters": {"keepFightsNewest": 5, "dryRun": True},
    "set_encounter_note": {"encounterId": 1, "note": "wiped at 30 %"},
    "set_encounter_tags": {"encounterId": 1, "tags": ["progress"]},
    "get_unique_tags": {},
    "toggle_favorite_encounter": {"id": 1, "isFavorite": True},
    "delete_encounter": {"encounterId": 1},
    "delete_encounters": {"ids": []},
}
