"""Loose files in the root: each becomes an item once it has been still for a while."""

from __future__ import annotations

from figsync.config import LooseFiles
from figsync.model import FileAway, Held, Plan, Unknown, Where
from figsync.naming import is_conflict_copy
from figsync.sync.left_out import NotUploadable
from figsync.sync.mirror import Mirror
from figsync.sync.policies import apply_policy
from figsync.sync.root import RootView
from figsync.sync.scan import last_change
from figsync.sync.survey import Survey

STILL_SECONDS = 60.0
NO_FILE = str(Unknown.NOT_A_FILE)
WAIT = "a loose file becomes an item when it has been still for a minute"


def plan_loose_files(mirror: Mirror, survey: Survey, root: RootView) -> Plan:
    """Plan a folder for each loose file that is still; the others wait.

    Empty files and conflict copies stay where they are: they could not be sent.
    What is neither file nor folder is noted.
    """
    for name in root.others:
        survey.not_uploadable.append(NotUploadable("", name, NO_FILE))
    plan = Plan()
    if mirror.config.mirror.loose_files is LooseFiles.IGNORE:
        return plan
    for name, stat in sorted(root.loose.items()):
        if stat.size == 0 or is_conflict_copy(name):
            continue
        action = FileAway(Where("", ""), name, stat)
        due = last_change(stat, survey.lens.now) + STILL_SECONDS
        if due > survey.lens.now:
            plan += Plan(held=(Held(action, WAIT, due),))
        else:
            plan += apply_policy([action], survey.policy, {})
    return plan
