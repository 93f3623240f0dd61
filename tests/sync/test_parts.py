"""Every part is held against the MD5 of the hashing, however the server cuts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

import pytest

from figsync.errors import BadReply, FigsyncError, Stale
from figsync.figshare import Part, UploadSession
from figsync.model import LocalFile, Upload, Where
from figsync.sync.mirror import Mirror
from figsync.sync.parts import part_digests
from tests.world import World, md5

CONTENT = bytes(range(250)) * 10


@pytest.fixture
def mirror(tmp_path: Path) -> Iterator[Mirror]:
    world = World(tmp_path)
    world.drop("New/a.bin", CONTENT)
    with world.mirror() as opened:
        yield opened


def cut(*sizes: int, first: int = 0) -> tuple[Part, ...]:
    """Return parts of these sizes, one after the other."""
    ends = list(accumulate(sizes, initial=first))
    return tuple(
        Part(number, start, start + size - 1)
        for number, (start, size) in enumerate(zip(ends, sizes, strict=False), start=1)
    )


def digests(
    mirror: Mirror, *parts: Part, content: bytes = CONTENT
) -> dict[int, bytes] | FigsyncError:
    stat = mirror.disk.stat("New/a.bin")
    assert stat is not None
    upload = Upload(Where("1", "New"), LocalFile("a.bin", stat, md5(content)))
    session = UploadSession("PENDING", len(CONTENT), parts)
    (found,) = mirror.drive([part_digests(mirror, upload, session)])
    return found


@pytest.mark.parametrize(
    "sizes",
    [
        (2500,),
        (1000, 1000, 500),
        (1250, 1250),
        (100, 2000, 400),
        (2400, 100),
        (1, 2499),
    ],
)
def test_each_part_has_its_own_md5(mirror: Mirror, sizes: tuple[int, ...]) -> None:
    parts = cut(*sizes)

    assert digests(mirror, *parts) == {
        part.number: hashlib.md5(
            CONTENT[part.start : part.end + 1], usedforsecurity=False
        ).digest()
        for part in parts
    }


def test_the_order_in_which_parts_are_told_does_not_matter(mirror: Mirror) -> None:
    for parts in (cut(1000, 1000, 500), cut(100, 2000, 400)):
        assert digests(mirror, *parts) == digests(mirror, *reversed(parts))


@pytest.mark.parametrize("sizes", [(1000, 1000, 500), (100, 2000, 400)])
def test_a_file_with_other_bytes_is_stale(
    mirror: Mirror, sizes: tuple[int, ...]
) -> None:
    found = digests(mirror, *cut(*sizes), content=b"what was hashed")

    assert isinstance(found, Stale)


def test_parts_that_leave_a_gap_are_refused(mirror: Mirror) -> None:
    found = digests(mirror, *cut(1000, 1000, first=500))

    assert isinstance(found, BadReply)
