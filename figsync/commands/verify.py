"""`figsync verify`: read everything again, and name what does not agree."""

from __future__ import annotations

import click

from figsync.clock import boot_id
from figsync.commands import codes
from figsync.commands.asking import ask, never_synced
from figsync.commands.failures import complain
from figsync.commands.shell import Shell, verb
from figsync.commands.show import path_text, plural, say, say_json, size_text
from figsync.errors import StateDamaged
from figsync.lock import is_owned
from figsync.model import Where
from figsync.naming import shown
from figsync.sync.differences import Difference, Kind, Mend
from figsync.sync.mend import wanted
from figsync.sync.opening import Means, dry_mirror
from figsync.sync.rebuild import set_state_aside
from figsync.sync.verify import Findings, Question
from figsync.sync.verify import verify as verify_mirror

_NO_TOKEN = "-"
_MORE = """
What --repair does, and all that it does:
  It lets go of what figsync remembers, so that the next sync looks again.
  No byte of yours is removed or replaced but to the trash, nothing is sent
  to Figshare, and only what is marked "safe" is touched.
  A file whose bytes changed though its size and time did not is never sent
  as an edit: the next sync takes Figshare's proven version and keeps yours
  beside it as a conflict copy, until you decide with figsync conflicts.

The exit code is 1 if a sync or --repair settles all differences, and 4 if
you have to.
"""


@verb(
    example='figsync verify\nfigsync verify --remote "Soil cores"',
    codes=(0, 1, 2, 4, 5, 6, 130),
    more=_MORE.strip(),
)
@click.argument("folders", nargs=-1, metavar="[FOLDER...]")
@click.option("--remote", is_flag=True, help="Ask Figshare too: its lists, afresh.")
@click.option("--repair", is_flag=True, help="Mend what is marked safe, see below.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(
    shell: Shell,
    *,
    folders: tuple[str, ...],
    remote: bool,
    repair: bool,
    as_json: bool,
) -> int:
    """Read every file again and compare disk, state and Figshare.

    Names each difference in one line; without --repair nothing is changed.
    With FOLDERs (names of folders in the root, or ids of items) only those.
    """
    only = frozenset(shell.in_mirror(name).rstrip("/") for name in folders)
    with shell.stoppable():
        findings = _look(shell, Question(only, remote))
    said = _repair(shell, findings) if repair else ""
    code = _code(findings, is_repaired=repair)
    if as_json:
        say_json(_as_json(findings, code, said))
    else:
        _tell(findings, said)
    for name in findings.not_found:
        complain(f"{shown(name)}: no folder or item has this name")
    return code


def _look(shell: Shell, question: Question) -> Findings:
    config, clock = shell.config, shell.clock
    if not config.database.exists():
        raise never_synced(config.mirror.root)
    token = shell.token if question.remote else _NO_TOKEN
    means = Means(token, clock, boot_id=boot_id())
    try:
        with dry_mirror(config, means, counted=True) as mirror:
            owned = is_owned(mirror.disk, clock)
            if damage := mirror.state.damage():
                return Findings([_damaged(row) for row in damage])
            return verify_mirror(mirror, question, is_owned=owned)
    except StateDamaged as problem:
        return Findings([_damaged(problem.cause)])


def _damaged(cause: str) -> Difference:
    return Difference(Kind.DAMAGED, Where("", ""), detail=cause)


def _repair(shell: Shell, findings: Findings) -> str:
    """Have the safe differences mended; return a sentence, "" if there are none."""
    mends = {found.mend for found in findings.differences} - {None}
    if Mend.SET_ASIDE in mends:
        means = Means(_NO_TOKEN, shell.clock, boot_id=boot_id())
        aside = set_state_aside(shell.config, means, why="damaged")
        return f"The database is set aside as {aside.name}; the next sync rebuilds it."
    if mends:
        return ask(shell, "verify --repair", what=wanted(findings.differences))
    return ""


def _code(findings: Findings, *, is_repaired: bool) -> int:
    if findings.not_found:
        return codes.WRONG_USAGE
    left = [f for f in findings.differences if not (is_repaired and f.mend)]
    if any(found.needs_person for found in left):
        return codes.NEEDS_PERSON
    return codes.UNFINISHED if left else codes.IN_SYNC


def _tell(findings: Findings, said: str) -> None:
    for found in findings.differences:
        path = path_text(found.where.folder, found.path) or found.where.item_id
        told = ": ".join(part for part in (path, shown(found.told)) if part)
        say(f"{found.kind} [{found.about.sides}] {told}; {found.remedy}")
    read = f"{plural(findings.files, 'file')} ({size_text(findings.size)})"
    count = plural(len(findings.differences), "difference")
    safe = sum(1 for found in findings.differences if found.mend)
    repairs = f", {safe:,} of them safe to --repair" if safe and not said else ""
    say(f"Read {read} of {plural(findings.items, 'item')}: {count}{repairs}.")
    if said:
        say(said)


def _as_json(findings: Findings, code: int, said: str) -> dict[str, object]:
    return {
        "items": findings.items,
        "files": findings.files,
        "bytes": findings.size,
        "differences": [
            {
                "kind": found.kind.value,
                "sides": found.about.sides,
                "item_id": found.where.item_id,
                "folder": found.where.folder,
                "path": found.path,
                "told": found.told,
                "remedy": found.remedy,
                "repair": found.mend.value if found.mend else None,
                "needs_person": found.needs_person,
            }
            for found in findings.differences
        ],
        "not_found": findings.not_found,
        "repaired": said,
        "exit_code": code,
    }
