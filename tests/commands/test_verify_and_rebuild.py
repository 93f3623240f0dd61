"""`verify` and `rebuild` as a person calls them: lines, JSON, codes."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing

from figsync.clock import SystemClock
from figsync.disk import Disk
from figsync.model import LocalFile
from figsync.state import KnownFile, State
from tests.commands.desk import Desk, everything_below


def synced(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "1,2")
    desk.drop("Soil cores/b.csv", "3,4")
    desk.ok("sync")
    desk.ok("sync")


def rot(desk: Desk) -> None:
    """Change a byte and have the state take file and time for the known ones."""
    path = desk.root / "Soil cores/a.csv"
    known = path.stat()
    path.write_text("1,3")
    os.utime(path, ns=(known.st_atime_ns, known.st_mtime_ns))

    clock = SystemClock()
    stat = Disk(desk.root, clock=clock).stat("Soil cores/a.csv")
    assert stat is not None
    with State.open(desk.config.database, clock=clock) as state:
        row = state.files.local("Soil cores")["a.csv"]
        file = LocalFile("a.csv", stat, row.md5)
        state.files.save_local("Soil cores", [KnownFile(file, row.hashed_at, 0.0)])


def test_nothing_to_tell(desk: Desk) -> None:
    synced(desk)

    assert desk.ok("verify") == "Read 2 files (6 bytes) of 1 item: 0 differences.\n"
    assert desk.ok("verify", "--remote") == desk.ok("verify")
    told = desk.json("verify", "Soil cores")
    assert (told["items"], told["files"], told["bytes"]) == (1, 2, 6)
    assert (told["differences"], told["exit_code"]) == ([], 0)


def test_rot_is_named_and_mended_without_a_byte_lost(desk: Desk) -> None:
    synced(desk)
    rot(desk)
    before = everything_below(desk.root)

    result = desk.call("verify", "--remote")
    assert everything_below(desk.root) == before
    mended = desk.call("verify", "--repair")

    assert result.exit_code == 1
    line, total = result.stdout.splitlines()
    assert line.startswith(
        "changed-silently [disk | state] Soil cores/a.csv: its bytes"
    )
    assert line.endswith("keep this one beside it as a conflict copy")
    assert total.endswith("of 1 item: 1 difference, 1 of them safe to --repair.")
    assert mended.exit_code == 0
    assert mended.stdout.endswith("Repaired: 1; `figsync sync` goes on from there.\n")
    assert desk.call("sync").exit_code == 4
    assert sorted(desk.tree().values()) == ["1,2", "1,3", "3,4"]
    assert desk.tree()["Soil cores/a.csv"] == "1,2"


def test_what_a_person_has_to_settle_is_code_4(desk: Desk) -> None:
    synced(desk)
    (desk.root / "Soil cores/b.csv").unlink()

    result = desk.call("verify", "--repair", "--json")

    assert result.exit_code == 4
    assert '"kind": "missing"' in result.stdout
    assert '"needs_person": true' in result.stdout


def test_with_a_running_owner_the_repair_is_left_to_it(desk: Desk) -> None:
    synced(desk)
    (desk.root / "Soil cores/.figshare/record.json").unlink()

    with desk.owned_elsewhere():
        result = desk.call("verify", "--repair")
        assert "Asked the running figsync" in result.stdout
    desk.ok("sync")

    assert desk.ok("verify")
    assert desk.json("verify")["differences"] == []


def test_a_damaged_database_is_named_and_set_aside(desk: Desk) -> None:
    synced(desk)
    with closing(sqlite3.connect(desk.config.database)) as db, db:
        db.execute("UPDATE synced_files SET size = 9 WHERE path = 'a.csv'")

    result = desk.call("verify")
    mended = desk.call("verify", "--repair")

    assert result.exit_code == 1
    assert result.stdout.startswith("damaged-state [state] table synced_files, row ")
    assert mended.exit_code == 0
    assert "set aside as state.db.damaged-" in mended.stdout
    desk.ok("sync")
    desk.ok("verify", "--remote")


def test_a_database_that_can_not_be_opened_is_named_too(desk: Desk) -> None:
    synced(desk)
    desk.config.database.write_bytes(b"garbage" * 1000)

    assert desk.call("verify").stdout.startswith("damaged-state [state]")
    assert desk.call("verify", "--repair").exit_code == 0
    desk.ok("sync")
    desk.ok("verify")


def test_an_unknown_folder_is_wrong_usage(desk: Desk) -> None:
    synced(desk)

    result = desk.call("verify", "Soil corse")

    assert result.exit_code == 2
    assert "Soil corse: no folder or item has this name" in result.stderr


def test_before_the_first_sync_there_is_nothing_to_verify(desk: Desk) -> None:
    for verb in (["verify"], ["rebuild", "--yes"]):
        result = desk.call(*verb)

        assert result.exit_code == 2
        assert "nothing was synced yet" in result.stderr
    assert not desk.config.database.exists()


def test_a_rebuild_asks_and_transfers_nothing(desk: Desk) -> None:
    synced(desk)
    before = desk.config.database.read_bytes()
    desk.box.log.clear()

    refused = desk.call("rebuild")
    assert refused.exit_code == 2
    assert "give --yes to rebuild it" in refused.stderr
    assert desk.config.database.read_bytes() == before
    told = desk.ok("rebuild", "--yes")

    assert not desk.box.log.mutations()
    (aside,) = desk.config.database.parent.glob("state.db.before-rebuild-*Z")
    assert f"set aside as {aside}" in told
    assert desk.json("status")["files"] == 2


def test_a_rebuild_forgets_what_waited_to_be_deleted(desk: Desk) -> None:
    desk.configure(deletions__grace="24h")
    synced(desk)
    (desk.root / "Soil cores/a.csv").unlink()
    desk.call("sync")
    desk.call("sync")

    desk.ok("rebuild", "--yes")

    assert desk.tree()["Soil cores/a.csv"] == "1,2"
    assert desk.json("held") == []
    assert not desk.box.log.find(method="DELETE")


def test_a_rebuild_beside_a_running_owner_is_refused(desk: Desk) -> None:
    synced(desk)

    with desk.owned_elsewhere():
        assert desk.call("rebuild", "--yes").exit_code == 5
    assert not list(desk.config.database.parent.glob("*before-rebuild*"))


def test_a_rebuild_without_a_token_sets_nothing_aside(desk: Desk) -> None:
    synced(desk)
    folder = desk.config.database.parent
    desk.token_path.unlink()

    assert desk.call("rebuild", "--yes").exit_code == 2
    assert not list(folder.glob("*before-rebuild*"))
