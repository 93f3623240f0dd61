"""How a completed file becomes available: by time, or by being looked at."""

from dataclasses import replace

from figsync.sandbox.rows import PROCESSING, File
from figsync.sandbox.switches import Switches
from figsync.sandbox.world import Books, World


def show(world: World, found: list[File]) -> list[File]:
    """Return the files in their present state, and let them go on from there."""
    if not any(file.status in PROCESSING for file in found):
        return found
    with world.writing() as books:
        return [_show_one(books, file) for file in found]


def shown_md5(world: World, file: File) -> str:
    """Return the `computed_md5` that a record of *file* has now."""
    is_known = file.status not in ("created", PROCESSING[0])
    if world.switches.md5_never or not is_known or world.now() < file.md5_at:
        return ""
    return file.true_md5


def _show_one(books: Books, file: File) -> File:
    if file.status not in PROCESSING:
        return file
    shown = _after_time(file, books.world.switches, books.world.now())
    later = _after_read(shown, books.world.switches, books.world.now())
    books.update(
        "files",
        file.id,
        status=later.status,
        stage_at=later.stage_at,
        reads=later.reads,
    )
    return shown


def _after_time(file: File, switches: Switches, now: float) -> File:
    while file.status in PROCESSING and now - file.stage_at >= switches.status_seconds:
        further = _next_stage(file, switches, file.stage_at + switches.status_seconds)
        if further == file:
            break
        file = further
    return file


def _after_read(file: File, switches: Switches, now: float) -> File:
    read = replace(file, reads=file.reads + 1)
    if file.status in PROCESSING and read.reads == switches.status_reads:
        return _next_stage(read, switches, now)
    return read


def _next_stage(file: File, switches: Switches, at: float) -> File:
    if file.status == PROCESSING[0]:
        is_wrong = file.supplied_md5 not in ("", file.true_md5)
        status = "ic_failure" if is_wrong else PROCESSING[1]
    elif switches.stuck_moving:
        return file
    else:
        status = "available"
    return replace(file, status=status, stage_at=at, reads=0)
