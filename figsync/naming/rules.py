"""Ignore rules in gitignore syntax: the defaults, the configured, those of folders."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module

from figsync.naming.components import folders_above

IGNORE_FILE = ".figsyncignore"
CONFIGURED = "[mirror] ignore"
ALWAYS = "the rules that always hold"
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
class Rule:
    """The pattern that keeps *path* out, and where it is written.

    *path* is what was asked about, or a folder above it.
    """

    pattern: str
    source: str
    path: str


@dataclass(frozen=True, slots=True)
class _Line:
    """One pattern: which paths it means, and whether it ignores or brings back."""

    text: str
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
    source: str
    text: tuple[str, ...]
    lines: tuple[_Line, ...]

    def deciding(self, path: str, *, is_dir: bool) -> _Line | None:
        """Return the last line that means *path*, None if none does."""
        if self.folder:
            if not path.startswith(f"{self.folder}/"):
                return None
            path = path[len(self.folder) + 1 :]
        for line in reversed(self.lines):
            if line.means(path, is_dir=is_dir):
                return line
        return None


def _layer(folder: str, text: Sequence[str], source: str) -> _Layer:
    return _Layer(folder, source, tuple(text), tuple(_lines(text)))


def _lines(text: Sequence[str]) -> Iterator[_Line]:
    if not text:
        return
    # Most mirrors have no patterns of their own, and need no library for them.
    meaning = import_module("figsync.naming.gitignore").meaning
    for written in text:
        if found := meaning(written):
            expression, ignores = found
            folders_only = written.rstrip().endswith("/")
            yield _Line(written, expression, ignores, folders_only)


class IgnoreRules:
    """What neither side looks at, over paths relative to the mirror root; immutable."""

    def __init__(self, patterns: Sequence[str] = ()) -> None:
        self._layers: tuple[_Layer, ...] = (_layer("", patterns, CONFIGURED),)
        self._last_folder = ("", False)
        self._fingerprint = ""

    def nested(self, prefix: str, lines: Sequence[str]) -> IgnoreRules:
        """Return these rules and those of *prefix*/.figsyncignore; deeper ones win."""
        folder = prefix.strip("/")
        source = f"{folder}/{IGNORE_FILE}".lstrip("/")
        layers = (*self._layers, _layer(folder, lines, source))
        combined = IgnoreRules()
        combined._layers = tuple(sorted(layers, key=_depth))
        return combined

    def ignored(self, path: str, is_dir: bool) -> bool:
        """Tell whether *path* or a folder above it is ignored."""
        folder, _, name = path.rpartition("/")
        return self._folder_ignored(folder) or self._says(path, name, is_dir=is_dir)

    def rule(self, path: str, is_dir: bool) -> Rule | None:
        """Return what makes `ignored` say so, None where *path* is not ignored."""
        above = list(itertools.islice(folders_above(path), _MAX_LEVELS))
        looked_at = [*((at, True) for at in above), (path, is_dir)]
        rules = (self._rule_at(at, is_dir=folder) for at, folder in looked_at)
        return next((rule for rule in rules if rule is not None), None)

    def _rule_at(self, path: str, *, is_dir: bool) -> Rule | None:
        name = path.rpartition("/")[2]
        if not self._says(path, name, is_dir=is_dir):
            return None
        for layer in reversed(self._layers):
            if line := layer.deciding(path, is_dir=is_dir):
                return Rule(line.text, layer.source, path)
        marked = f"{name}/" if is_dir else name
        fits = (p for p in DEFAULT_IGNORES if _one_expression([p]).fullmatch(marked))
        return Rule(next(fits), ALWAYS, path)

    @property
    def fingerprint(self) -> str:
        """A short text that changes when the rules do."""
        self._fingerprint = self._fingerprint or self._summed()
        return self._fingerprint

    def _summed(self) -> str:
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
            line = layer.deciding(path, is_dir=is_dir)
            if line is not None:
                return line.ignores
        return _DEFAULTS.fullmatch(f"{name}/" if is_dir else name) is not None


def _depth(layer: _Layer) -> int:
    return layer.folder.count("/") + 1 if layer.folder else 0
