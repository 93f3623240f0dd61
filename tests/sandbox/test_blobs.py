"""Bytes of uploads: written in parts, holes staying holes."""

from __future__ import annotations

from pathlib import Path

from figsync.sandbox.blobs import CHUNK, Blobs

SIZE = 4 * CHUNK + 5


def test_zeros_take_no_room_and_are_zeros(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.reserve(1, SIZE)

    came = blobs.receive(1, 0, iter([bytes(CHUNK)] * 4 + [bytes(5)]))

    assert came == SIZE
    assert blobs.path(1).stat().st_blocks * 512 < CHUNK
    assert blobs.path(1).read_bytes() == bytes(SIZE)


def test_zeros_take_the_place_of_what_was_there(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.reserve(1, SIZE)
    blobs.receive(1, 100, iter([b"before" * 100]))

    blobs.receive(1, 0, iter([bytes(CHUNK), b"after"]))

    expected = bytes(CHUNK) + b"after" + bytes(SIZE - CHUNK - 5)
    assert blobs.path(1).read_bytes() == expected


def test_zeros_beyond_the_end_are_written(tmp_path: Path) -> None:
    blobs = Blobs(tmp_path)
    blobs.reserve(1, 10)

    blobs.receive(1, 5, iter([bytes(10)]))

    assert blobs.path(1).read_bytes() == bytes(15)
