"""One line in gitignore syntax into the paths that it means (pure)."""

from __future__ import annotations

import re

from pathspec.patterns.gitignore.base import GitIgnorePatternError
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern


def meaning(written: str) -> tuple[re.Pattern[str], bool] | None:
    """Return which paths a line means, and whether it ignores or brings them back.

    None where it means nothing, as in git a malformed one does.
    """
    try:
        pattern = GitIgnoreSpecPattern(_spelled_out(written))
    except GitIgnorePatternError:
        return None
    if pattern.include is None or pattern.regex is None:
        return None
    return pattern.regex, pattern.include


def _spelled_out(written: str) -> str:
    # pathspec takes `folder/**/` for the folder, git for the folders in it.
    line = written.rstrip()
    return f"{line}*/" if line.endswith("/**/") else written
