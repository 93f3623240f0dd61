from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from figsync.config import (
    KEYS,
    Config,
    Key,
    load_config,
    refused_changes,
    taken_changes,
)


def configured(folder: Path, text: str = "") -> Config:
    path = folder / "config.ini"
    path.write_text(text)
    return load_config(path, {"HOME": str(folder)})


def test_the_same_file_read_again_changes_nothing(tmp_path: Path):
    old, new = configured(tmp_path), configured(tmp_path)

    assert (refused_changes(old, new), taken_changes(old, new)) == ([], [])


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("[account]\napi_url = https://api.figsh.com/v2", "account.api_url"),
        ("[account]\nimpersonate = 7", "account.impersonate"),
        ("[mirror]\nroot = ~/Elsewhere", "mirror.root"),
        ("[state]\ndatabase = ~/state.db", "state.database"),
    ],
)
def test_what_the_state_is_bound_to_needs_a_restart(
    tmp_path: Path, text: str, name: str
):
    old, new = configured(tmp_path), configured(tmp_path, text)

    assert (refused_changes(old, new), taken_changes(old, new)) == ([name], [])


def test_both_kinds_are_told_apart_in_one_file(tmp_path: Path):
    old = configured(tmp_path)
    new = configured(
        tmp_path,
        "[mirror]\nroot = ~/Elsewhere\nignore =\n  *.tmp\n"
        "[transfer]\nbandwidth_limit = 8:00-9:00 2M\n[schedule]\npull_every = 1h\n",
    )

    assert refused_changes(old, new) == ["mirror.root"]
    assert taken_changes(old, new) == [
        "mirror.ignore",
        "transfer.bandwidth_limit",
        "schedule.pull_every",
    ]


def test_the_same_value_in_other_words_is_no_change(tmp_path: Path):
    old = configured(tmp_path, "[schedule]\npull_every = 15m\n")
    new = configured(tmp_path, "[schedule]\npull_every = 900s\n")

    assert taken_changes(old, new) == []


@pytest.mark.parametrize("key", KEYS, ids=lambda key: str(key.full_name))
def test_no_change_goes_unnoticed(tmp_path: Path, key: Key):
    old = configured(tmp_path)
    section = replace(getattr(old, key.section), **{key.name: object()})
    new = replace(old, **{key.section: section})

    assert refused_changes(old, new) + taken_changes(old, new) == [key.full_name]
