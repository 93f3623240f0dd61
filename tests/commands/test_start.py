"""A verb imports what it needs: people and monitors ask for the status all the time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.world import World

# Each takes longer to import than a look at the state takes.
HEAVY = (
    "apscheduler",
    "asyncio",
    "filelock",
    "flask",
    "importlib.metadata",
    "pathspec",
    "prometheus_client",
    "requests",
    "rich",
    "sqlite_utils",
    "urllib3",
    "watchdog",
    "zipfile",
    "figsync.figshare.client",
    "figsync.model.actions",
    "figsync.sync.mirror",
)
ASKING = """
import json, sys
import figsync.__main__ as program
sys.argv[0] = "figsync"
try:
    program.main()
finally:
    print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("verb", ["status", "status --json"])
def test_a_verb_that_only_looks_imports_nothing_heavy(
    tmp_path: Path, verb: str
) -> None:
    world = World(tmp_path)
    world.drop("Soil/a.csv", b"5 g")
    world.sync()
    call = [sys.executable, "-c", ASKING, "--config", str(world.config_path)]

    told = subprocess.run(
        [*call, *verb.split()], check=True, capture_output=True, text=True
    )

    assert "idle" in told.stdout
    assert set(HEAVY) & set(json.loads(told.stderr)) == set()
