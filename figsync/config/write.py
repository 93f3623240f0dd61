"""Configurations written: the example with every key, and the answers of `init`."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from figsync.config.keys import BY_NAME, KEYS, SECTIONS, Key
from figsync.errors import DiskProblem, WrongUsage

_EXAMPLE_HEAD = (
    "figsync reads ~/.config/figsync/config.ini unless --config or FIGSYNC_CONFIG "
    "names another file. Here every key has its default; a file of your own needs "
    "only what differs. A comment has a line of its own, and % is an ordinary "
    "character."
)
_OWN_HEAD = "Written by `figsync init`; config.example.ini explains every other key."


def example_config() -> str:
    """Return the text of config.example.ini."""
    return _text(_EXAMPLE_HEAD, [(key, key.default) for key in KEYS])


def write_config(
    path: Path, answers: Mapping[str, str], *, replace: bool = False
) -> None:
    """Write the answers (`section.name` to text) for the owner's eyes only.

    WrongUsage if the file exists and is not to be replaced.
    """
    unknown = answers.keys() - BY_NAME.keys()
    assert not unknown, unknown
    chosen = [(key, answers[key.full_name]) for key in KEYS if key.full_name in answers]
    write_private(path, _text(_OWN_HEAD, chosen), replace=replace)


def write_private(path: Path, text: str, *, replace: bool = False) -> None:
    """Write *text* with mode 0600, as a whole; WrongUsage if *path* exists."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if replace:
            _replace(path, text)
        else:
            _create(path, text)
    except FileExistsError as exc:
        remedy = "keep it, or say that it is to be replaced"
        raise WrongUsage(str(path), "the file already exists", remedy) from exc
    except OSError as exc:
        cause = f"the file can not be written ({exc.strerror})"
        raise DiskProblem(str(path), cause, "see who owns its folder") from exc


def _create(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        _fill(descriptor, text)
    except OSError:
        path.unlink()
        raise


def _replace(path: Path, text: str) -> None:
    descriptor, temporary = tempfile.mkstemp(prefix=".figsync-", dir=path.parent)
    try:
        _fill(descriptor, text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _fill(descriptor: int, text: str) -> None:
    with open(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(descriptor)


def _text(head: str, chosen: Iterable[tuple[Key, str]]) -> str:
    by_section: dict[str, list[tuple[Key, str]]] = {section: [] for section in SECTIONS}
    for key, value in chosen:
        by_section[key.section].append((key, value))
    blocks = [_commented(head)]
    for section, entries in by_section.items():
        if entries:
            blocks.append(f"[{section}]\n" + "\n".join(_entries(entries)))
    return "\n\n".join(blocks) + "\n"


def _entries(entries: Iterable[tuple[Key, str]]) -> Iterator[str]:
    for key, value in entries:
        # A further line is indented, so that no value can become a key.
        lines = [line.strip() for line in value.splitlines()]
        yield _commented(key.sentence)
        yield f"{key.name} = {f'{chr(10)}    '.join(lines)}".rstrip()


def _commented(text: str) -> str:
    return textwrap.fill(
        text,
        width=80,
        initial_indent="# ",
        subsequent_indent="# ",
        break_long_words=False,
        break_on_hyphens=False,
    )
