"""Several records under one path: which one owns the name (pure).

Figshare lets two records have one name, and two machines that mirror one
account produce them.  The highest available id owns the name on every machine;
other bytes come down beside it, twins of equal MD5 show once.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from figsync.model import LocalFile, RemoteFile, SyncedFile, Unknown
from figsync.naming import record_suffix

# How many names beside its own a record is looked for at.
FEW = 9


def one_record_a_path(
    records: Iterable[RemoteFile],
    local: Mapping[str, LocalFile],
    synced: Mapping[str, SyncedFile],
) -> dict[str, RemoteFile]:
    """Return the records by path, every path once.

    A record that this computer was about to supersede when it was interrupted
    (its successor equals the local file) is left out: it is on its way out.
    """
    records = list(records)
    tree = {record.path: record for record in records}
    if len(tree) == len(records):
        return tree
    groups: dict[str, list[RemoteFile]] = defaultdict(list)
    for record in records:
        groups[record.path].append(record)
    several = {path: group for path, group in groups.items() if len(group) > 1}
    tree |= {path: _owner(group, synced.get(path)) for path, group in several.items()}
    for path, group in sorted(several.items()):
        owner = tree[path]
        others = [r for r in group if not _is_outgoing(r, owner, local, synced)]
        for record in _with_own_bytes(owner, others):
            first = record_suffix(path, record.file_id)
            shown = replace(record, path=first)
            if first in tree and _is_outgoing(shown, tree[first], local, synced):
                continue
            beside = next(name for name in _names_beside(record) if name not in tree)
            tree[beside] = replace(record, path=beside)
    return tree


def stands_at(record: RemoteFile, path: str) -> bool:
    """Tell whether *path* is where a record shows, as owner or beside one."""
    beside = itertools.islice(_names_beside(record), FEW)
    return path in (record.path, *beside)


def age(file_id: str) -> tuple[int, str]:
    """Return a key that orders ids from old to new: numbers by value."""
    return (int(file_id), "") if file_id.isdecimal() else (-1, file_id)


def _names_beside(record: RemoteFile) -> Iterator[str]:
    """Yield the names for a record beside its own: the first that is free counts."""
    for number in itertools.count(1):
        yield record_suffix(record.path, record.file_id, number)


# Such a record was never available; any other unknown one may own its name still.
_NOT_YET = (Unknown.IN_FLIGHT, Unknown.UNPROVEN)


def _owner(group: list[RemoteFile], synced: SyncedFile | None) -> RemoteFile:
    standing = [
        record
        for record in group
        if record.unknown not in _NOT_YET
        or (synced is not None and record.file_id == synced.file_id)
    ]
    return max(standing or group, key=lambda record: age(record.file_id))


def _is_outgoing(
    record: RemoteFile,
    owner: RemoteFile,
    local: Mapping[str, LocalFile],
    synced: Mapping[str, SyncedFile],
) -> bool:
    """Tell whether this computer superseded a record, as far as can be known."""
    file, row = local.get(record.path), synced.get(record.path)
    if file is None or row is None or row.file_id != record.file_id:
        return False
    return file.unknown is not None or file.md5 == owner.md5


def _with_own_bytes(
    owner: RemoteFile, group: Iterable[RemoteFile]
) -> Iterator[RemoteFile]:
    """Yield, oldest first, the records whose bytes nothing before them shows."""
    seen = {owner.md5}
    for record in sorted(group, key=lambda record: age(record.file_id)):
        is_twin = record.unknown is None and record.md5 in seen
        if record.file_id != owner.file_id and not is_twin:
            seen.add(record.md5)
            yield record
