"""`figsync status --watch`: it follows the mirror, and Ctrl-C ends it well."""

from __future__ import annotations

import json
import os
import pty
import signal
import threading
from queue import Queue
from typing import IO

from tests.commands.desk import Desk


def lines_of(stream: IO[str]) -> Queue[str]:
    """Return the lines of a process as they come, "" at its end."""
    lines: Queue[str] = Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read).start()
    return lines


def test_json_is_one_object_a_line_and_a_line_a_change(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    process = desk.start("status", "--watch", "--json")
    assert process.stdout is not None
    lines = lines_of(process.stdout)

    first = json.loads(lines.get(timeout=20))
    desk.ok("sync")
    state, last = "", {}
    while state != "idle":
        last = json.loads(lines.get(timeout=20))
        state = last["state"]
    process.send_signal(signal.SIGINT)
    process.wait(20)
    rest = lines.get(timeout=20)
    assert process.stderr is not None
    err = process.stderr.read()
    process.stderr.close()
    process.stdout.close()

    assert first["state"] == "never"
    assert (last["files"], rest) == (1, "")
    assert (process.returncode, err) == (0, "")


def test_a_terminal_is_drawn_anew(desk: Desk) -> None:
    desk.drop("Soil [red]cores/a.csv")
    desk.ok("sync")
    desk.drop("Soil [red]cores/empty.csv", "")
    desk.ok("sync")
    keyboard, terminal = pty.openpty()
    process = desk.start(
        "status", "--watch", terminal=terminal, TERM="xterm", COLUMNS="120"
    )

    shown = b""
    while b"empty.csv" not in shown:
        shown += os.read(keyboard, 4096)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=20)
    os.close(keyboard)

    assert b"Soil [red]cores/empty.csv" in shown
    assert (process.returncode, err) == (0, "")
