"""The guards by name, as people and programs are told which of them holds something."""

from __future__ import annotations

AT_ONCE = "at once, more than the"
ACKNOWLEDGE = "figsync approve --scope acknowledges it"
# What of a reason tells which guard gave it.
GUARDS = {
    "deletions": "files were deleted",
    "edits": AT_ONCE,
    "emptied_item": "it would empty the item",
    "deleted_folder": "its folder was deleted",
    "scope": ACKNOWLEDGE,
}


def guard_of(reason: str) -> str:
    """Return which of the GUARDS holds something for this *reason*, "" if none does."""
    return next((name for name, sign in GUARDS.items() if sign in reason), "")
