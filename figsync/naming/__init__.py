"""Titles and remote names into safe paths; ignore rules; names of conflict copies."""

from figsync.naming.components import (
    RESERVED_NAMES,
    fold,
    folders_above,
    split_extension,
)
from figsync.naming.copies import (
    conflict_name,
    is_conflict_copy,
    original_of,
    record_suffix,
    with_suffix,
)
from figsync.naming.paths import assign_paths, local_path, remote_path
from figsync.naming.rules import (
    DEFAULT_IGNORES,
    IGNORE_FILE,
    IgnoreRules,
    Rule,
    is_root_name_ignored,
)
from figsync.naming.text import shortcut, shown, size_text, uploadable_name
from figsync.naming.titles import folder_name, title_from_folder, unique_name

__all__ = [
    "DEFAULT_IGNORES",
    "IGNORE_FILE",
    "RESERVED_NAMES",
    "IgnoreRules",
    "Rule",
    "assign_paths",
    "conflict_name",
    "fold",
    "folder_name",
    "folders_above",
    "is_conflict_copy",
    "is_root_name_ignored",
    "local_path",
    "original_of",
    "record_suffix",
    "remote_path",
    "shortcut",
    "shown",
    "size_text",
    "split_extension",
    "title_from_folder",
    "unique_name",
    "uploadable_name",
    "with_suffix",
]
