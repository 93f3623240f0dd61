"""People hear of what needs one: once an incident, by day, and never in the way."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from figsync.clock import SystemClock
from figsync.config import NotificationSettings, QuietHours
from figsync.daemon.incidents import DAY, Notice
from figsync.daemon.notices import Notices
from figsync.daemon.ways import MOST_WAITING, Sender
from figsync.model import ActionKey
from figsync.state import Conflict, HeldRow
from figsync.sync.activity import Activity, Phase
from figsync.sync.facts import Ended, Facts
from figsync.sync.rot import Rotten
from figsync.sync.standing import Running, Standing, look
from tests.daemon.house import wait_for
from tests.world import World

NOON = 20_000 * DAY + DAY / 2
BY_COMMAND = NotificationSettings(False, "", ("true",), None)
WELL = Standing("idle", "/mirror", Facts(last_sync=NOON, last_try=NOON), [], [])
TOKEN_ERROR = "the account: Figshare does not accept the token (403)"
ROOT_ERROR = "/mirror: the mirror root is not there; mount it"


class People:
    """Who is told: notices in, what they heard out."""

    def __init__(self, settings: NotificationSettings = BY_COMMAND) -> None:
        self.heard: list[Notice] = []
        self._settings = settings
        self.restart()

    def restart(self) -> None:
        """Lose what the process knew."""
        self._notices = Notices(self._settings, self.heard.append, UTC)

    def look(self, now: Standing, at: float = NOON, state: Any = None) -> list[str]:
        """Let them be told *at* a time; return the kinds of what they heard."""
        before = len(self.heard)
        self._notices.look(now, at, state)
        return [notice.kind for notice in self.heard[before:]]


def held(number: int, folder: str = "Soil", reason: str = "its folder") -> HeldRow:
    key = ActionKey("DeleteRemote", "7", f"{number}.csv", str(number), "")
    return HeldRow(number, key, folder, reason, None, False, 1, NOON)


def conflict(name: str) -> Conflict:
    return Conflict("7", "Soil", f"{name}.csv", f"{name} (conflict).csv", NOON)


def ended(how: Ended, error: str, kind: str, last: float = NOON) -> Standing:
    facts = Facts(how, last_sync=last, last_try=NOON, error=error, error_kind=kind)
    return replace(WELL, facts=facts, error=error, error_kind=kind)


REFUSED = ended(Ended.REFUSED, TOKEN_ERROR, "TokenRefused")
OFFLINE = ended(Ended.OFFLINE, "the account: no connection", "Unreachable")
STOPPED = ended(Ended.INTERRUPTED, "stopped on request", "Interrupted")
NO_ROOT = replace(WELL, error=ROOT_ERROR, error_kind="NeedsPerson")
POLLING = Running(Activity(1, NOON, Phase.IDLE, "polling", "no watches are left"))

ROT = Rotten("7", "Soil", "a.csv", "its bytes are others", NOON, md5="f00")

STORIES = {
    "rot": replace(WELL, rot=(ROT,)),
    "held": replace(WELL, held=[held(1)]),
    "conflict": replace(WELL, conflicts=[conflict("a")]),
    "token": REFUSED,
    "refused": NO_ROOT,
    "late_save": replace(WELL, facts=Facts(last_sync=NOON, stranded=1)),
    "no_room": replace(WELL, facts=Facts(last_sync=NOON, no_room="1 byte free")),
    "watching": replace(WELL, daemon=POLLING),
}


@pytest.mark.parametrize("kind", STORIES)
def test_each_is_told_once_until_it_is_over(kind: str) -> None:
    people = People()
    story = STORIES[kind]

    assert people.look(WELL) == []
    assert people.look(story) == [kind]
    assert people.look(story, NOON + DAY) == []
    assert people.look(WELL, NOON + DAY) == []
    assert people.look(story, NOON + DAY) == [kind]


def test_a_notice_says_what_where_and_what_to_do() -> None:
    people = People()

    people.look(STORIES["held"])

    (notice,) = people.heard
    assert notice.title == "figsync: something waits for you"
    assert notice.text == "Soil: its folder"
    assert notice.remedy == "figsync held"
    assert notice.paths == ("Soil",)


def test_300_held_deletions_are_one_incident() -> None:
    people = People()
    rows = [held(n, reason=f"{n} of 900 files were deleted") for n in range(300)]

    assert people.look(replace(WELL, held=rows[:150])) == ["held"]
    assert people.look(replace(WELL, held=rows)) == []


def test_what_is_new_of_a_kind_is_one_notice() -> None:
    people = People()
    conflicts = [conflict(name) for name in "abc"]

    assert people.look(replace(WELL, conflicts=conflicts[:1])) == ["conflict"]
    assert people.look(replace(WELL, conflicts=conflicts)) == ["conflict"]

    notice = people.heard[-1]
    assert notice.count == 2
    assert notice.text.endswith("both sides changed this file, and 1 more")
    assert [path[5] for path in notice.paths] == ["b", "c"]


def test_waiting_and_what_is_left_alone_ask_nobody() -> None:
    waiting = replace(held(1), until=NOON + 1)
    listed = replace(held(2), listed=True)

    assert People().look(replace(WELL, held=[waiting, listed])) == []


def test_offline_is_told_after_a_day() -> None:
    people = People()

    assert people.look(OFFLINE, NOON + DAY - 1) == []
    assert people.look(OFFLINE, NOON + DAY) == ["offline"]
    assert people.look(OFFLINE, NOON + 3 * DAY) == []


def test_offline_from_the_first_day_on_is_told_after_a_day() -> None:
    people = People()
    never = replace(OFFLINE, facts=replace_facts(OFFLINE.facts, last_sync=None))

    assert people.look(never, NOON) == []
    assert people.look(never, NOON + DAY) == ["offline"]


def replace_facts(facts: Facts, **changed: Any) -> Facts:  # its fields
    told = {name: getattr(facts, name) for name in Facts.__struct_fields__}
    return Facts(**{**told, **changed})


def test_what_interrupts_a_refusal_does_not_end_it() -> None:
    people = People()

    assert people.look(REFUSED) == ["token"]
    assert people.look(STOPPED) == []
    assert people.look(OFFLINE) == []
    assert people.look(REFUSED) == []
    assert people.look(WELL) == []
    assert people.look(REFUSED) == ["token"]


def test_being_stopped_is_no_incident() -> None:
    assert People().look(STOPPED) == []


def test_in_quiet_hours_nothing_is_told_before_their_end() -> None:
    settings = replace(BY_COMMAND, quiet_hours=QuietHours(22 * 60, 7 * 60))
    people = People(settings)
    night, morning = NOON + 11 * 3600, NOON + 19 * 3600
    both = replace(STORIES["held"], conflicts=[conflict("a")])

    assert people.look(both, night) == []
    assert people.look(both, morning - 1) == []
    assert people.look(STORIES["held"], morning) == ["held"]
    assert people.look(STORIES["held"], morning + 60) == []


def test_a_restart_tells_nothing_twice(tmp_path: Path) -> None:
    world = World(tmp_path)
    people = People()
    with world.mirror() as mirror:
        assert people.look(REFUSED, state=mirror.state) == ["token"]
    people.restart()

    with world.mirror() as mirror:
        assert people.look(REFUSED, state=mirror.state) == []
        assert people.look(WELL, state=mirror.state) == []
    people.restart()

    with world.mirror() as mirror:
        assert people.look(REFUSED, state=mirror.state) == ["token"]


def test_without_the_state_it_is_remembered_until_there_is_one(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    people = People()

    assert people.look(NO_ROOT) == ["refused"]
    assert people.look(NO_ROOT) == []
    with world.mirror() as mirror:
        assert people.look(NO_ROOT, state=mirror.state) == []
    people.restart()

    with world.mirror() as mirror:
        assert people.look(NO_ROOT, state=mirror.state) == []


def test_what_is_remembered_holds_no_name_and_is_written_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    people = People()
    story = replace(STORIES["held"], conflicts=[conflict("secret")])
    with world.mirror() as mirror:
        people.look(story, state=mirror.state)
        text = mirror.state.settings.get("noticed")
        people.look(story, state=mirror.state)

        assert mirror.state.settings.get("noticed") == text
    assert "secret" not in text
    assert "Soil" not in text


def test_nobody_to_tell_costs_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)
    people = People(NotificationSettings(False, "", (), None))
    with world.mirror() as mirror:
        assert people.look(REFUSED, state=mirror.state) == []
        assert mirror.state.settings.get("noticed") == ""


def test_a_real_refusal_is_told(tmp_path: Path) -> None:
    world = World(tmp_path)
    people = People()
    world.token = "wrong"
    with pytest.raises(Exception, match="does not accept the token"):
        world.sync()

    told = people.look(look(world.config, world.clock), world.clock.now())

    assert told == ["token"]
    assert "does not accept the token" in people.heard[0].text


# The ways


A_NOTICE = Notice("held", 2, "Soil: it would empty the item", "figsync held", ("Soil",))
TIMEOUT = 20.0


class Hook(BaseHTTPRequestHandler):
    """A webhook that keeps what it gets."""

    got: ClassVar[list[tuple[str, bytes]]]
    answers: ClassVar[int]
    came: ClassVar[threading.Semaphore]
    goes_on: ClassVar[threading.Event]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.got.append((self.path, body))
        self.came.release()
        self.goes_on.wait(TIMEOUT)
        self.send_response(self.answers)
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def a_hook(*, answers: int = 200, hangs: bool = False) -> Iterator[tuple[str, Any]]:
    """Serve a webhook; yield its address and its class."""
    goes_on = threading.Event()
    if not hangs:
        goes_on.set()
    fields = {"got": [], "answers": answers, "goes_on": goes_on}
    hook = type("AHook", (Hook,), {**fields, "came": threading.Semaphore(0)})
    server = HTTPServer(("127.0.0.1", 0), hook)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/T0/5ecre7", hook
    finally:
        goes_on.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sending(longest: float = TIMEOUT, **ways: Any) -> Iterator[Sender]:
    environ = {"PATH": os.environ["PATH"], "FIGSYNC_TOKEN": "the-token"}
    environ |= ways.pop("environ", {})
    settings = replace(NotificationSettings(False, "", (), None), **ways)
    sender = Sender(settings, SystemClock(), environ, longest=longest)
    try:
        yield sender
    finally:
        sender.close(TIMEOUT)
        assert not sender._thread.is_alive()


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]


def test_a_webhook_gets_json(caplog: pytest.LogCaptureFixture) -> None:
    with a_hook() as (url, hook):
        with sending(webhook=url) as sender:
            sender.send(A_NOTICE)

        ((path, body),) = hook.got

    told = json.loads(body)
    assert path == "/T0/5ecre7"
    assert told["kind"] == "held"
    assert told["text"] == "Soil: it would empty the item"
    assert told["next_step"] == "figsync held"
    assert (told["count"], told["paths"]) == (2, ["Soil"])
    assert told["time"].endswith("Z")
    assert warnings(caplog) == []


@pytest.mark.parametrize("answers", [302, 404, 500])
def test_a_webhook_that_refuses_is_told_of_once_and_unseen(
    caplog: pytest.LogCaptureFixture, answers: int
) -> None:
    with a_hook(answers=answers) as (url, hook), sending(webhook=url) as sender:
        sender.send(A_NOTICE)
        sender.send(A_NOTICE)
        sender.close(TIMEOUT)
        assert [path for path, _ in hook.got] == ["/T0/5ecre7"] * 2

    (line,) = warnings(caplog)
    told = f"127.0.0.1: it answers {answers}"
    assert line == f"The webhook of [notifications] failed: {told}"
    assert "5ecre7" not in caplog.text


def test_a_webhook_that_nobody_answers_shows_no_secret(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with a_hook() as (url, _):
        pass
    with sending(webhook=url) as sender:
        sender.send(A_NOTICE)

    (line,) = warnings(caplog)
    assert line.endswith("127.0.0.1: ConnectionError")
    assert "5ecre7" not in caplog.text


def test_a_webhook_that_hangs_delays_nothing_and_is_given_up(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    command = ("sh", "-c", 'cat > "$0"', str(told))
    with a_hook(hangs=True) as (url, hook):
        with sending(0.2, webhook=url) as sender:
            sender.send(A_NOTICE)
            assert hook.came.acquire(timeout=TIMEOUT)
        with sending(command=command) as sender:
            sender.send(A_NOTICE)

        (line,) = warnings(caplog)
    assert "failed: 127.0.0.1: " in line
    assert json.loads(told.read_bytes())["kind"] == "held"


def test_a_command_gets_json_and_the_kind_and_no_token(tmp_path: Path) -> None:
    told, kind = tmp_path / "told", tmp_path / "kind"
    script = 'cat > "$1"; env > "$2"'
    command = ("sh", "-c", script, "sh", str(told), str(kind))

    with sending(command=command) as sender:
        sender.send(A_NOTICE)

    assert json.loads(told.read_bytes())["text"] == "Soil: it would empty the item"
    assert "FIGSYNC_INCIDENT=held\n" in kind.read_text()
    assert "the-token" not in kind.read_text()


def test_nothing_of_a_notice_is_ever_run_by_a_shell(tmp_path: Path) -> None:
    evil = replace(A_NOTICE, text=f"$(touch {tmp_path}/run); `touch {tmp_path}/run`")
    told = tmp_path / "told"
    there = stand_in(tmp_path, "notify-send", f'printf "%s\\n" "$@" > {told}')

    with sending(desktop=True, environ={"PATH": there}) as sender:
        sender.send(evil)

    assert not (tmp_path / "run").exists()
    words = told.read_text().splitlines()
    assert words[:3] == ["--app-name=figsync", "--", evil.title]
    assert words[3] == f"{evil.text} (figsync held)"


def stand_in(folder: Path, name: str, script: str) -> str:
    """Write a program; return the PATH that finds it first."""
    program = folder / "bin" / name
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{program.parent}:{os.environ['PATH']}"


def test_a_command_that_hangs_is_killed_with_its_children(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    pids = tmp_path / "pids"
    script = f'sleep 600 & echo "$$ $!" > {pids}; wait'

    with sending(1.0, command=("sh", "-c", script)) as sender:
        sender.send(A_NOTICE)

    (line,) = warnings(caplog)
    assert line.endswith("sh: not done after 1 s, so killed")
    for pid in map(int, pids.read_text().split()):
        assert is_gone(pid)


def test_a_command_that_hangs_does_not_outlive_the_daemon(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    script = f'sleep 600 & echo "$$ $!" > {pids}.new; mv {pids}.new {pids}; wait'

    with sending(command=("sh", "-c", script)) as sender:
        for _ in range(3):
            sender.send(A_NOTICE)
        wait_for(pids.exists, "the command")
        sender.close(0.1)

    for pid in map(int, pids.read_text().split()):
        wait_for(partial(is_gone, pid), "the end of the command")


def is_gone(pid: int) -> bool:
    """Tell whether a process is dead, or waits for nothing but to be counted."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except OSError:
        return True
    return text.rpartition(")")[2].split()[0] in "ZX"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("sh", "-c", "exit 3"), "sh: it ended with 3"),
        (("/nowhere/at/all",), "/nowhere/at/all: No such file or directory"),
    ],
)
def test_a_command_that_fails_is_told_of_once(
    caplog: pytest.LogCaptureFixture, command: tuple[str, ...], told: str
) -> None:
    with sending(command=command) as sender:
        for _ in range(3):
            sender.send(A_NOTICE)

    (line,) = warnings(caplog)
    assert line == f"The command of [notifications] failed: {told}"


def test_too_much_to_tell_is_dropped_and_nobody_waits(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with (
        a_hook(hangs=True) as (url, hook),
        sending(webhook=url) as sender,
    ):
        sender.send(A_NOTICE)
        assert hook.came.acquire(timeout=TIMEOUT)
        for _ in range(MOST_WAITING + 1):
            sender.send(A_NOTICE)

        (line,) = warnings(caplog)
        hook.goes_on.set()
        for _ in range(MOST_WAITING):
            assert hook.came.acquire(timeout=TIMEOUT)
    assert line.startswith("Not told, as too much waits to be told: Soil")


def test_no_notify_send_is_told_once(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    with sending(desktop=True, environ={"PATH": str(tmp_path)}) as sender:
        sender.send(A_NOTICE)
        sender.send(A_NOTICE)

    (line,) = warnings(caplog)
    assert line.endswith("notify-send is not installed")
