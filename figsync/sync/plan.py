"""Three trees of one item into actions: the table for files, both directions (pure).

             Figshare
    disk     same      edited                gone
    same     nothing   Download              TrashLocal
    edited   Upload    equal MD5: Adopt,     Upload
                       else KeepBoth
    gone     DeleteRemote  Download          Forget

Compared is with what both sides held when they last agreed.  A file that was
never agreed on counts as edited where it is and as gone where it is not.
Unknown on either side: nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

from figsync.model import (
    Adopt,
    DeleteRemote,
    Download,
    FileAction,
    Forget,
    KeepBoth,
    LocalFile,
    LocalTree,
    MoveLocal,
    RemoteFile,
    RemoteTree,
    SyncedFile,
    SyncedTree,
    TrashLocal,
    Upload,
    Where,
)
from figsync.sync.twins import one_record_a_path, stands_at


class Change(Enum):
    """What happened on one side since both agreed."""

    SAME = "same"
    EDITED = "edited"
    GONE = "gone"
    UNKNOWN = "unknown"


class Verdict(Enum):
    """What the table says, without a direction of its own."""

    NOTHING = "nothing"
    SEND = "send"
    FETCH = "fetch"
    DROP_LOCAL = "drop local"
    DROP_REMOTE = "drop remote"
    BOTH = "both"
    FORGET = "forget"


TABLE = {
    (Change.SAME, Change.SAME): Verdict.NOTHING,
    (Change.SAME, Change.EDITED): Verdict.FETCH,
    (Change.SAME, Change.GONE): Verdict.DROP_LOCAL,
    (Change.EDITED, Change.SAME): Verdict.SEND,
    (Change.EDITED, Change.EDITED): Verdict.BOTH,
    (Change.EDITED, Change.GONE): Verdict.SEND,
    (Change.GONE, Change.SAME): Verdict.DROP_REMOTE,
    (Change.GONE, Change.EDITED): Verdict.FETCH,
    (Change.GONE, Change.GONE): Verdict.FORGET,
}


def plan_files(
    where: Where,
    local: LocalTree,
    records: Iterable[RemoteFile],
    synced: SyncedTree,
) -> list[FileAction]:
    """Return what brings both sides of an item together, in the order of paths."""
    hidden = {record.file_id: record for record in records}
    remote = one_record_a_path(hidden.values(), local, synced)
    for record in remote.values():
        del hidden[record.file_id]
    agreed = _agreed(local, remote, synced)
    paths = (local.keys() | remote.keys() | synced.keys()) - agreed
    if not paths:
        return []
    moves = _moves_on_figshare(where, local, remote, synced)
    settled = {move.local.path for move in moves} | {move.path for move in moves}
    sources = _by_content(local)
    actions: list[FileAction] = list(moves)
    for path in sorted(paths - settled):
        case = _Case(where, local.get(path), remote.get(path), synced.get(path))
        action = case.action(hidden, sources)
        if action is not None:
            actions.append(action)
    return _with_local_moves(actions, synced)


def _agreed(local: LocalTree, remote: RemoteTree, synced: SyncedTree) -> set[str]:
    """Return the paths where nothing happened on either side.

    The table says so too; asked about a million paths, this is its quick answer.
    """
    return {
        path
        for path, row in synced.items()
        if (here := local.get(path)) is not None
        and (there := remote.get(path)) is not None
        and here.md5 == row.md5 == there.md5
        and there.file_id == row.file_id
        and here.unknown is None
        and there.unknown is None
    }


def local_change(local: LocalFile | None, synced: SyncedFile | None) -> Change:
    """Return what happened to a file on the disk."""
    if local is None:
        return Change.GONE
    if local.unknown is not None:
        return Change.UNKNOWN
    if synced is not None and local.md5 == synced.md5:
        return Change.SAME
    return Change.EDITED


def remote_change(remote: RemoteFile | None, synced: SyncedFile | None) -> Change:
    """Return what happened to a path on Figshare; an id never changes its content."""
    if remote is None:
        return Change.GONE
    if remote.unknown is not None:
        return Change.UNKNOWN
    if synced is None or remote.file_id != synced.file_id:
        return Change.EDITED
    return Change.SAME if remote.md5 == synced.md5 else Change.EDITED


def judge(
    local: LocalFile | None, remote: RemoteFile | None, synced: SyncedFile | None
) -> Verdict:
    """Return the table's word on one path, NOTHING where a side is unknown."""
    return _Case(Where("", ""), local, remote, synced).verdict()


class _Case:
    """One path: what either side holds and what both once held."""

    def __init__(
        self,
        where: Where,
        local: LocalFile | None,
        remote: RemoteFile | None,
        synced: SyncedFile | None,
    ) -> None:
        self.where = where
        self.local = local
        self.remote = remote
        self.synced = synced

    def verdict(self) -> Verdict:
        """Return the table's word, or NOTHING where a side is unknown."""
        sides = (
            local_change(self.local, self.synced),
            remote_change(self.remote, self.synced),
        )
        if Change.UNKNOWN in sides:
            return Verdict.NOTHING
        verdict = TABLE[sides]
        if self.remote is not None and self.remote.link:
            return _for_link(verdict)
        return verdict

    def action(
        self, hidden: Mapping[str, RemoteFile], sources: Mapping[str, LocalFile]
    ) -> FileAction | None:
        """Return the action for this path; *hidden* are records that show nowhere."""
        verdict = self.verdict()
        if verdict in _ON_BOTH and self._is_equal():
            return self._adopt(hidden)
        match verdict:
            case Verdict.SEND:
                return self._upload()
            case Verdict.FETCH:
                return self._download(sources)
            case Verdict.BOTH:
                assert self.local and self.remote
                return KeepBoth(self.where, self.remote, self.local, self.synced)
            case Verdict.DROP_LOCAL:
                assert self.local and self.synced
                return TrashLocal(self.where, self.synced, self.local)
            case Verdict.DROP_REMOTE:
                assert self.synced
                return DeleteRemote(self.where, self.synced)
            case Verdict.FORGET:
                assert self.synced
                return Forget(self.where, self.synced)
            case Verdict.NOTHING:
                return None

    def _is_equal(self) -> bool:
        if self.local is None or self.remote is None or not self.local.md5:
            return False
        return self.local.md5 == self.remote.md5

    def _adopt(self, hidden: Mapping[str, RemoteFile]) -> Adopt:
        assert self.local and self.remote
        old = hidden.get(self.synced.file_id) if self.synced else None
        # A local edit is consent to supersede the record of this very path only.
        is_consent = (
            old is not None
            and stands_at(old, self.local.path)
            and local_change(self.local, self.synced) is Change.EDITED
        )
        superseded = self.synced if is_consent else None
        return Adopt(self.where, self.remote, self.local, superseded)

    def _upload(self) -> Upload | None:
        assert self.local
        if self.local.refusal:
            return None
        replaces = self.synced if self.remote else None
        return Upload(self.where, self.local, replaces)

    def _download(self, sources: Mapping[str, LocalFile]) -> Download:
        assert self.remote
        source = None if self.remote.link else sources.get(self.remote.md5)
        return Download(self.where, self.remote, self.local, source)


_ON_BOTH = (Verdict.FETCH, Verdict.BOTH)


def _for_link(verdict: Verdict) -> Verdict:
    """A link has no bytes of its own: what happens to its shortcut is undone."""
    if verdict in (Verdict.SEND, Verdict.DROP_REMOTE):
        return Verdict.FETCH
    return verdict


def _by_content(local: LocalTree) -> dict[str, LocalFile]:
    """Return one trustworthy local file for each MD5."""
    return {
        file.md5: file for file in local.values() if file.md5 and file.unknown is None
    }


def _moves_on_figshare(
    where: Where, local: LocalTree, remote: RemoteTree, synced: SyncedTree
) -> list[MoveLocal]:
    """Pair records that changed their folder with the unchanged local file.

    Records are immutable, so the same id at another path is the same content.
    """
    lost = {
        row.file_id: local[path]
        for path, row in synced.items()
        if path not in remote and local_change(local.get(path), row) is Change.SAME
    }
    return [
        MoveLocal(where, record, lost[record.file_id])
        for path, record in sorted(remote.items())
        if record.file_id in lost
        and record.unknown is None
        and path not in local
        and path not in synced
    ]


def _with_local_moves(
    actions: list[FileAction], synced: SyncedTree
) -> list[FileAction]:
    """Mark deletions whose bytes stand or are sent again under a new path."""
    arrivals: dict[str, list[str]] = {}
    for action in actions:
        if isinstance(action, Upload | Adopt) and action.path not in synced:
            arrivals.setdefault(action.local.md5, []).append(action.path)
    return [_marked(action, arrivals) for action in actions]


def _marked(action: FileAction, arrivals: dict[str, list[str]]) -> FileAction:
    if not isinstance(action, DeleteRemote) or not arrivals.get(action.synced.md5):
        return action
    new_path = arrivals[action.synced.md5].pop(0)
    return DeleteRemote(action.where, action.synced, new_path)
