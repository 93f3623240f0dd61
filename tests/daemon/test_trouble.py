"""What must neither hold the daemon up, nor keep who asks waiting, nor grow."""

from __future__ import annotations

import threading
import tracemalloc

from figsync.clock import SystemClock
from figsync.daemon.inbox import Ask, Inbox, Look, Told, Wake
from figsync.sync.activity import Phase
from tests.daemon.house import PATIENCE, House, wait_for
from tests.daemon.test_life import BIG, Reply, ask, is_phase


def test_who_waits_does_not_put_off_a_pause(house: House) -> None:
    house.box.switches.upload_latency = 0.3
    house.drop("Big/file.bin", BIG)
    with house.daemon() as running:
        waiting = ask(running, "wait")
        wait_for(lambda: any("PUT" in m for m in house.mutations()))
        ask(running, "pause").end()
        assert house.remote() == {}
        assert waiting.end()["paused"] is True


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
