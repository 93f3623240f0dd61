"""An MD5 that a thread of its own computes, once there is much to hash."""

from __future__ import annotations

import hashlib
import queue
import threading

# Below this a thread costs more than it saves.
ALONE = 4 << 20
# So many chunks may wait to be hashed: who hands them in waits then.
WAITING = 8


class Digest:
    """The MD5 of bytes that come one after the other; `close` ends its thread.

    What is handed in must not be changed any more.  One thread hands in and asks.
    """

    def __init__(self) -> None:
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._size = 0
        self._chunks: queue.Queue[bytes | None] = queue.Queue(WAITING)
        self._thread: threading.Thread | None = None

    def update(self, chunk: bytes) -> None:
        """Add the next bytes."""
        self._size += len(chunk)
        if self._size <= ALONE:
            self._md5.update(chunk)
            return
        if self._thread is None:
            self._thread = threading.Thread(
                target=self._hash, name="figsync-md5", daemon=True
            )
            self._thread.start()
        self._chunks.put(chunk)

    def hexdigest(self) -> str:
        """Return the MD5 of all that was handed in so far."""
        self._chunks.join()
        return self._md5.hexdigest()

    def close(self) -> None:
        """End the thread, when it has hashed what it was given."""
        if self._thread is not None:
            self._chunks.put(None)
            self._thread.join()
            self._thread = None

    def _hash(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            self._md5.update(chunk)
            self._chunks.task_done()
        self._chunks.task_done()
