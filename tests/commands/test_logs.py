"""The log: for a person, for the journal, for programs, and never with a secret."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from figsync.clock import SystemClock
from figsync.commands.lines import Quieter, is_journal
from figsync.commands.logs import listening
from figsync.commands.shell import Shell
from tests.commands.desk import TOKEN, Desk

Say = Callable[[logging.Logger], None]
OWN = "figsync.daemon.test"


class Ahead(SystemClock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 0.0

    def monotonic(self) -> float:
        return self.at


def written(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    shell: Shell,
    say: Say,
    *,
    name: str = OWN,
    journal: bool = False,
) -> list[str]:
    """Return the lines that a file gets as standard error."""
    path = folder / "stderr"
    with path.open("w", encoding="utf-8") as stream:
        status = os.fstat(stream.fileno())
        if journal:
            named = f"{status.st_dev}:{status.st_ino}"
            shell.environ = {**shell.environ, "JOURNAL_STREAM": named}
        monkeypatch.setattr(sys, "stderr", stream)
        with listening(shell):
            say(logging.getLogger(name))
    return path.read_text(encoding="utf-8").splitlines()


def a_shell(**words: Any) -> Shell:  # the fields of Shell
    return Shell(**{"environ": {}, "verb": "run", "clock": Ahead(), **words})


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    def call(shell: Shell, say: Say, **more: Any) -> list[str]:  # those of written()
        return written(tmp_path, monkeypatch, shell, say, **more)

    return call


Told = Callable[..., list[str]]


def say_all(log: logging.Logger) -> None:
    log.debug("d")
    log.info("i")
    log.warning("w")
    log.error("e")


@pytest.mark.parametrize(
    ("words", "own", "foreign"),
    [
        ({}, "iwe", "we"),
        ({"quiet": True}, "we", "we"),
        ({"verbosity": 1}, "diwe", "we"),
        ({"verb": "sync"}, "we", ""),
        ({"verb": "sync", "verbosity": 1}, "iwe", ""),
    ],
)
def test_a_daemon_says_more(
    told: Told, words: dict[str, Any], own: str, foreign: str
) -> None:
    heard = [line[-1] for line in told(a_shell(**words), say_all)]
    others = told(a_shell(**words), say_all, name="apscheduler.scheduler")

    assert "".join(heard) == own
    assert "".join(line[-1] for line in others) == foreign


def test_text_for_the_journal_has_priorities_and_no_time(told: Told) -> None:
    lines = told(a_shell(verbosity=1), say_all, journal=True)

    assert lines == ["<7>d", "<6>i", "<4>w", "<3>e"]


def test_a_journal_that_standard_error_does_not_lead_to_is_none(
    tmp_path: Path,
) -> None:
    with (tmp_path / "stderr").open("w") as stream:
        assert not is_journal(stream, {"JOURNAL_STREAM": "1:2"})
        assert not is_journal(stream, {})


def test_text_for_a_file_has_the_time(told: Told) -> None:
    (line,) = told(a_shell(), lambda log: log.warning("something"))

    assert line[:2] == "20"
    assert line[19:] == " warning: something"


def test_a_traceback_is_prefixed_line_by_line(told: Told) -> None:
    def fail(log: logging.Logger) -> None:
        try:
            raise ValueError(f"with {TOKEN}")
        except ValueError:
            log.exception("It failed")

    lines = told(a_shell(environ={"FIGSYNC_TOKEN": TOKEN}), fail, journal=True)

    assert lines[0] == "<3>It failed"
    assert lines[-1] == "<3>ValueError: with …"
    assert all(line.startswith("<3>") for line in lines)


def test_a_bug_in_a_thread_is_told_without_a_secret(told: Told) -> None:
    def fail() -> None:
        raise ValueError(f"with {TOKEN}")

    def say(_: logging.Logger) -> None:
        thread = threading.Thread(target=fail, name="helper-1")
        thread.start()
        thread.join()

    lines = told(a_shell(environ={"FIGSYNC_TOKEN": TOKEN}), say)

    assert lines[0].endswith("thread helper-1 (ValueError); please report it")
    assert lines[-1] == "ValueError: with …"
    assert TOKEN not in "".join(lines)


def test_json_is_one_object_a_line_with_the_fields_of_an_action(told: Told) -> None:
    action = {"kind": "Upload", "folder": "Soil", "path": "a\n.csv", "bytes": 3}

    def say(log: logging.Logger) -> None:
        log.info("Uploaded: %s", "a\n.csv", extra={"action": action})
        log.warning("two\nlines")

    first, second = map(json.loads, told(a_shell(log_format="json"), say))

    assert first.items() >= action.items()
    assert first["time"].endswith("Z")
    assert (first["level"], first["logger"]) == ("info", OWN)
    assert first["message"] == "Uploaded: a .csv"
    assert second["message"] == "two lines"


def test_json_has_no_byte_that_is_no_text(told: Told) -> None:
    def say(log: logging.Logger) -> None:
        action = {"kind": "Upload", "path": "b\udcffd ä.csv"}
        log.info("Uploaded: %s", "b\udcffd ä.csv", extra={"action": action})

    (line,) = told(a_shell(log_format="json"), say)

    assert json.loads(line)["path"] == "b\\xffd ä.csv"
    assert "udcff" not in line


def test_the_log_of_a_sync_can_be_json(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "1,2")

    said = desk.run("--log-format", "json", "sync", "-v").stderr

    actions = [json.loads(line) for line in said.splitlines()]
    uploads = [told for told in actions if told.get("kind") == "Upload"]
    (upload,) = uploads
    assert upload["message"] == "Uploaded: Soil cores/a.csv"
    assert upload["folder"] == "Soil cores"
    assert (upload["path"], upload["bytes"], upload["result"]) == ("a.csv", 3, "done")


SECRETS = (
    f"Authorization: token {TOKEN}",
    'https://api.example.org:443 "GET /file?X-Amz-Signature=5ecre7 HTTP/1.1" 200',
    "Redirecting https://a.example.org/x?5ecre7=1 -> /y?token=5ecre7",
    "PUT /upload/5ecre7/1",
    'https://hooks.example.org:443 "POST /T0/5ecre7 HTTP/1.1" 500',
)


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("secret", SECRETS)
def test_no_secret_is_in_any_line_whoever_logs_it(
    told: Told, desk: Desk, log_format: str, secret: str
) -> None:
    hook = "https://hooks.example.org/T0/5ecre7"
    desk.configure(notifications__webhook=hook)
    desk.config_path.chmod(0o600)
    shell = a_shell(
        config_option=str(desk.config_path),
        environ=desk.environ,
        verbosity=2,
        log_format=log_format,
    )
    assert shell.token == TOKEN

    for name in ("urllib3.poolmanager", "watchdog.x", "apscheduler.scheduler"):
        (line,) = told(shell, lambda log: log.warning("%s", secret), name=name)
        assert TOKEN not in line
        assert "5ecre7" not in line


def test_a_configuration_read_again_is_a_secret_too(desk: Desk) -> None:
    shell = Shell(config_option=str(desk.config_path), environ=desk.environ)
    assert shell.token == TOKEN
    desk.token_path.write_text("another-token")
    desk.configure(metrics__port="9123")

    config, token = shell.read_again()

    assert (config.metrics.port, token) == (9123, "another-token")
    assert {TOKEN, "another-token"} <= shell.secrets()
    assert (shell.config.metrics.port, shell.token) == (0, TOKEN)


def test_a_message_that_repeats_is_told_once_a_minute() -> None:
    now = [0.0]
    quieter = Quieter(lambda: now[0])
    heard: list[str] = []

    for second in range(0, 150, 10):
        now[0] = float(second)
        text = f"api.example.org: no connection; tried again in {second} s"
        record = a_record(text)
        if quieter.filter(record):
            heard.append(record.getMessage())

    assert heard == [
        "api.example.org: no connection; tried again in 0 s",
        "api.example.org: no connection; tried again in 60 s (5 more of these before)",
        "api.example.org: no connection; tried again in 120 s (5 more of these before)",
    ]


def a_record(text: str, **fields: Any) -> logging.LogRecord:  # any of a record
    level = {"levelno": logging.WARNING}
    return logging.makeLogRecord({"name": OWN, "msg": text, **level, **fields})


@pytest.mark.parametrize(
    "fields",
    [
        {"action": {"kind": "Upload"}},
        {"levelno": logging.INFO},
        {"levelno": logging.ERROR},
        {"levelno": logging.DEBUG},
    ],
)
def test_only_warnings_are_dropped_and_no_action(fields: dict[str, Any]) -> None:
    quieter = Quieter(lambda: 0.0)

    heard = [quieter.filter(a_record(f"{n}.csv failed", **fields)) for n in range(5)]

    assert all(heard)


def test_nothing_of_a_library_is_told_over_and_over() -> None:
    quieter = Quieter(lambda: 0.0)
    fields = {"name": "apscheduler.scheduler", "levelno": logging.ERROR}

    heard = [quieter.filter(a_record("job failed", **fields)) for _ in range(5)]

    assert heard == [True, False, False, False, False]


def test_a_daemon_does_not_repeat_itself(told: Told) -> None:
    def say(log: logging.Logger) -> None:
        for _ in range(100):
            log.warning("no connection")

    assert len(told(a_shell(), say)) == 1
    assert len(told(a_shell(verb="sync"), say)) == 100


class Closed(io.StringIO):
    """Standard error whose reader has left."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(text)


def test_nobody_reading_the_log_stops_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stderr", Closed())

    with listening(a_shell()):
        logging.getLogger(OWN).warning("hello")
