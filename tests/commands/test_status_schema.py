"""What `figsync status --json` prints is what its published schema says."""

from __future__ import annotations

import json
import os
import shutil
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from figsync.clock import SystemClock
from figsync.state import State
from figsync.sync.activity import (
    Activity,
    Pause,
    Phase,
    store_activity,
    store_pause,
)
from figsync.sync.standing import STATES
from tests.commands.desk import Desk

Schema = dict[str, Any]  # whatever a JSON schema holds


@pytest.fixture
def schema(desk: Desk) -> Schema:
    found: Schema = json.loads(desk.ok("status", "--schema"))
    Draft202012Validator.check_schema(found)
    return found


def told(desk: Desk, schema: Schema) -> dict[str, Any]:  # as the schema says
    """Return what status says, which fits the schema and holds nothing else."""
    found: dict[str, Any] = desk.json("status")
    checker = Draft202012Validator.FORMAT_CHECKER
    Draft202012Validator(schema, format_checker=checker).validate(found)
    assert_nothing_else(found, schema)
    return found


def assert_nothing_else(found: object, schema: Schema) -> None:
    """Assert that every key is one that the schema describes."""
    if isinstance(found, dict):
        assert found.keys() == schema["properties"].keys()
        for key, value in found.items():
            assert_nothing_else(value, schema["properties"][key])
    if isinstance(found, list):
        for value in found:
            assert_nothing_else(value, schema["items"])


def run_daemon(desk: Desk, phase: Phase, pause: Pause | None = None) -> None:
    """Say in the state what a daemon of this process would."""
    activity = Activity(
        os.getpid(), 1_790_000_000.0, phase, "polling", "no watches", 1_790_000_900.0
    )
    with State.open(desk.config.database, clock=SystemClock()) as state:
        store_activity(state, activity)
        store_pause(state, pause)


def test_the_schema_names_every_state(schema: Schema) -> None:
    assert tuple(schema["properties"]["state"]["enum"]) == STATES


def test_every_key_is_required(schema: Schema) -> None:
    assert schema["required"] == list(schema["properties"])


def test_never(desk: Desk, schema: Schema) -> None:
    assert told(desk, schema)["state"] == "never"


def test_idle(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/empty", "")
    desk.ok("sync")

    found = told(desk, schema)

    assert found["state"] == "idle"
    assert found["not_uploadable_files"]
    assert found["request_budget"] is not None
    assert found["daemon"]["running"] is False


def test_syncing_by_hand(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    with desk.owned_elsewhere():
        assert told(desk, schema)["state"] == "syncing"


@pytest.mark.parametrize("phase", Phase)
def test_a_daemon_in_each_phase(desk: Desk, schema: Schema, phase: Phase) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    run_daemon(desk, phase)

    with desk.owned_elsewhere():
        found = told(desk, schema)

    assert found["state"] == phase.value
    assert found["daemon"] == {
        "running": True,
        "pid": os.getpid(),
        "since": "2026-09-21T14:13:20Z",
        "watching": "polling",
        "watch_problem": "no watches",
        "next_pull": "2026-09-21T14:28:20Z",
        "paused_until": None,
    }


def test_what_a_daemon_said_ends_with_it(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    run_daemon(desk, Phase.PAUSED)

    found = told(desk, schema)

    assert found["state"] == "idle"
    assert found["daemon"]["running"] is False


def test_the_end_of_a_pause_is_told(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    ends = SystemClock().now() + 3600
    run_daemon(desk, Phase.PAUSED, Pause(ends))

    with desk.owned_elsewhere():
        found = told(desk, schema)
        page = desk.ok("status")

    assert found["daemon"]["paused_until"] is not None
    assert "State:      paused: " in page
    assert "Paused:     until 2" in page
    assert "Watching:   by a look through the folder now and then: no watches" in page
    assert "Next pull:  2026-09-21 " in page


def test_waiting(desk: Desk, schema: Schema) -> None:
    desk.configure(deletions__grace="24h")
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (desk.root / "Soil cores" / "a.csv").unlink()
    desk.ok("sync")

    assert told(desk, schema)["state"] == "waiting"


def test_held(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Water/b.csv")
    desk.ok("sync")
    shutil.rmtree(desk.root / "Soil cores")
    desk.call("sync")

    found = told(desk, schema)

    assert found["state"] == "held"
    assert found["guards"]["deleted_folder"] == 1
    assert sum(found["guards"].values()) == 1


def test_offline(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.box.switches.html_403 = True
    desk.call("sync")

    found = told(desk, schema)

    assert found["state"] == "offline"
    assert found["error_kind"] == "Blocked"
    assert found["hosts_left_alone"]


def test_refused_token(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.call("sync", FIGSYNC_TOKEN="wrong")

    found = told(desk, schema)

    assert (found["state"], found["error_kind"]) == ("refused", "TokenRefused")


def test_refused_root(desk: Desk, schema: Schema) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.root.rename(desk.home / "elsewhere")

    found = told(desk, schema)

    assert (found["state"], found["error_kind"]) == ("refused", "NeedsPerson")
