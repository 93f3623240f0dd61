"""What must neither hold the daemon up, nor keep who asks waiting, nor grow."""

from __future__ import annotations

import json
import sqlite3
import threading
import tracemalloc
from contextlib import closing

import pytest

from figsync.clock import SystemClock
from figsync.daemon.inbox import Ask, Due, Inbox, Look, Told, Wake
from figsync.disk import Disk
from figsync.lock import OWNER
from figsync.sync.activity import Phase
from tests.daemon.house import PATIENCE, House, Running, wait_for
from tests.daemon.test_life import BIG, Reply, ask, is_phase, own_threads


def test_who_waits_does_not_put_off_a_pause(house: House) -> None:
    house.box.switches.upload_latency = 0.3
    house.drop("Big/file.bin", BIG)
    with house.daemon() as running:
        waiting = ask(running, "wait")
        wait_for(lambda: any("PUT" in m for m in house.mutations()))
        ask(running, "pause").end()
        assert house.remote() == {}
        assert waiting.end()["paused"] is True


def test_a_sync_that_was_asked_for_before_does_not_put_off_a_pause(
    house: House,
) -> None:
    house.box.switches.upload_latency = 1.0
    house.drop("Big/file.bin", BIG)
    with house.daemon() as running:
        wait_for(lambda: any("PUT" in m for m in house.mutations()))
        syncing = ask(running, "sync")
        ask(running, "pause").end()
        assert not any("end" in told for told in syncing.told)
        house.box.switches.upload_latency = 0
        assert syncing.end()["code"] == 0


def test_a_file_that_takes_long_to_read_is_read_to_its_end(house: House) -> None:
    house.longest_cycle = 0.2
    house.configure(mirror__direction="pull")  # it is read, and not sent
    with house.daemon() as running:
        assert running.daemon is not None
        ask(running, "sync").end()
        with house.drop("Big/file.bin", "").open("r+b") as file:
            file.truncate(1 << 30)
        ends = SystemClock().monotonic() + PATIENCE
        while not is_hashed(house, "Big", "file.bin"):
            assert SystemClock().monotonic() < ends, "it is read again and again"
            running.daemon.put(Due("pull"))
            SystemClock().wait(0.1)


def is_hashed(house: House, folder: str, path: str) -> bool:
    with house.state() as state:
        known = state.files.local_file(folder, path)
        return known is not None and bool(known.md5)


class Preempted(SystemClock):
    """The thread that parks it is put off by the system right after."""

    def park(self) -> None:
        super().park()
        threading.Event().wait(0.5)


def test_a_pause_is_not_put_off_by_the_thread_that_asks(house: House) -> None:
    house.box.switches.upload_latency = 0.3
    house.drop("Big/file.bin", BIG)
    running = Running(house)
    running.clock = Preempted()
    running.start()
    try:
        wait_for(lambda: any("PUT" in m for m in house.mutations()))
        ask(running, "pause").end()
        assert house.remote() == {}
    finally:
        running.stop()


def test_a_pause_waits_for_no_file_that_is_being_read(house: House) -> None:
    house.box.switches.quota = 1 << 40
    with house.drop("Big/file.bin", "").open("r+b") as file:
        file.truncate(200 << 30)  # no computer reads that within our patience
    with house.daemon() as running:
        looking = ask(running, "sync")
        wait_for(lambda: {"phase": "Looking at files"} in looking.told)
        ask(running, "pause").end()


class Dawdler(Reply):
    """Somebody whose answer takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.goes_on = threading.Event(), threading.Event()

    def tell(self, told: Told) -> None:
        super().tell(told)
        self.begun.set()
        assert self.goes_on.wait(PATIENCE)


def test_all_who_asked_hear_that_the_root_is_lost(house: House) -> None:
    with house.daemon() as running:
        wait_for(lambda: is_phase(house, Phase.IDLE))
        assert running.daemon is not None
        dawdler = Dawdler()
        running.daemon.put(Ask("resume", {}, dawdler.tell))
        assert dawdler.begun.wait(PATIENCE)
        replies = [ask(running, "sync") for _ in range(3)]
        house.root.rename(house.folder / "unplugged")
        dawdler.goes_on.set()
        for reply in replies:
            assert "error" in reply.end()


def test_what_changes_in_the_root_and_is_of_no_concern_asks_nobody(
    house: House,
) -> None:
    house.configure(mirror__loose_files="ignore")
    with house.daemon() as running:
        wait_for(lambda: is_phase(house, Phase.IDLE))
        ask(running, "sync").end()
        before = house.requests()
        for number in range(3):
            house.drop("program.log", "line\n" * number)
            SystemClock().wait(0.7)
        assert house.requests() == before
        house.drop(".figsyncignore", "*.tmp")
        house.drop("Soil/a.tmp", "scratch")
        house.drop("Soil/a.csv", "depth")
        wait_for(lambda: house.remote() == {"Soil/a.csv": b"depth"})


def test_another_host_that_took_the_mirror_over_is_left_alone(house: House) -> None:
    with house.daemon() as running:
        wait_for(lambda: is_phase(house, Phase.IDLE))
        disk = Disk(house.root, clock=SystemClock())
        other = {"host": "another host", "pid": 7, "at": SystemClock().now()}
        disk.write_own(OWNER, json.dumps(other).encode())
        said = [ask(running, "sync").end() for _ in range(2)]
        assert all("another host" in str(one["error"]) for one in said), said
        house.drop("Soil/a.csv", "depth")
        SystemClock().wait(1.0)
    assert house.remote() == {}
    assert json.loads(disk.read_own(OWNER) or b"") == other


def test_a_mirror_that_can_not_be_opened_leaves_no_thread_behind(house: House) -> None:
    with house.daemon():
        wait_for(lambda: is_phase(house, Phase.IDLE))
    with closing(sqlite3.connect(house.database)) as database:
        # Any error of the state would do, at that very moment.
        database.execute(
            "CREATE TRIGGER full BEFORE INSERT ON settings WHEN NEW.name = 'jobs'"
            " BEGIN SELECT RAISE(FAIL, 'the disk is full'); END"
        )
        database.execute("DELETE FROM settings WHERE name = 'jobs'")
        database.commit()
    before = set(threading.enumerate())
    with pytest.raises(sqlite3.IntegrityError):
        Running(house).start()
    wait_for(lambda: not own_threads() - before)


class TestTheInbox:
    def test_holds_each_folder_once_however_often_it_changed(self) -> None:
        inbox = Inbox()
        tracemalloc.start()
        try:
            before, _ = tracemalloc.get_traced_memory()
            for number in range(100_000):
                inbox.put(Look(f"Soil {number % 2}"))
            after, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert after - before < 100_000
        assert inbox.take(0) == [Look("Soil 0"), Look("Soil 1")]

    def test_takes_a_folder_that_changed_again(self) -> None:
        inbox = Inbox()
        for _ in range(2):
            inbox.put(Look("Soil"))
            inbox.put(Wake())
            assert inbox.take(0) == [Look("Soil"), Wake()]
