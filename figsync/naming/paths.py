"""Remote folders and verbatim names into local paths, the same ones every time."""

from __future__ import annotations

from collections.abc import (
    Callable,
    Container,
    Hashable,
    Iterable,
    Iterator,
    Mapping,
)
from typing import TypeVar
from unicodedata import normalize

from figsync.naming.components import (
    MAX_DEPTH,
    MAX_PATH_BYTES,
    byte_length,
    flaw,
    fold,
    folders_above,
    made_safe,
    tags,
)
from figsync.naming.copies import is_conflict_copy

K = TypeVar("K", bound=Hashable)


def remote_path(folder: str, name: str) -> str:
    """Return the path of a record in its item, verbatim but for the outer slashes."""
    folder = folder.strip("/")
    return f"{folder}/{name}" if folder else name


def local_path(folder: str, name: str, *, portable: bool) -> str:
    """Return the safe path, relative to the item folder, of a record seen alone.

    It never leads outside, and equals `remote_path` where nothing had to change.
    """
    alone = _Assignment(portable=portable, key=str)
    return alone.place(remote_path(folder, name))


def assign_paths(
    remote: Iterable[tuple[K, str, str]],
    remembered: Mapping[str, str],
    *,
    portable: bool,
    case_sensitive: bool,
    normalises: bool,
) -> dict[K, str]:
    """Return the local path of each (key, folder, name) of one item.

    Different remote paths get local paths that the file system tells apart; equal
    ones share theirs, and folders may share one where their names come out equal.
    *remembered* (remote to local path) stays.
    """
    wanted = {key: remote_path(folder, name) for key, folder, name in remote}
    key = _comparison(case_sensitive=case_sensitive, normalises=normalises)
    assignment = _Assignment(portable=portable, key=key)
    paths = sorted(set(wanted.values()))
    for path in paths:
        if path in remembered:
            assignment.keep(path, remembered[path])
    fresh = [path for path in paths if path not in assignment.files]
    # Folders come before files: where both want one name, the file gives way.
    for path in fresh:
        assignment.enter(path)
    for path in fresh:
        assignment.place(path)
    return {key: assignment.files[path] for key, path in wanted.items()}


def _comparison(*, case_sensitive: bool, normalises: bool) -> Callable[[str], str]:
    if not case_sensitive:
        return fold
    return _normal if normalises else str


def _normal(path: str) -> str:
    return normalize("NFC", path)


class _Assignment:
    """The local paths given so far, and which of them are taken."""

    def __init__(self, *, portable: bool, key: Callable[[str], str]) -> None:
        self.files: dict[str, str] = {}
        self._folders: dict[str | None, str] = {None: ""}
        self._entered: set[str] = set()
        self._taken: dict[str, bool] = {}
        self._portable = portable
        self._key = key

    def keep(self, path: str, local: str) -> None:
        """Give *path* its remembered *local* path, unless another has it."""
        above = list(folders_above(local))
        if self._key(local) in self._taken or any(map(self._is_file, above)):
            return
        self.files[path] = local
        self._taken[self._key(local)] = True
        for remote_folder, local_folder in self._pairs(path, above):
            self._folders.setdefault(remote_folder, local_folder)
        for folder in above:
            self._taken[self._key(folder)] = False
            self._entered.add(folder)

    def _is_file(self, local: str) -> bool:
        return self._taken.get(self._key(local), False)

    @staticmethod
    def _pairs(path: str, above: list[str]) -> Iterable[tuple[str, str]]:
        folders = list(folders_above(path)) if path.count("/") < MAX_DEPTH else []
        return zip(folders, above, strict=True) if len(folders) == len(above) else ()

    def enter(self, path: str) -> None:
        """Name the folders of *path*."""
        if path.count("/") < MAX_DEPTH:
            self._folder(_split(path)[0])

    def place(self, path: str) -> str:
        """Name the file *path* and return its local path."""
        local = ""
        if path.count("/") < MAX_DEPTH:
            folder, name = _split(path)
            # An ordinary record must not look like what figsync puts aside.
            spell = self._marked if is_conflict_copy(name) else self._spellings
            local = self._free(self._folder(folder), spell(name, path))
        if not local or byte_length(local) > MAX_PATH_BYTES:
            local = self._free("", self._marked(_split(path)[1], path))
        self._taken[self._key(local)] = True
        self.files[path] = local
        return local

    def _folder(self, remote: str | None) -> str:
        if remote is not None and remote not in self._folders:
            above, name = _split(remote)
            # A person may save into a folder that was named here, so that its name
            # is on Figshare too: both then are this folder, their files differ.
            names = self._spellings(name, remote)
            local = self._free(self._folder(above), names, or_in=self._entered)
            self._folders[remote] = local
            self._taken[self._key(local)] = False
            self._entered.add(local)
        return self._folders[remote]

    def _free(
        self, folder: str, spellings: Iterator[str], *, or_in: Container[str] = ()
    ) -> str:
        paths = (f"{folder}/{name}" if folder else name for name in spellings)
        return next(
            path
            for path in paths
            if self._key(path) not in self._taken or path in or_in
        )

    def _spellings(self, name: str, remote: str) -> Iterator[str]:
        if flaw(name, portable=self._portable) is None:
            yield name
        yield from self._marked(name, remote)

    def _marked(self, name: str, remote: str) -> Iterator[str]:
        for tag in tags(remote):
            yield made_safe(name, tag, portable=self._portable)


def _split(path: str) -> tuple[str | None, str]:
    """Return the folder of *path*, None at the top of the item, and the last name."""
    folder, slash, name = path.rpartition("/")
    return (folder if slash else None), name
