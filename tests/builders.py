"""Short literals for trees: contents are words, MD5s and sizes follow from them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from figsync.model import (
    FileStat,
    LocalFile,
    RemoteFile,
    SyncedFile,
    Unknown,
    Where,
)

ITEM = Where("7", "Item")

Seen = str | Unknown | LocalFile
Record = tuple[str, str] | tuple[str, str, Unknown] | RemoteFile


def md5(content: str) -> str:
    """Return the MD5 that stands for *content*."""
    return hashlib.md5(content.encode(), usedforsecurity=False).hexdigest()


def a_file(path: str, content: str, *, refusal: str = "") -> LocalFile:
    """Return a settled, hashed local file."""
    stat = FileStat(len(content), 1, 1, 1)
    return LocalFile(path, stat, md5(content), refusal=refusal)


def a_vague_file(path: str, why: Unknown) -> LocalFile:
    """Return a local file that is there, but of which *why* no more is known."""
    return LocalFile(path, FileStat(1, 1, 1, 1), unknown=why)


def a_record(path: str, file_id: str, content: str) -> RemoteFile:
    """Return an available record of Figshare."""
    folder, _, name = path.rpartition("/")
    return RemoteFile(path, file_id, len(content), md5(content), folder, name)


def a_vague_record(path: str, file_id: str, content: str, why: Unknown) -> RemoteFile:
    """Return a record that *why* keeps from counting."""
    known = "" if why in (Unknown.IN_FLIGHT, Unknown.UNPROVEN) else md5(content)
    folder, _, name = path.rpartition("/")
    return RemoteFile(path, file_id, len(content), known, folder, name, why)


def a_link(path: str, file_id: str, content: str) -> RemoteFile:
    """Return a linked file; *content* is its shortcut's."""
    folder, _, name = path.rpartition("/")
    link = "https://example.org/"
    return RemoteFile(
        path, file_id, len(content), md5(content), folder, name, link=link
    )


def a_row(path: str, file_id: str, content: str) -> SyncedFile:
    """Return what both sides held when they last agreed on *path*."""
    return SyncedFile(path, file_id, md5(content), len(content))


def on_disk(
    files: Mapping[str, Seen] | None = None, /, **more: Seen
) -> dict[str, LocalFile]:
    """Return a local tree: `on_disk({"d/b.txt": "old"}, a="new")`."""
    return {path: _seen(path, file) for path, file in {**(files or {}), **more}.items()}


def on_figshare(
    files: Mapping[str, Record | list[Record]] | None = None,
    /,
    **more: Record | list[Record],
) -> tuple[RemoteFile, ...]:
    """Return records: `on_figshare(a=("17", "old"), b=[("18", "x"), ("19", "y")])`."""
    return tuple(
        _record(path, record)
        for path, given in {**(files or {}), **more}.items()
        for record in (given if isinstance(given, list) else [given])
    )


def agreed(
    files: Mapping[str, tuple[str, str]] | None = None, /, **more: tuple[str, str]
) -> dict[str, SyncedFile]:
    """Return a synced tree: `agreed(a=("17", "old"))`."""
    return {path: a_row(path, *row) for path, row in {**(files or {}), **more}.items()}


def _seen(path: str, file: Seen) -> LocalFile:
    if isinstance(file, LocalFile):
        return file
    if isinstance(file, Unknown):
        return a_vague_file(path, file)
    return a_file(path, file)


def _record(path: str, record: Record) -> RemoteFile:
    if isinstance(record, RemoteFile):
        return record
    if len(record) == 3:
        return a_vague_record(path, *record)
    return a_record(path, *record)
