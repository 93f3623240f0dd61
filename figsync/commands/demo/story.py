"""What the demo shows, scene by scene; each scene checks what it claims."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from figsync.commands.demo.account import LINK
from figsync.commands.demo.compare import (
    api_files,
    checksums,
    differences,
    item_folders,
    record_differences,
)
from figsync.commands.demo.stage import TOKEN, Stage
from figsync.commands.demo.watching import running
from figsync.sync.loop import Report

MIB = 1 << 20
DROPPED = "Sonar survey"
PARTS = 3


def account_comes_down(stage: Stage) -> None:
    """Mirror an account of awkward items from nothing."""
    stage.say("The account has drafts, a public item with two versions, 25 files in")
    stage.say("nested folders, a title and a file name that attack, a linked file.")
    report = stage.sync()
    _in_sync(stage, report)
    found = record_differences(stage.root, stage.urls.api, TOKEN)
    stage.check("every item's record is the one the API gives", not found, found=found)
    shortcut = next(item_folders(stage.root)[stage.cast.linked].glob("*.url"), None)
    text = shortcut.read_text() if shortcut else ""
    stage.check(
        "the linked file is a shortcut to its address", LINK in text, found=text
    )
    folder = item_folders(stage.root)[stage.cast.hostile]
    claim = f"the hostile title is a folder like any: {folder.name!r}"
    stage.check(claim, folder.parent == stage.root)
    strangers = stage.strangers()
    stage.check("nothing was written beside the mirror", not strangers, found=strangers)


def folder_goes_up(stage: Stage) -> None:
    """Drop a large folder and have Figshare hash it."""
    stage.say(f"A folder of 25 MiB, {DROPPED!r}, is dropped into the mirror.")
    folder = stage.root / DROPPED
    (folder / "notes" / "day 1").mkdir(parents=True)
    (folder / "sonar.bin").write_bytes(stage.random.randbytes(25 * MIB - 20))
    (folder / "notes" / "day 1" / "log.txt").write_bytes(b"Calm sea, clear sky\n")
    report = stage.sync()
    _in_sync(stage, report)
    sent = stage.box.log.count("upload", "PUT", status=200)
    stage.check(f"the large file went in {PARTS} parts", sent == PARTS + 1, found=sent)
    item = _id_of(stage, DROPPED)
    records = api_files(stage.urls.api, TOKEN, item)
    proven = {name: record["computed_md5"] for name, record in records.items()}
    local = {Path(path).name: one for path, one in checksums(folder).items()}
    stage.check("Figshare computed the MD5s of the local files", proven == local)


def silence(stage: Stage) -> None:
    """Sync again and look at every request."""
    report = stage.sync()
    changes = stage.box.log.mutations()
    stage.check("a second sync changes nothing on Figshare", not changes, found=changes)
    moved = report.bytes_up + report.bytes_down
    stage.check("and moves no byte of a file", moved == 0, found=moved)


def edits_travel(stage: Stage) -> None:
    """Edit different files on both sides."""
    draft, nested = stage.cast.draft, stage.cast.nested
    stage.say("Here, methods.txt is rewritten; on the web, a reading is replaced,")
    stage.say("a file is added, and 'Field campaign' gets another title.")
    folders = item_folders(stage.root)
    edited = folders[draft] / "methods.txt"
    replaced = (folders[nested] / "east" / "day 1.csv").read_bytes()
    edited.write_bytes(b"Measured at dawn, 10 cm deep.\n")
    stage.web.replace_file(_file_id(stage, nested, "east/day 1.csv"), b"corrected\n")
    stage.web.add_file(nested, "summary.txt", b"All went well.\n", folder="east")
    stage.web.edit_item(nested, title="Field campaign 2024")
    report = stage.sync()
    _in_sync(stage, report)
    there = stage.web.tree(draft)["methods.txt"]
    stage.check(
        "Figshare has the edit made here", there == edited.read_bytes(), found=there
    )
    here = stage.root / "Field campaign 2024" / "east" / "day 1.csv"
    came = here.exists() and here.read_bytes() == b"corrected\n"
    stage.check("the edits made on the web are here, under the new title", came)
    kept = replaced in _trashed(stage)
    stage.check("what the web replaced is in the trash here", kept)


def deletions_travel(stage: Stage) -> None:
    """Delete files on both sides, and a draft on the web."""
    draft, outdated = stage.cast.draft, stage.cast.outdated
    stage.say("Here, raw/logger.bin is deleted (without the usual day of grace);")
    stage.say("on the web, readings.csv and the whole draft 'Old test upload' go.")
    folder = item_folders(stage.root)[draft]
    content = (folder / "readings.csv").read_bytes()
    (folder / "raw" / "logger.bin").unlink()
    stage.web.delete_file(_file_id(stage, draft, "readings.csv"))
    stage.web.delete_item(outdated)
    report = stage.sync()
    _in_sync(stage, report)
    left = list(stage.web.tree(draft))
    stage.check(
        "both files are gone from both sides", left == ["methods.txt"], found=left
    )
    gone = not (stage.root / "Old test upload").exists()
    stage.check("the deleted draft's folder is gone here", gone)
    kept = {content, b"Only a test.\n"} <= set(_trashed(stage))
    stage.check("the trash keeps what the web deleted", kept)


def trash_gives_back(stage: Stage) -> None:
    """Restore what the web deleted."""
    stage.say("The person wants readings.csv back.")
    draft = stage.cast.draft
    folder = item_folders(stage.root)[draft]
    stage.ask("trash restore", path=f"{folder.name}/readings.csv")
    _in_sync(stage, stage.sync())
    back = "readings.csv" in stage.web.tree(draft)
    stage.check("it is here again, and on Figshare too", back)


def both_edit(stage: Stage) -> None:
    """Make a conflict and resolve it."""
    stage.say("readings.csv is edited here and replaced on the web.")
    draft = stage.cast.draft
    path = item_folders(stage.root)[draft] / "readings.csv"
    mine, theirs = b"plot,water\n1,0.99\n", b"plot,water\n1,0.11\n"
    path.write_bytes(mine)
    stage.web.replace_file(_file_id(stage, draft, "readings.csv"), theirs)
    report = stage.sync()
    code = report.exit_code
    stage.check("sync says that it needs a person (exit code 4)", code == 4, found=code)
    copies = list(path.parent.glob("readings (conflict *).csv"))
    both = [path.read_bytes(), *(copy.read_bytes() for copy in copies)]
    stage.check("the web's file has the name", both[0] == theirs)
    stage.check("the local one lies beside it", both[1:] == [mine], found=copies)
    conflict = str(path.relative_to(stage.root))
    stage.ask("conflicts keep", which="local", path=conflict)
    _in_sync(stage, stage.sync())
    there = stage.web.tree(draft)["readings.csv"]
    stage.check("Figshare has the local version now", there == mine, found=there)


def nobody_calls(stage: Stage) -> None:
    """Let `figsync run` notice by itself what happens on both sides."""
    nested = stage.cast.nested
    stage.say("figsync run watches the folder, and asks Figshare every other second.")
    folder = item_folders(stage.root)[nested]
    with running(stage.config, TOKEN):
        seen = stage.comes_true(lambda: bool(stage.box.log.count("api", "GET")))
        stage.check("it looked at both sides when it started", seen)
        (folder / "diary.txt").write_bytes(b"Rain again.\n")
        arrived = stage.comes_true(
            lambda: stage.web.tree(nested).get("diary.txt") == b"Rain again.\n"
        )
        stage.check(
            "a file saved here is on Figshare, and nobody called figsync", arrived
        )
        stage.web.add_file(nested, "reply.txt", b"Take an umbrella.\n")
        came = stage.comes_true(lambda: (folder / "reply.txt").exists())
        stage.check("a file added on the web is here", came)
    odd = differences(stage.root, stage.web)
    stage.check("it was stopped, and both sides hold the same", not odd, found=odd)


def accident(stage: Stage) -> None:
    """Delete a whole item folder and think again."""
    nested = stage.cast.nested
    folder = item_folders(stage.root)[nested]
    before = checksums(folder)
    stage.say(f"The whole folder {folder.name!r} is deleted here.")
    shutil.rmtree(folder)
    report = stage.sync()
    stage.check("sync asks first (exit code 4)", report.exit_code == 4)
    sent = stage.box.log.mutations()
    there = len(stage.web.tree(nested))
    stage.check(f"Figshare still has all {there} files", not sent, found=sent)
    stage.ask("reject", all="yes")
    _in_sync(stage, stage.sync())
    stage.check("the folder is back as it was", checksums(folder) == before)


def second_computer(stage: Stage) -> None:
    """Mirror the same account once more, elsewhere."""
    stage.say("Another mirror of the account is made from nothing.")
    config = stage.second_computer()
    report = stage.sync(config)
    stage.check(
        "its first sync ends with 0", report.exit_code == 0, found=report.exit_code
    )
    here, there = checksums(stage.root), checksums(config.mirror.root)
    odd = sorted(p for p in here.keys() | there.keys() if here.get(p) != there.get(p))
    stage.check(f"both mirrors hold the same {len(here)} files", not odd, found=odd)


SCENES: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("The account comes down", account_comes_down),
    ("A dropped folder goes up", folder_goes_up),
    ("Nothing to do is nothing done", silence),
    ("Edits travel both ways", edits_travel),
    ("Deletions travel both ways", deletions_travel),
    ("The trash gives back", trash_gives_back),
    ("Both sides edit one file", both_edit),
    ("Nobody has to call it", nobody_calls),
    ("An accident is harmless", accident),
    ("A second computer", second_computer),
)


def _in_sync(stage: Stage, report: Report) -> None:
    """Check that the sync ended well and that both sides hold the same bytes."""
    odd = differences(stage.root, stage.web)
    odd += [held.reason for held in report.held]
    odd += [o.message for o in report.last().values() if o.result == "failed"]
    count = len(checksums(stage.root))
    claim = f"the exit code is 0, and {count} files have equal MD5s on both sides"
    stage.check(claim, report.exit_code == 0 and not odd, found=odd or report.exit_code)


def _id_of(stage: Stage, title: str) -> int:
    titles = {item: folder.name for item, folder in item_folders(stage.root).items()}
    return next(item for item, name in titles.items() if name == title)


def _file_id(stage: Stage, item: int, path: str) -> int:
    return next(file.id for file in stage.web.files(item) if file.path == path)


def _trashed(stage: Stage) -> list[bytes]:
    trash = stage.root / ".figsync" / "trash"
    return [path.read_bytes() for path in trash.rglob("*") if path.is_file()]
