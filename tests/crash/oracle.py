"""What must hold at the instant of a death, and after the recovery from it."""

from __future__ import annotations

import hashlib

from tests.crash.scene import Record, Scene
from tests.crash.stage import End, Scenario


def broken_at_once(
    scenario: Scenario, before: Scene, now: Scene, goal: Scene
) -> list[str]:
    """Return how the world at the instant of a death breaks promises 1 to 4 and 14."""
    return [
        *_half_files(before, now, goal),
        *_lost_bytes(scenario, before, now),
        *_lost_records(scenario, before, now),
        *_unproven(before, now),
        *(["something outside was changed"] if now.outside != before.outside else []),
    ]


def _half_files(before: Scene, now: Scene, goal: Scene) -> list[str]:
    """Promise 1: each path holds its complete old bytes or its complete new ones."""
    wrong = []
    folders = {path.partition("/")[0] for path in goal.tree}
    for path in sorted(before.tree | now.tree | goal.tree):
        whole = [before.tree.get(path), goal.tree.get(path)]
        folder, _, below = path.partition("/")
        if "(conflict)" in path:
            # The record itself stands there for an instant, until one swap.
            whole += goal.tree.values()
        elif folder not in folders:
            # A folder that is to be renamed has its new files before its new name.
            whole += [goal.tree.get(f"{other}/{below}") for other in folders]
        if now.tree.get(path) not in whole:
            wrong.append(f"{path} holds {now.tree.get(path)!r}, neither old nor new")
    return wrong


def _lost_bytes(scenario: Scenario, before: Scene, now: Scene) -> list[str]:
    """Promise 2: no local byte goes but to the trash."""
    kept = before.tree.values() if scenario.expires else before.contents()
    lost = set(kept) - now.contents()
    return [f"{content!r} is neither in the tree nor in the trash" for content in lost]


def _lost_records(scenario: Scenario, before: Scene, now: Scene) -> list[str]:
    """Promise 3: a record goes only for a proven successor, another copy, a person."""
    proven = [record for record in now.records.values() if _is_proven(record)]
    local = {_md5(content) for content in now.tree.values()}
    good = {(r.item, r.path) for r in proven if r.md5 in local}
    copies = {record.md5 for record in proven}
    lost = []
    for file_id in before.records.keys() - now.records.keys():
        record = before.records[file_id]
        title = before.titles[record.item]
        has_reason = (title, record.path) in scenario.lost or record.md5 in copies
        succeeded = (record.item, record.path) in good
        if _is_proven(record) and not succeeded and not has_reason:
            lost.append(f"{title}/{record.path} is gone from Figshare without a reason")
    return lost


def _unproven(before: Scene, now: Scene) -> list[str]:
    """Promise 4: what is called synced is proven."""
    wrong = []
    for where, (file_id, md5) in now.synced.items():
        if before.synced.get(where) == (file_id, md5):
            continue
        record = now.records.get(int(file_id))
        is_link = record is not None and "://" in record.md5
        if record is None or not (_is_proven(record) and record.md5 == md5 or is_link):
            wrong.append(f"{where} is called synced with {file_id}, unproven: {record}")
    return wrong


def broken_in_the_end(
    scenario: Scenario, died: Scene, goal: End, end: End
) -> list[str]:
    """Return how a recovery did not lead to where an undisturbed sync leads."""
    now, wanted = end.scene, goal.scene
    broken = [
        f"{what} differs: {here!r}, undisturbed {there!r}"
        for what, here, there in (
            ("the folder", now.tree, wanted.tree),
            ("Figshare", now.shared, wanted.shared),
            ("status", end.status, goal.status),
            ("the exit code", end.exit_code, goal.exit_code),
            ("the set of item records", now.own_records, wanted.own_records),
            ("what is called synced", _agreed(now), _agreed(wanted)),
        )
        if here != there
    ]
    if end.restless:
        broken.append(f"a further sync {end.restless}")
    if now.temp:
        broken.append(f"temporary files are left: {now.temp}")
    if lost := set(wanted.trash) - set(now.trash):
        broken.append(f"not in the trash: {lost!r}")
    return broken + _sent_twice(scenario, died, goal, end)


def _agreed(scene: Scene) -> list[tuple[str, str, str]]:
    titles = {str(item): title for item, title in scene.titles.items()}
    return sorted(
        (titles.get(item, "gone"), path, md5)
        for (item, path), (_, md5) in scene.synced.items()
    )


def _sent_twice(scenario: Scenario, died: Scene, goal: End, end: End) -> list[str]:
    """Promise 10: the same record goes on with the missing parts alone."""
    if scenario.again:
        return []
    tokens = {record.token: record.id for record in died.records.values()}
    whole = {
        record.id for record in died.records.values() if record.status != "created"
    }
    twice = [
        f"part {number} of record {tokens[token]} was sent twice"
        for token, number in sorted(end.sent)
        if token in tokens
        and (tokens[token] in whole or (tokens[token], number) in died.parts)
    ]
    if end.scene.begun != goal.scene.begun:
        twice.append(f"begun were {end.scene.begun}, undisturbed {goal.scene.begun}")
    return twice


def _is_proven(record: Record) -> bool:
    return record.status == "available"


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
