"""The sandbox as a process of its own: served until it is told to stop."""

import json
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event

from figsync.sandbox.box import Sandbox


@dataclass(frozen=True, slots=True)
class Options:
    """Where and how to serve; without *data* everything is gone afterwards."""

    host: str = "127.0.0.1"
    port: int = 0
    data: Path | None = None
    token: str = "sandbox-token"
    part_size: int = 10 << 20


def run_sandbox(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    data: Path | None = None,
    token: str = "sandbox-token",
    part_size: int = 10 << 20,
) -> int:
    """Serve until SIGINT or SIGTERM arrives, and return the exit code 0."""
    stop = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    serve_until(stop, Options(host, port, data, token, part_size))
    return 0


def serve_until(stop: Event, options: Options) -> None:
    """Serve until *stop* is set; one line of JSON on standard output says where."""
    with _folder(options) as folder:
        box = Sandbox(folder, token=options.token, part_size=options.part_size)
        with box.serve(options.host, options.port) as urls:
            ready = {
                "api_url": urls.api,
                "token": options.token,
                "upload_url": urls.upload,
                "storage_url": urls.storage,
                "admin_url": urls.admin,
                "data": str(folder),
            }
            print(json.dumps(ready), flush=True)
            stop.wait()
        box.close()


@contextmanager
def _folder(options: Options) -> Iterator[Path]:
    if options.data is not None:
        yield options.data
        return
    with TemporaryDirectory(prefix="figsync-sandbox-") as name:
        yield Path(name)
