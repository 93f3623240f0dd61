"""An explanation as a page for people, or as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator

from figsync.commands.show import iso, plural, size_text, when_text
from figsync.model import LocalFile, Mode, Presence, RemoteFile, SyncedFile
from figsync.naming import shown
from figsync.state import HistoryRow
from figsync.sync import words
from figsync.sync.inquiry import Inquiry
from figsync.sync.subject import Setting, Sides
from figsync.sync.why import Explanation, Step

MOST_NUMBERS = 5


def page(found: Inquiry, said: Explanation) -> Iterator[str]:
    """Yield the lines that people read."""
    subject = found.subject
    yield shown(subject.path)
    if subject.setting.item_id:
        yield _line("Item", _item(subject.setting))
    if subject.sides is not None:
        yield from _sides(found, subject.sides)
    if subject.below is not None:
        names = ("Here", "Figshare", "Synced")
        for name, count in zip(names, subject.below, strict=True):
            dated = _as_of(found) if name == "Figshare" else ""
            yield _line(name, plural(count, "file") + dated)
    if said.rule:
        yield _line("Rule", said.rule)
    for step in said.steps:
        yield _line("Decision", _step(step))
        if step.remedy:
            yield _line("You can", step.remedy)
    for note in said.notes:
        yield _line("Note", note)
    for row in found.history:
        yield _line("History", f"{when_text(row.at)}  {_operation(row)}")


def _line(name: str, text: str) -> str:
    return f"{name + ':':<10} {shown(text)}"


def _item(setting: Setting) -> str:
    told = [f"{setting.item_id}"]
    if setting.title:
        told.append(f'"{setting.title}"')
    if setting.presence is Presence.LISTED:
        told.append("public" if setting.is_public else "a draft")
    if setting.mode not in (None, Mode.MIRRORED):
        told.append(str(setting.mode))
    return ", ".join(told)


def _sides(found: Inquiry, sides: Sides) -> Iterator[str]:
    yield _line("Here", _local(found, sides.local))
    yield _line("Figshare", _remote(sides.remote) + _as_of(found))
    yield _line("Synced", _synced(found, sides.synced))


def _local(found: Inquiry, file: LocalFile | None) -> str:
    if found.subject.stopped:
        return "not looked at"
    if file is None:
        missed = f", missed since {when_text(found.missed)}" if found.missed else ""
        return f"not here{missed}"
    if not file.stat.mtime_ns:
        return f"not looked at: {file.unknown}"
    changed = when_text(file.stat.mtime_ns / 1e9)
    return f"{size_text(file.size)}{_md5(file.md5)}, changed {changed}"


def _remote(record: RemoteFile | None) -> str:
    if record is None:
        return "not there"
    if record.link:
        return f"a link to {record.link}, record {record.file_id}"
    return f"{size_text(record.size)}{_md5(record.md5)}, record {record.file_id}"


def _synced(found: Inquiry, row: SyncedFile | None) -> str:
    if row is None:
        return "never, as far as is known"
    since = f", since {when_text(found.agreed)}" if found.agreed else ""
    return f"{size_text(row.size)}{_md5(row.md5)}, record {row.file_id}{since}"


def _md5(md5: str) -> str:
    return f", MD5 {md5}" if md5 else ""


def _as_of(found: Inquiry) -> str:
    return f" (as of {when_text(found.as_of)})" if found.as_of else " (never asked)"


def _step(step: Step) -> str:
    what = words.to_do(step.kind)
    if step.path:
        what = f"{what} {step.path}"
    if step.target:
        moved = "as it moved to" if step.kind == "DeleteRemote" else "to"
        what = f"{what}, {moved} {step.target}"
    if step.count > 1:
        what = f"{what} ({plural(step.count, 'file')})"
    match step.standing:
        case "next":
            return f"{what}, in the next sync"
        case "held":
            return f"{what}: held for you{_numbers(step)}: {step.reason}"
        case "listed":
            return f"{what}: left alone: {step.reason}"
        case "waiting":
            until = when_text(step.until)
            waits = f"waits until {until}" if until else "waits for the next sync"
            return f"{what}: {waits}: {step.reason}"


def _numbers(step: Step) -> str:
    if not step.numbers:
        return ""
    first = ", ".join(str(number) for number in step.numbers[:MOST_NUMBERS])
    more = len(step.numbers) - MOST_NUMBERS
    return f" as {first}" + (f" and {more:,} more" if more > 0 else "")


def _operation(row: HistoryRow) -> str:
    if row.result == "done":
        told = words.done(row.action)
    else:
        told = f"{row.result}, {words.to_do(row.action)}: {row.message}"
    return f"{told}: {row.path}"


def as_json(found: Inquiry, said: Explanation) -> dict[str, object]:
    """Return the explanation as programs read it."""
    subject, sides = found.subject, found.subject.sides
    setting = subject.setting
    told: dict[str, object] = {
        "path": subject.path,
        "item_id": setting.item_id,
        "folder": setting.folder,
        "title": setting.title,
        "mode": str(setting.mode) if setting.mode else None,
        "presence": str(setting.presence) if setting.presence else None,
        "as_of": iso(found.as_of),
        "rule": said.rule,
        "decisions": [_json_step(step) for step in said.steps],
        "notes": list(said.notes),
        "conflict_copies": list(subject.copies),
        "history": [_json_row(row) for row in found.history],
    }
    if sides is not None:
        told["local"] = _json_local(found, said, sides.local)
        told["remote"] = _json_remote(said, sides.remote)
        told["synced"] = _json_synced(found, sides.synced)
    if subject.below is not None:
        counts = zip(("local", "remote", "synced"), subject.below, strict=True)
        told["files"] = dict(counts)
    return told


def _json_local(
    found: Inquiry, said: Explanation, file: LocalFile | None
) -> dict[str, object]:
    change = {"change": said.local.value if said.local else None}
    if file is None:
        return {**change, "is_here": False, "missed_since": iso(found.missed)}
    return {
        **change,
        "is_here": True,
        "bytes": file.size,
        "md5": file.md5,
        "modified": iso(file.stat.mtime_ns / 1e9),
        "unknown": str(file.unknown) if file.unknown else "",
        "not_uploadable": file.refusal,
    }


def _json_remote(said: Explanation, record: RemoteFile | None) -> dict[str, object]:
    change = {"change": said.remote.value if said.remote else None}
    if record is None:
        return {**change, "is_there": False}
    return {
        **change,
        "is_there": True,
        "bytes": record.size,
        "md5": record.md5,
        "file_id": record.file_id,
        "unknown": str(record.unknown) if record.unknown else "",
    }


def _json_synced(found: Inquiry, row: SyncedFile | None) -> dict[str, object] | None:
    if row is None:
        return None
    return {
        "bytes": row.size,
        "md5": row.md5,
        "file_id": row.file_id,
        "since": iso(found.agreed),
    }


def _json_step(step: Step) -> dict[str, object]:
    return {
        "kind": step.kind,
        "files": step.count,
        "result": step.standing,
        "reason": step.reason,
        "until": iso(step.until),
        "ids": list(step.numbers),
        "path": step.path,
        "target": step.target,
        "remedy": step.remedy,
    }


def _json_row(row: HistoryRow) -> dict[str, object]:
    return {
        "at": iso(row.at),
        "kind": row.action,
        "path": row.path,
        "result": row.result,
        "message": row.message,
    }
