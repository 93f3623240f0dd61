"""The progress of a sync, drawn on a terminal."""

import os
import pty
import threading
from io import StringIO

from rich.console import Console
from rich.progress import Progress

from figsync.commands.bars import Drawn
from figsync.model import Download, Outcome, Plan, RemoteFile, Where
from figsync.sync.telling import Telling
from tests.commands.desk import Desk


def download(name: str, size: int) -> Download:
    return Download(Where("1", "Soil [red]cores"), RemoteFile(name, name, size, "m"))


def test_the_bar_is_full_at_the_end_whatever_happened_on_the_way() -> None:
    paper = StringIO()
    bars = Progress(console=Console(file=paper, width=200))
    drawn = Telling(Drawn(bars))
    whole, again, failed = (download(name, 1000) for name in "abc")

    drawn.phase("Syncing")
    drawn.planned(Plan((whole, again, failed)))
    drawn.moved(whole, 1000)
    drawn.moved(again, 600)
    drawn.moved(again, -600)
    drawn.moved(again, 1000)
    drawn.moved(failed, 10)
    for action, result in ((whole, "done"), (again, "done"), (failed, "failed")):
        drawn.finished(Outcome(action, result, "no [b]route[/b]"))

    task = bars.tasks[-1]
    assert (task.completed, task.total) == (3000, 3000)
    assert "Downloaded: Soil [red]cores/a (1,000 bytes)" in paper.getvalue()
    assert "no [b]route[/b]" in paper.getvalue()


def test_many_threads_may_move_bytes_at_once() -> None:
    bars = Progress(console=Console(file=StringIO()))
    drawn = Telling(Drawn(bars))
    actions = [download(str(n), 1000) for n in range(8)]
    drawn.planned(Plan(tuple(actions)))

    def move(action: Download) -> None:
        for _ in range(1000):
            drawn.moved(action, 1)

    threads = [threading.Thread(target=move, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert bars.tasks[-1].completed == 8000


def test_a_terminal_shows_bytes_and_speed_and_at_the_end_the_summary(
    desk: Desk,
) -> None:
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_file(item, "a.bin", b"x" * 3_000_000)
    keyboard, terminal = pty.openpty()

    process = desk.start("sync", terminal=terminal, TERM="xterm", COLUMNS="120")
    shown = b""
    while piece := _said(keyboard):
        shown += piece
    os.close(keyboard)
    _, err = process.communicate(timeout=20)

    assert (process.returncode, err) == (0, "")
    text = shown.decode()
    assert "Downloading" in text
    assert "MiB/s" in text or "MB/s" in text
    assert "Downloaded: Soil cores/a.bin (2.9 MiB)" in text
    assert "2.9 MiB fetched." in text


def _said(keyboard: int) -> bytes:
    try:
        return os.read(keyboard, 4096)
    except OSError:
        return b""
