"""`figsync restore`: what was deleted here, back from Figshare."""

from __future__ import annotations

from collections.abc import Sequence

import click

from figsync.clock import boot_id
from figsync.commands.asking import ask, in_mirror, is_left, open_state
from figsync.commands.codes import IN_SYNC, UNFINISHED, strongest
from figsync.commands.progress import Lines
from figsync.commands.shell import Shell, verb
from figsync.commands.show import plural, say, say_json
from figsync.disk import Disk
from figsync.errors import MirrorOwned
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.mirror import Silent
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.restore import Lack, is_here, lacking
from figsync.sync.rules import mirror_rules
from figsync.sync.telling import Telling


@verb(
    example='figsync restore "Soil cores/cores.csv"\nfigsync restore "Soil cores"',
    codes=(0, 1, 2, 4, 6, 130),
)
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def restore(shell: Shell, *, path: str, as_json: bool) -> int:
    """Bring back from Figshare what was deleted here: a file, or all of a folder.

    Their deletion, if it still waits, is never sent to Figshare.  That holds
    without a network too: then the next sync brings the files.

    What figsync itself removed or replaced here is in its trash, and comes back
    with `figsync trash restore`, which does not ask Figshare.
    """
    place = in_mirror(shell, path)
    lacks = _lacking(shell, place)
    said = ask(shell, "restore", path=place)
    if not as_json:
        say(said)
    if is_left(said):
        return _told(shell, lacks, IN_SYNC, as_json=as_json, asked=True)
    shell.at_failure = lambda error, code: _told(
        shell, lacks, code, as_json=as_json, error=error
    )
    code = _bring(shell, lacks, is_silent=as_json or shell.quiet)
    return _told(shell, lacks, code, as_json=as_json)


def _lacking(shell: Shell, place: str) -> Sequence[Lack]:
    disk = Disk(shell.config.mirror.root, clock=shell.clock)
    with open_state(shell) as state:
        return lacking(state, disk, mirror_rules(shell.config, disk), place)


def _bring(shell: Shell, lacks: Sequence[Lack], *, is_silent: bool) -> int:
    """Let the items sync so far that files come down; return how that ended."""
    only = frozenset(lack.item.item_id for lack in lacks)
    progress = Silent() if is_silent else Telling(Lines())
    means = Means(shell.token, shell.clock, progress=progress, boot_id=boot_id())
    report = Report()
    try:
        with shell.stoppable(), owned_mirror(shell.config, means) as mirror:
            wish = Wish(only, retry_now=True, bring_only=True)
            sync_until_quiet(mirror, wish, report=report)
    except MirrorOwned:
        # Whoever works there now knows of it: the decision is in the state.
        return UNFINISHED
    return strongest(report.exit_code, UNFINISHED)


def _told(
    shell: Shell,
    lacks: Sequence[Lack],
    code: int,
    *,
    as_json: bool,
    asked: bool = False,
    error: str = "",
) -> int:
    """Say what is here by now and return the exit code: 0 when all of it is."""
    disk = Disk(shell.config.mirror.root, clock=shell.clock)
    here = [lack.full_path for lack in lacks if is_here(disk, lack.full_path)]
    rest = [lack.full_path for lack in lacks if lack.full_path not in here]
    code = code if rest or error else IN_SYNC
    if as_json:
        told = {"restored": here, "waiting": rest, "asked": asked, "exit_code": code}
        say_json(told | ({"error": error} if error else {}))
    elif not rest:
        say(f"Restored {plural(len(here), 'file')}.")
    elif not asked:
        it = "it" if len(rest) == 1 else "them"
        say(f"{plural(len(rest), 'file')} not here yet; the next sync brings {it}.")
    return code
