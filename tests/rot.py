"""A disk that fails: bytes change, and nothing tells."""

from __future__ import annotations

import os

from figsync.model import LocalFile
from figsync.state import KnownFile
from tests.world import World


def rot(world: World, path: str = "Leaves/a.csv") -> None:
    """Change a byte as a failing disk does: size and times stay."""
    target = world.root / path
    known = target.stat()
    content = bytearray(target.read_bytes())
    content[7] ^= 0x20
    target.write_bytes(content)
    os.utime(target, ns=(known.st_atime_ns, known.st_mtime_ns))
    # The change time can not be set back: the state is told of the one there is.
    with world.mirror() as mirror:
        files = mirror.state.files
        folder, _, name = path.partition("/")
        row = files.local(folder)[name]
        stat = mirror.disk.stat(path)
        assert stat is not None
        assert stat.same_file(row.stat)
        file = LocalFile(name, stat, row.md5)
        files.save_local(folder, [KnownFile(file, row.hashed_at, 0.0)])
