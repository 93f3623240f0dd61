"""What is to be said of a path besides the decision on it (pure)."""

from __future__ import annotations

from collections.abc import Iterator

from figsync.config import Direction
from figsync.model import Download, Mode, Presence, Unknown, Upload
from figsync.sync.plan import Change, Verdict, judge, local_change, remote_change
from figsync.sync.subject import Setting, Sides, Subject, quoted

MOST_NAMED = 5


def notes_on(subject: Subject, *, has_steps: bool) -> Iterator[str]:
    """Yield everything else that decides, the weightiest first."""
    if subject.stopped:
        yield f"nothing is synced now: {subject.stopped}"
    elif subject.ended:
        yield f"the last sync did not come to its end: {subject.ended}"
    yield from _on_rule(subject)
    yield from _on_item(subject.setting)
    if subject.sides is not None:
        yield from _on_file(subject, subject.sides)
    if subject.sides is None:
        yield from _on_left_out(subject)
    for copy in subject.copies:
        yield f"both sides changed it: your version is {copy}; see `figsync conflicts`"
    if subject.trashed is not None:
        restore = f"`figsync trash restore {quoted(subject.path)}`"
        yield f"the trash has a version of it: {restore}"
    if not has_steps and _is_at_rest(subject):
        yield "both sides agree: there is nothing to do"


def _on_rule(subject: Subject) -> Iterator[str]:
    rule = subject.rule
    if rule is None:
        return
    by = "" if rule.path == subject.path else f" by its folder {rule.path}"
    yield (
        f"ignored{by}: `{rule.pattern}` in {rule.source};"
        " neither side looks at it, nothing deletes it"
    )


def _on_item(setting: Setting) -> Iterator[str]:
    including = f"`figsync include {setting.item_id}`"
    match setting.mode:
        case Mode.EXCLUDED:
            yield f"its item is excluded: nothing of it is mirrored until {including}"
            return
        case Mode.METADATA:
            yield f"only the record of its item is mirrored until {including}"
            return
        case Mode.ORPHANED:
            yield "its item was deleted on Figshare: the folder is a mirror of nothing"
            return
        case _:
            pass
    if setting.presence is Presence.UNKNOWN and setting.mode is None:
        named = f"its folder names item {setting.item_id}"
        yield f"{named}, which Figshare was not asked about yet: the next sync asks"
    elif setting.presence is Presence.UNKNOWN:
        yield "Figshare did not show its item when last asked: nothing is decided on it"
    if setting.presence is Presence.GONE:
        yield "its item is gone from Figshare"
    if setting.mode is Mode.MIRRORED and not setting.is_folder_here:
        yield "its item folder is gone here"
    if setting.is_public and setting.mode is Mode.MIRRORED:
        yield "its item is public: changes wait in its next draft until you publish it"


def _on_left_out(subject: Subject) -> Iterator[str]:
    for path, reason in subject.left_out[:MOST_NAMED]:
        yield f"not uploadable: {path}: {reason}"
    if len(subject.left_out) > MOST_NAMED:
        yield f"not uploadable: {len(subject.left_out) - MOST_NAMED} files more"


def _on_file(subject: Subject, sides: Sides) -> Iterator[str]:
    local, remote = sides.local, sides.remote
    if local is not None and local.unknown is not None and subject.rule is None:
        yield _UNKNOWN_HERE.get(local.unknown, f"here: {local.unknown}")
    refusals = {reason for path, reason in subject.left_out if path == subject.path}
    if local is not None and local.unknown is None and local.refusal:
        refusals.add(local.refusal)
    if local is None or local.unknown is None:
        for reason in sorted(refusals):
            yield f"not uploadable: {reason}; nothing else waits for it"
    if remote is not None and remote.unknown is not None:
        yield _UNKNOWN_THERE.get(remote.unknown, f"on Figshare: {remote.unknown}")
    if sides.others:
        told = ", ".join(sides.others)
        yield f"Figshare has other records of this name, never deleted for it: {told}"
    yield from _against_the_table(subject, sides)
    nowhere = not (local or remote or sides.synced or subject.trashed)
    looked = subject.rule is None and subject.setting.mode is not Mode.EXCLUDED
    if nowhere and looked and not subject.actions:
        yield "it is nowhere: not here, not on Figshare, and was never synced"


def _against_the_table(subject: Subject, sides: Sides) -> Iterator[str]:
    """Yield why what is missing on one side comes back there."""
    verdict = judge(sides.local, sides.remote, sides.synced)
    kinds = {type(action) for action in subject.actions}
    if verdict is Verdict.DROP_REMOTE and Download in kinds:
        if subject.direction is Direction.PULL:
            yield "direction = pull: what is gone here comes back"
        else:
            yield "a person wants it back: its deletion is not sent to Figshare"
    if verdict is Verdict.DROP_LOCAL and Upload in kinds:
        yield "a person rejected its deletion: it goes back to Figshare"


_UNKNOWN_HERE = {
    Unknown.UNREADABLE: (
        "it can not be read here: give yourself the right to, until then nothing"
        " happens to it"
    ),
    Unknown.NOT_SETTLED: "it changed a moment ago: it is read once it has been still",
    Unknown.NOT_HASHED: "it was not read yet: the next sync reads it",
    Unknown.CONFLICT_COPY: (
        "it is the local version of a conflict and is not uploaded; see"
        " `figsync conflicts`"
    ),
    Unknown.NOT_A_FILE: (
        "it is no ordinary file here: symlinks and special files are never followed"
    ),
}
_UNKNOWN_THERE = {
    Unknown.IN_FLIGHT: "somebody is still uploading it: it counts when that is done",
    Unknown.UNPROVEN: "Figshare has not computed its MD5 yet: the next sync asks again",
    Unknown.NOT_LISTED: "Figshare's list was not complete: the next sync asks again",
    Unknown.UNREADABLE: "it is a link to no plain web address: it has no shortcut here",
    Unknown.UNCONFIRMED: (
        "Figshare's list lacks it, which is not confirmed yet: the next sync asks again"
    ),
}


def _is_at_rest(subject: Subject) -> bool:
    """Tell whether nothing is planned because nothing differs."""
    setting, sides = subject.setting, subject.sides
    if subject.stopped or setting.mode is not Mode.MIRRORED or subject.rule:
        return False
    if setting.presence is not Presence.LISTED or not setting.is_folder_here:
        return False
    if sides is None:
        return not subject.left_out
    changes = (
        local_change(sides.local, sides.synced),
        remote_change(sides.remote, sides.synced),
    )
    return changes == (Change.SAME, Change.SAME)
