"""The example of alert rules asks for metrics that there are, with labels they have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from figsync.daemon.counters import Counted
from figsync.daemon.gauges import families
from figsync.model import ActionKey
from figsync.state import HeldRow
from figsync.sync.facts import Facts
from figsync.sync.standing import Standing

RULES = Path(__file__).parents[2] / "systemd" / "figsync-alerts.rules.yml"
EXPRESSIONS = re.findall(
    r"^        expr: (?:>-\n)?((?:.|\n)+?)\n        (?:for|labels):",
    RULES.read_text(encoding="utf-8"),
    re.MULTILINE,
)


def everything() -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and labels of each sample there can be."""
    key = ActionKey("DeleteRemote", "7", "a.csv", "17", "")
    held = HeldRow(1, key, "Item", "9 of 9 files were deleted", None, False, 1, 1.0)
    facts = Facts(last_sync=1.0, last_try=1.0, quota=9, used_quota=1)
    standing = Standing("held", "/mirror", facts, [held], [])
    counted = Counted(1.0, 0.0, errors={"Refused": 1})
    for family in families(standing, counted, 2.0):
        for sample in family.samples:
            yield sample.name, sample.labels


def test_there_are_rules() -> None:
    assert len(EXPRESSIONS) == RULES.read_text(encoding="utf-8").count("- alert:")


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_every_metric_of_a_rule_exists_with_its_labels(expression: str) -> None:
    there = list(everything())

    named = re.findall(r"(figsync_\w+)(?:\{(\w+)=(~?)\"([^\"]+)\"\})?", expression)

    assert named or expression == 'up{job="figsync"} == 0'
    for name, label, is_pattern, value in named:
        found = [labels for told, labels in there if told == name]
        assert found, name
        for wanted in value.split("|") if is_pattern else [value]:
            assert not label or wanted in [labels.get(label) for labels in found]
