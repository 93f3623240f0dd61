"""What a daemon lives through: pauses, signals, lost disks, other configurations."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import threading

import pytest

from figsync.clock import SystemClock
from figsync.daemon.inbox import Ask, Due, Look, Reload, Told
from figsync.disk import Disk
from figsync.errors import MirrorOwned, WrongUsage
from figsync.lock import is_owned
from figsync.sandbox import Fault
from figsync.sync.activity import Phase
from tests.daemon.house import (
    PATIENCE,
    House,
    Running,
    figsync_run,
    wait_for,
)

BIG = bytes(range(256)) * 4096  # 1 MiB


class Reply:
    """What a daemon tells who asked."""

    def __init__(self) -> None:
        self.told: list[Told] = []
        self._ended = threading.Event()

    def tell(self, told: Told) -> None:
        self.told.append(told)
        if told.get("end"):
            self._ended.set()

    def end(self) -> Told:
        assert self._ended.wait(PATIENCE), f"no end: {self.told}"
        return self.told[-1]


def ask(running: Running, verb: str, **words: str) -> Reply:
    reply = Reply()
    assert running.daemon is not None
    running.daemon.put(Ask(verb, words, reply.tell))
    return reply


def is_phase(house: House, phase: Phase) -> bool:
    activity = house.activity()
    return activity is not None and activity.phase is phase


class TestStarting:
    def test_a_second_daemon_is_refused(self, house: House) -> None:
        with house.daemon(), pytest.raises(MirrorOwned):
            Running(house).start()

    def test_a_second_one_says_nothing_of_the_port_of_the_first(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            with house.daemon():
                house.configure(metrics__port=port)
                with pytest.raises(MirrorOwned):
                    Running(house).start()
        assert [r for r in caplog.records if r.levelname == "WARNING"] == []

    def test_a_root_that_can_be_none_is_told(self, house: House) -> None:
        house.root.write_text("a file")
        with pytest.raises(WrongUsage, match="must be a folder"):
            Running(house).start()


class TestStopping:
    def test_in_the_midst_of_a_transfer_continues_in_the_next(
        self, house: House
    ) -> None:
        house.box.switches.upload_latency = 0.2
        house.drop("Big/file.bin", BIG)
        with house.daemon():
            wait_for(lambda: any("PUT" in m for m in house.mutations()))
        house.box.switches.upload_latency = 0
        with house.daemon():
            wait_for(lambda: house.remote() == {"Big/file.bin": BIG})
            wait_for(house.agreed)

    def test_leaves_no_thread_behind(self, house: House) -> None:
        before = set(threading.enumerate())
        with house.daemon():
            wait_for(lambda: is_phase(house, Phase.IDLE))
        wait_for(lambda: not own_threads() - before)


def own_threads() -> set[threading.Thread]:
    return {t for t in threading.enumerate() if not t.name.startswith("waitress")}


class TestPausing:
    def test_keeps_everything_until_it_is_resumed(self, house: House) -> None:
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            ask(running, "pause").end()
            wait_for(lambda: is_phase(house, Phase.PAUSED))
            before = house.requests()
            house.drop("Soil/a.csv", "depth")
            assert running.daemon is not None
            running.daemon.put(Due("pull"))
            running.daemon.put(Look("Soil"))
            SystemClock().wait(1.0)
            assert house.requests() == before
            assert ask(running, "resume").end()["was_paused"] is True
            wait_for(lambda: house.remote() == {"Soil/a.csv": b"depth"})

    def test_parks_a_transfer_at_once(self, house: House) -> None:
        house.box.switches.upload_latency = 0.3
        house.drop("Big/file.bin", BIG)
        with house.daemon() as running:
            wait_for(lambda: any("PUT" in m for m in house.mutations()))
            ask(running, "pause").end()
            assert house.remote() == {}
            house.box.switches.upload_latency = 0
            ask(running, "resume").end()
            wait_for(lambda: house.remote() == {"Big/file.bin": BIG})

    def test_ends_by_itself(self, house: House) -> None:
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            until = SystemClock().now() + 0.5
            ask(running, "pause", until=str(until)).end()
            house.drop("Soil/a.csv", "depth")
            wait_for(lambda: house.remote() == {"Soil/a.csv": b"depth"})
            assert SystemClock().now() >= until


class TestALostRoot:
    def test_is_waited_for_and_nothing_is_deleted(self, house: House) -> None:
        house.drop("Soil/a.csv", "depth")
        away = house.folder / "unplugged"
        with house.daemon() as running:
            wait_for(house.agreed)
            before = house.mutations()
            house.root.rename(away)
            answer = ask(running, "sync").end()
            assert "error" in answer, answer
            away.rename(house.root)
            assert house.mutations() == before
        with house.daemon():
            house.drop("Soil/b.csv", "more")
            wait_for(lambda: len(house.remote()) == 2)

    def test_that_is_back_is_looked_for_when_somebody_asks(self, house: House) -> None:
        house.drop("Soil/a.csv", "depth")
        away = house.folder / "unplugged"
        with house.daemon() as running:
            wait_for(house.agreed)
            for _ in range(2):
                house.root.rename(away)
                assert "not there" in ask(running, "sync").end()["error"]
                away.rename(house.root)
                assert ask(running, "sync").end()["code"] == 0

    def test_that_is_back_is_synced_at_once(self, house: House) -> None:
        house.drop("Soil/a.csv", "depth")
        away = house.folder / "unplugged"
        with house.daemon() as running:
            wait_for(house.agreed)
            house.root.rename(away)
            assert "error" in ask(running, "sync").end()
            away.rename(house.root)
            house.drop("Soil/b.csv", "more")
            assert ask(running, "resume").end()["was_paused"] is False
            wait_for(house.agreed, "the new file", seconds=20)

    def test_that_is_emptied_deletes_nothing(self, house: House) -> None:
        for number in range(3):
            house.drop(f"Soil/{number}.csv", f"depth {number}")
        with house.daemon() as running:
            wait_for(house.agreed)
            before = house.mutations()
            shutil.rmtree(house.root / "Soil")
            assert "code" in ask(running, "sync").end()
            assert house.mutations() == before


class TestAnotherConfiguration:
    def test_is_taken_over(self, house: House) -> None:
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            house.configure(mirror__ignore="*.tmp")
            assert running.daemon is not None
            running.daemon.put(Reload())
            wait_for(lambda: is_phase(house, Phase.IDLE))
            ask(running, "sync").end()
            house.drop("Soil/a.tmp", "scratch")
            house.drop("Soil/a.csv", "depth")
            wait_for(lambda: house.remote() == {"Soil/a.csv": b"depth"})

    def test_that_is_the_same_is_told_and_the_process_is_as_old_as_before(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("INFO", logger="figsync")
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            before = house.activity()
            assert running.daemon is not None
            running.daemon.put(Reload())
            ask(running, "sync").end()
            after = house.activity()
        assert "Read the configuration: nothing in it changed" in caplog.messages
        assert before is not None
        assert after is not None
        assert after.since == before.since

    def test_a_token_stored_in_place_of_a_refused_one_is_taken(
        self, house: House, caplog: pytest.LogCaptureFixture
    ) -> None:
        house.drop("Soil/a.csv", "depth")
        house.token, right = "refused", house.token
        with house.daemon() as running:
            assert ask(running, "sync").end()["code"] == 6
            house.token = right
            assert ask(running, "sync").end()["code"] == 0
            assert house.agreed()
        assert right not in caplog.text

    @pytest.mark.parametrize(
        ("keys", "named"),
        [
            ({"mirror__root": "/elsewhere"}, "mirror.root"),
            ({"schedule__settle": "soon"}, "settle"),
        ],
    )
    def test_that_can_not_be_changes_nothing(
        self,
        house: House,
        caplog: pytest.LogCaptureFixture,
        keys: dict[str, str],
        named: str,
    ) -> None:
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            house.configure(**keys)
            assert running.daemon is not None
            running.daemon.put(Reload())
            wait_for(lambda: named in caplog.text)
            house.drop("Soil/a.csv", "depth")
            wait_for(lambda: house.remote() == {"Soil/a.csv": b"depth"})


class TestAsking:
    def test_a_sync_is_answered_with_its_report(self, house: House) -> None:
        with house.daemon() as running:
            house.drop("Soil/a.csv", "depth")
            report = ask(running, "sync").end()
            assert report["code"] == 0, report
            assert house.remote() == {"Soil/a.csv": b"depth"}

    def test_what_figshare_refuses_is_told(self, house: House) -> None:
        with house.daemon() as running:
            wait_for(lambda: is_phase(house, Phase.IDLE))
            house.box.fail_next(Fault(path="/account", status=503, times=1000))
            answer = ask(running, "sync").end()
            assert answer["code"] == 6, answer
            house.box.world.faults.clear()
            assert ask(running, "sync").end()["code"] == 0


class TestAnotherProcess:
    """The whole program, as a service manager runs it."""

    def is_up(self, house: House, process: subprocess.Popen[str]) -> bool:
        activity = house.activity() if house.database.exists() else None
        return activity is not None and activity.pid == process.pid

    def test_killed_the_next_one_converges(self, house: House) -> None:
        house.box.switches.upload_latency = 0.2
        with figsync_run(house) as process:
            wait_for(lambda: self.is_up(house, process))
            house.drop("Big/file.bin", BIG)
            wait_for(lambda: any("PUT" in m for m in house.mutations()))
            process.send_signal(signal.SIGKILL)
            process.wait()
        house.box.switches.upload_latency = 0
        with figsync_run(house) as process:
            wait_for(lambda: house.remote() == {"Big/file.bin": BIG})
            wait_for(house.agreed)
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_well(self, house: House, number: signal.Signals) -> None:
        with figsync_run(house) as process:
            wait_for(lambda: self.is_up(house, process))
            process.send_signal(number)
            assert process.wait(PATIENCE) == 0
        disk = Disk(house.root, clock=SystemClock())
        assert not is_owned(disk, SystemClock())

    def test_hangup_reads_the_configuration_again(self, house: House) -> None:
        with figsync_run(house) as process:
            wait_for(lambda: self.is_up(house, process))
            house.configure(schedule__settle="nonsense")
            process.send_signal(signal.SIGHUP)
            wait_for(lambda: "stays as it was" in house.log())
            assert "settle" in house.log()
            process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE) == 0

    def test_a_wrong_configuration_ends_it_with_2(self, house: House) -> None:
        house.configure(schedule__settle="nonsense")
        with figsync_run(house) as process:
            process.wait(PATIENCE)
        assert process.returncode == 2
        assert "settle" in house.log()
        assert "Traceback" not in house.log()
