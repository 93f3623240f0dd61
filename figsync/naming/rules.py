"""Ignore rules in gitignore syntax: the defaults, the configured, those of folders."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from figsync.naming.components import folders_above

IGNORE_FILE = ".figsyncignore"
DEFAULT_IGNORES = (
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "._*",
    "~$*",
    ".~lock.*#",
    "*.swp",
    "*.part",
    "*.crdownload",
    ".git/",
)
# Deeper folders of a remote path are not looked at; no file system has them.
_MAX_LEVELS = 256


def is_root_name_ignored(name: str) -> bool:
    """Tell whether a name directly in the mirror root is none of figsync's business."""
    return name.startswith(".")


def _one_expression(patterns: Sequence[str]) -> re.Pattern[str]:
    """Return what matches one component, a slash after it if it is a folder."""
    escaped = (re.escape(pattern).replace(r"\*", "[^/]*") for pattern in patterns)
    return re.compile(
        "|".join(f"{e}{'' if e.endswith('/') else '/?'}" for e in escaped)
    )


_DEFAULTS = _one_expression(DEFAULT_IGNORES)


@dataclass(frozen=True, slots=True)
class _Line:
    """One pattern: which paths it means, and whether it ignores or brings back."""

    expression: re.Pattern[str]
    ignores: bool
    folders_only: bool

    def means(self, path: str, *, is_dir: bool) -> bool:
        """Tell whether the pattern matches *path* itself, not a folder above it."""
        if not self.folders_only:
            # pathspec's only named group is the slash after a folder above.
            match = self.expression.search(path)
            return match is not None and match.lastgroup is None
        marked = f"{path}/"
        matches = self.expression.finditer(marked) if is_dir else ()
        return any(match.end() == len(marked) for match in matches)


@dataclass(frozen=True, slots=True)
class _Layer:
    """The lines that one folder says about everything below it."""

    folder: str
    text: tuple[str, ...]
    lines: tuple[_Line, ...]

    def verdict(self, path: str, *, is_dir: bool) -> bool | None:
        """Return what the last line that means *path* says, None if none does."""
        if self.folder:
            if not path.startswith(f"{self.folder}/"):
                return None
            path = path[len(self.folder) + 1 :]
        for line in reversed(self.lines):
            if line.means(path, is_dir=is_dir):
                return line.ignores
        return None


def _layer(folder: str, text: Sequence[str]) -> _Layer:
    return _Layer(folder, tuple(text), tuple(_lines(text)))


def _lines(text: Sequence[str]) -> Iterator[_Line]:
    for written in text:
        try:
            pattern = GitIgnoreSpecPattern(_spelled_out(written))
        except GitIgnorePatternError:
            continue  # As in git, a malformed line means nothing.
        if pattern.include is not None and pattern.regex is not None:
            folders_only = written.rstrip().endswith("/")
            yield _Line(pattern.regex, pattern.include, folders_only)


def _spelled_out(written: str) -> str:
    # pathspec takes `folder/**/` for the folder, git for the folders in it.
    line = written.rstrip()
    return f"{line}*/" if line.endswith("/**/") else written


class IgnoreRules:
    """What neither side looks at, over paths relative to the mirror root; immutable."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._layers: tuple[_Layer, ...] = (_layer("", patterns),)
        self._last_folder = ("", False)

    def nested(self, prefix: str, lines: Sequence[str]) -> IgnoreRules:
        """Return these rules and those of *prefix*/.figsyncignore; deeper ones win."""
        layers = (*self._layers, _layer(prefix.strip("/"), lines))
        combined = IgnoreRules()
        combined._layers = tuple(sorted(layers, key=_depth))
        return combined

    def ignored(self, path: str, is_dir: bool) -> bool:
        """Tell whether *path* or a folder above it is ignored."""
        folder, _, name = path.rpartition("/")
        return self._folder_ignored(folder) or self._says(path, name, is_dir=is_dir)

    @property
    def fingerprint(self) -> str:
        """A short text that changes when the rules do."""
        said = sorted((layer.folder, layer.text) for layer in self._layers)
        whole = repr((DEFAULT_IGNORES, [entry for entry in said if entry[1]]))
        return hashlib.sha256(whole.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def _folder_ignored(self, folder: str) -> bool:
        known, ignored = self._last_folder
        if folder == known:
            return ignored
        above = itertools.islice(folders_above(f"{folder}/"), _MAX_LEVELS)
        ignored = any(
            self._says(at, at.rpartition("/")[2], is_dir=True) for at in above
        )
        self._last_folder = (folder, ignored)
        return ignored

    def _says(self, path: str, name: str, *, is_dir: bool) -> bool:
        for layer in reversed(self._layers):
            verdict = layer.verdict(path, is_dir=is_dir)
            if verdict is not None:
                return verdict
        return _DEFAULTS.fullmatch(f"{name}/" if is_dir else name) is not None


def _depth(layer: _Layer) -> int:
    return layer.folder.count("/") + 1 if layer.folder else 0
