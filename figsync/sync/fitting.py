"""What room there is now, and the uploads of a plan put into it."""

from __future__ import annotations

from dataclasses import replace

from figsync.figshare import Account
from figsync.model import (
    CreateItem,
    DeleteFirst,
    Download,
    Forget,
    KeepBoth,
    MoveLocal,
    Outcome,
    Plan,
    TrashLocal,
    Upload,
    WriteRecord,
)
from figsync.sync.left_out import NotUploadable
from figsync.sync.mirror import Mirror
from figsync.sync.replacing import Space, fit
from figsync.sync.survey import Survey

# These leave as much room on Figshare as there was.
_TAKES_NO_ROOM = (
    CreateItem,
    WriteRecord,
    Download,
    KeepBoth,
    MoveLocal,
    TrashLocal,
    Forget,
)


def free_quota(account: Account) -> int | None:
    """Return quota less use, as current uploaders compute it; None if not stated."""
    if not account.quota:
        return None
    return max(0, account.quota - (account.used_quota or 0))


def account_after(account: Account | None, outcome: Outcome) -> Account | None:
    """Return the account after what was done, None if that has to be asked for.

    A new file takes its size; what replaces, deletes or fails may take or free more.
    """
    action = outcome.action
    if account is None or isinstance(action, _TAKES_NO_ROOM):
        return account
    is_new = isinstance(action, Upload) and action.replaces is None
    if not is_new or isinstance(action, DeleteFirst) or outcome.result != "done":
        return None
    used = account.used_quota
    return account if used is None else replace(account, used_quota=used + action.size)


def fitted(mirror: Mirror, survey: Survey, plan: Plan, free: int | None) -> Plan:
    """Return the plan with every upload in the room that there is.

    What finds none at all is noted with the files that Figshare can not take.
    """
    uploads = [action for action in plan.actions if isinstance(action, Upload)]
    if not uploads:
        return plan
    found = fit(plan, _space(mirror, survey, uploads, free))
    for upload, reason in found.lacking:
        note = NotUploadable(upload.where.folder, upload.path, reason)
        survey.not_uploadable.append(note)
    return found.plan


def _space(
    mirror: Mirror, survey: Survey, uploads: list[Upload], free: int | None
) -> Space:
    wanted = {(u.where.item_id, u.path): u.local.md5 for u in uploads}
    open_ones = mirror.state.work.all_transfers()
    # One whose reply was lost may have its record, and the room for it, as well.
    begun = {
        (t.item_id, t.path)
        for t in open_ones
        if wanted.get((t.item_id, t.path)) == t.md5
    }
    # Our own unfinished records of other bytes are discarded when these begin.
    others = [t for t in open_ones if (t.item_id, t.path) in wanted.keys() - begun]
    outdated = [transfer.size for transfer in others if transfer.file_id]
    records = mirror.state.items.remote_files
    return Space(
        None if free is None else free + sum(outdated),
        {item_id: len(records(item_id)) for item_id, _ in wanted},
        mirror.config.transfer.files_per_item,
        begun,
        survey.policy.rejected,
    )
