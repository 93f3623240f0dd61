"""Where events can not be relied on, the watch says so and lets others poll."""

from __future__ import annotations

import errno
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from watchdog.events import FileSystemEventHandler
from watchdog.observers.inotify_c import Mask
from watchdog.observers.inotify_c import Watch as KernelWatch

from figsync.watch import Watch, Watching
from figsync.watch.drives import network_drive
from figsync.watch.observer import (
    ROOT_LOST,
    InotifyEvent,
    Observer,
    Reader,
    Told,
    reason,
)
from figsync.watch.session import NO_EVENT
from tests.watch.ground import Ground

WATCHES = "no more folders can be watched (raise fs.inotify.max_user_watches)"
INSTANCES = "no more programs can watch folders (raise fs.inotify.max_user_instances)"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    return Ground(tmp_path, "Earth", "Mars")


def own_names(ground: Ground) -> list[str]:
    return sorted(path.name for path in (ground.root / ".figsync").iterdir())


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    threads, files = {*threading.enumerate()}, open_files()
    ears = list(logging.getLogger("watchdog").handlers)
    yield
    assert {*threading.enumerate()} <= threads
    assert open_files() <= files
    assert logging.getLogger("watchdog").handlers == ears


class Deaf:
    """An observer that no event ever reaches."""

    def __init__(self, root: Path, handler: FileSystemEventHandler, told: Told) -> None:
        del root, handler, told

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def join(self) -> None:
        pass

    def is_whole(self) -> bool:
        return True


class Refused(Deaf):
    """An observer that the system refuses."""

    def start(self) -> None:
        raise OSError(errno.EMFILE, "inotify instance limit reached")


class Crowded(Deaf):
    """An observer on a system that runs no more threads."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread")


class Threadless(Deaf):
    """An observer for which there is no thread, in a folder with an odd name."""

    def start(self) -> None:
        raise RuntimeError("can't start new thread for caf\udce9")


class Scarce(Reader):
    """A reader on a system with few watches left."""

    left = 5

    def _get_or_create_watch(self, path: bytes, mask: Mask) -> KernelWatch:
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.ENOSPC, "inotify watch limit reached")
        return super()._get_or_create_watch(path, mask)


class Failing(Reader):
    """A reader that fails at its first event once it is told to."""

    fails = False

    def handle_event(self, event: InotifyEvent) -> None:
        if Failing.fails:
            raise OSError(errno.EIO, "read error")
        super().handle_event(event)


class Slow(Reader):
    """A reader that reads nothing while its gate is shut."""

    gate = threading.Event()
    overcome = threading.Event()

    def handle_event(self, event: InotifyEvent) -> None:
        self.gate.wait(60)
        super().handle_event(event)
        if event.is_queue_overflow:
            self.overcome.set()


def observer_with(reader: type[Reader]) -> type[Observer]:
    class Special(Observer):
        def __init__(
            self, root: Path, handler: FileSystemEventHandler, told: Told
        ) -> None:
            super().__init__(root, handler, told, reader)

    return Special


def test_who_does_not_wish_it_polls_without_a_problem(ground: Ground):
    watch = Watch(ground.root, ground.look, wished=False)

    assert watch.start() == Watching("polling")
    assert watch.is_alive()


def test_a_watch_that_sees_no_event_of_its_own_file_polls(ground: Ground):
    watch = Watch(ground.root, ground.look, observer=Deaf, probe_seconds=0.01)

    assert watch.start() == Watching("polling", NO_EVENT)
    assert own_names(ground) == ["tmp", "trash"]


def test_a_proof_is_no_hint_and_leaves_nothing(ground: Ground):
    with ground.watched() as watch:
        assert watch.watching == Watching("events")
        assert ground.hinted() == set()
        assert own_names(ground) == ["tmp", "trash"]


def test_a_system_that_refuses_watchers_is_named_with_the_remedy(ground: Ground):
    watch = Watch(ground.root, ground.look, observer=Refused)

    assert watch.start() == Watching("polling", INSTANCES)


def test_a_system_that_runs_no_more_threads_is_no_crash(ground: Ground):
    watching = Watch(ground.root, ground.look, observer=Crowded).start()

    told = "the folder can not be watched (RuntimeError: can't start new thread)"
    assert watching == Watching("polling", told)


def test_a_root_that_is_not_there_is_a_problem_and_no_crash(ground: Ground):
    watch = Watch(ground.root / "nowhere", ground.look)

    watching = watch.start()

    assert watching == Watching("polling", "the mirror root is not there")


def test_a_root_that_was_never_prepared_is_a_problem_and_no_crash(tmp_path: Path):
    watching = Watch(tmp_path, print).start()

    assert watching.kind == "polling"
    assert watching.problem


def test_too_few_watches_at_the_start_mean_polling(ground: Ground):
    for number in range(10):
        (ground.root / "Earth" / f"{number}").mkdir()

    with ground.watched(observer_with(Scarce)) as watch:
        assert watch.watching == Watching("polling", WATCHES)
        assert ground.turns == []


def test_too_few_watches_later_on_mean_polling_from_then_on(ground: Ground):
    with ground.watched(observer_with(Scarce)) as watch:
        assert watch.watching == Watching("events")

        for number in range(10):
            (ground.root / "Earth" / f"{number}").mkdir()
        ground.until(lambda: bool(ground.turns))

        assert ground.turns == [Watching("polling", WATCHES)]
        assert watch.watching == ground.turns[0]
        assert "" in ground.hints
        assert watch.is_alive()


def test_it_can_be_started_again_when_the_trouble_is_over(ground: Ground):
    with ground.watched(observer_with(Scarce)) as watch:
        for number in range(10):
            (ground.root / "Earth" / f"{number}").mkdir()
        ground.until(lambda: bool(ground.turns))
        for number in range(10):
            (ground.root / "Earth" / f"{number}").rmdir()

        assert watch.start() == Watching("events")
        ground.forget()
        (ground.root / "Mars" / "a.txt").write_text("a")
        ground.until_hinted("Mars")


def test_a_moved_root_is_told(ground: Ground, tmp_path: Path):
    with ground.watched() as watch:
        ground.root.rename(tmp_path / "elsewhere")
        ground.until(lambda: bool(ground.turns))

        assert watch.watching == Watching("polling", ROOT_LOST)
        assert "" in ground.hints


def test_a_deleted_root_is_told(ground: Ground):
    with ground.watched() as watch:
        subprocess.run(["rm", "-r", str(ground.root)], check=True)
        ground.until(lambda: bool(ground.turns))

        assert watch.watching == Watching("polling", ROOT_LOST)


def test_a_thread_that_fails_is_told(ground: Ground):
    Failing.fails = False
    with ground.watched(observer_with(Failing)) as watch:
        Failing.fails = True
        (ground.root / "Earth" / "a.txt").write_text("a")
        ground.until(lambda: bool(ground.turns))

        told = "the folder can not be watched (Input/output error)"
        assert watch.watching == Watching("polling", told)


def test_who_fails_to_take_a_hint_does_not_end_the_watch_in_silence(ground: Ground):
    def look(folder: str) -> None:
        ground.look(folder)
        if folder:
            raise ValueError("a bug")

    watch = Watch(ground.root, look, changed=ground.changed)
    watch.start()
    (ground.root / "Earth" / "a.txt").write_text("a")
    ground.until(lambda: bool(ground.turns))
    told = "the folder can not be watched (ValueError: a bug)"

    assert watch.watching == Watching("polling", told)
    watch.stop()


def test_lost_events_are_a_hint_at_everything_and_the_watch_goes_on(ground: Ground):
    limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if limit > 50_000:
        pytest.skip("this system loses no events soon enough")
    Slow.gate.set()
    with ground.watched(observer_with(Slow)) as watch:
        Slow.gate.clear()
        (ground.root / "Earth" / "first").touch()
        for number in range(limit // 2 + 100):
            (ground.root / "Earth" / f"{number % 100}").touch()
            (ground.root / "Earth" / f"{number % 100}").unlink()
        (ground.root / "Mars" / "deep").mkdir()
        (ground.root / "Mars" / "lost").touch()
        Slow.gate.set()

        assert Slow.overcome.wait(60)
        ground.until_hinted("")
        assert watch.watching == Watching("events")
        # Even what came while events were lost is watched.
        ground.hinted()
        ground.forget()
        (ground.root / "Mars" / "deep" / "a.txt").write_text("a")
        ground.until_hinted("Mars")


def test_watches_that_can_not_be_renewed_are_told(ground: Ground):
    with ground.watched() as watch:
        logging.getLogger("watchdog.observers.inotify").error("Unable to rebuild")

        told = "watchdog says: Unable to rebuild"
        assert watch.watching == Watching("polling", told)


def test_stopping_leaves_no_complaint_in_the_log(
    ground: Ground, caplog: pytest.LogCaptureFixture
):
    for _ in range(20):
        with ground.watched():
            pass

    assert caplog.records == []


def test_stopping_twice_is_stopping_once(ground: Ground):
    with ground.watched() as watch:
        watch.stop()
        assert watch.watching == Watching("polling")
        assert watch.is_alive()

        (ground.root / "Earth" / "a.txt").write_text("a")
        assert ground.hints == []


REAL = """
import sys
from pathlib import Path
from figsync.watch import Watch
watch = Watch(Path(sys.argv[1]), lambda folder: None)
print(watch.start().problem)
watch.stop()
"""


@pytest.mark.parametrize(
    ("limit", "problem"),
    [("max_inotify_watches", WATCHES), ("max_inotify_instances", INSTANCES)],
)
def test_the_limits_of_the_system_itself_are_told(
    ground: Ground, limit: str, problem: str
):
    few = f"echo 4 > /proc/sys/user/{limit}"
    for number in range(10):
        (ground.root / "Earth" / f"{number}").mkdir()
    if limit == "max_inotify_instances":
        few = f"echo 0 > /proc/sys/user/{limit}"
    run = f'{few} && exec "$0" -c "$1" "$2"'
    command = ["unshare", "-Ur", "sh", "-c", run, sys.executable, REAL, ground.root]
    try:
        told = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if told.returncode:
        pytest.skip(f"no limits of one's own here: {told.stderr}")

    assert told.stdout.strip() == problem


def test_what_is_mounted_from_elsewhere_is_known(tmp_path: Path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
        "28 27 0:40 / /home/ada rw shared:1 - nfs4 server:/ada rw\n"
        "29 28 0:41 / /home/ada/My\\040disk rw - ext4 /dev/sdb1 rw\n"
        "30 27 0:42 / /mnt rw - ext4 /dev/sdc rw\n"
        "31 27 0:43 / /mnt rw - fuse.sshfs ada@there: rw\n"
        "32 27 0:44 / /safe rw - fuse.gocryptfs /home/.safe rw\n"
        "a line that means nothing\n"
    )

    assert network_drive(Path("/srv/mirror"), mounts) == ""
    assert network_drive(Path("/home/ada/mirror"), mounts) == "nfs4"
    assert network_drive(Path("/home/adam"), mounts) == ""
    assert network_drive(Path("/home/ada/My disk/mirror"), mounts) == ""
    assert network_drive(Path("/mnt/mirror"), mounts) == "fuse.sshfs"
    assert network_drive(Path("/safe/mirror"), mounts) == ""
    assert network_drive(Path("/srv"), tmp_path / "none") == ""


def test_every_reason_is_one_clause():
    told = [reason(OSError(code, "x")) for code in (errno.ENOSPC, errno.ENOSYS, 5)]
    told.append(reason(RuntimeError("why")))

    assert all("\n" not in text and not text.endswith(".") for text in told)
    assert told[2] == "the folder can not be watched (Input/output error)"
    assert told[3] == "the folder can not be watched (RuntimeError: why)"


def test_the_chunks_of_a_download_cost_no_event(ground: Ground):
    read: list[InotifyEvent] = []

    class Counting(Reader):
        def handle_event(self, event: InotifyEvent) -> None:
            read.append(event)
            super().handle_event(event)

    with ground.watched(observer_with(Counting)):
        ground.hinted()
        read.clear()
        with ground.disk.temp("file-1") as temp:
            for _ in range(100):
                temp.write(b"x" * 1000)
        ground.hinted()

        assert [event.name for event in read if b"Sentinel" not in event.name] == []


def test_whatever_fails_in_a_start_is_told_as_text(ground: Ground) -> None:
    watch = Watch(ground.root, ground.look, observer=Threadless)

    watching = watch.start()

    assert watching.kind == "polling"
    assert "can't start new thread for caf\\xe9" in watching.problem
