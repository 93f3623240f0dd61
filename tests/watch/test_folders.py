"""Which folder an event is about, and which folders are worth a watch."""

from __future__ import annotations

import pytest

from figsync.watch.folders import folder_of, is_watched


@pytest.mark.parametrize(
    ("path", "is_folder", "folder"),
    [
        ("Earth", True, "Earth"),
        ("Earth/a.csv", False, "Earth"),
        ("Earth/raw/2026/a.csv", False, "Earth"),
        ("Earth/.hidden", False, "Earth"),
        ("loose.csv", False, ""),
        (".figsyncignore", False, ""),
        ("Earth/.figsyncignore", False, "Earth"),
        (".hidden", True, None),
        (".hidden/a.csv", False, None),
        (".figsync/owner.json", False, None),
        ("Earth/.figshare", True, "Earth"),
        ("Earth/.figshare/record.json", False, None),
        ("Earth/raw/.figshare", True, None),
        ("Earth/raw/.figshare/a.csv", False, None),
        ("Earth/.figsync/a.csv", False, None),
    ],
)
def test_a_path_is_about_a_folder_of_the_root(
    path: str, is_folder: bool, folder: str | None
):
    assert folder_of(path, is_folder=is_folder) == folder


@pytest.mark.parametrize(
    ("path", "watched"),
    [
        ("", True),
        ("Earth", True),
        ("Earth/raw", True),
        ("Earth/.git", True),
        (".figsync", True),
        (".figsync/tmp", False),
        (".figsync/trash/2026-11-20T153012Z", False),
        ("Earth/.figshare", False),
        (".git", False),
        (".git/objects", False),
    ],
)
def test_a_watch_is_spent_where_people_work(path: str, watched: bool):
    assert is_watched(path) is watched
