"""Ignore rules as they stand: in the configuration, and in the mirror's folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from figsync.errors import Stale
from figsync.naming import IGNORE_FILE, IgnoreRules, folders_above

if TYPE_CHECKING:  # what only the owner of a mirror needs
    from figsync.config import Config
    from figsync.disk import Disk


def mirror_rules(config: Config, disk: Disk) -> IgnoreRules:
    """Return the rules for the whole mirror: the configured and those in the root.

    DiskProblem when those in the root can not be read.
    """
    return with_folder_rules(disk, IgnoreRules(config.mirror.ignore), "")


def with_rules_on_the_way(disk: Disk, rules: IgnoreRules, folder: str) -> IgnoreRules:
    """Return *rules* and those of *folder* and of every folder above it."""
    for below_root in folders_above(f"{folder}/"):
        rules = with_folder_rules(disk, rules, below_root)
    return rules


def with_folder_rules(disk: Disk, rules: IgnoreRules, prefix: str) -> IgnoreRules:
    """Return *rules* and those that stand in the folder *prefix* ("" is the root)."""
    try:
        with disk.open(f"{prefix}/{IGNORE_FILE}".lstrip("/")) as file:
            text = file.read(1 << 20) or b""
    except Stale:  # there is none
        return rules
    return rules.nested(prefix, text.decode("utf-8", "replace").splitlines())
