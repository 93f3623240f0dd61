"""What the requests of killed processes tell: bytes sent twice, records deleted."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from figsync.sandbox.log import Entry
from tests.commands.desk import Desk
from tests.kill.people import People
from tests.world import md5

PART = re.compile(r"^/upload/(\w+)/(\d+)$")
SESSION = re.compile(r"^/upload/(\w+)$")
FILES = re.compile(r"/account/articles/(\d+)/files$")
FILE = re.compile(r"/account/articles/(\d+)/files/(\d+)$")


class PartKey(NamedTuple):
    token: str
    number: int


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was when its upload began."""

    path: str
    md5: str


class Judge:
    """Watches every request and keeps what must not have happened in *wrongs*."""

    def __init__(self, desk: Desk, people: People) -> None:
        self._desk, self._people = desk, people
        self.wrongs: list[str] = []
        self.seen: Counter[str] = Counter()
        self._records: dict[int, Record] = {}
        self._shown: set[PartKey] = set()
        desk.box.log.watch(self._watch)

    def _watch(self, entry: Entry) -> None:
        try:
            self._look_at(entry)
        except Exception as problem:  # else it would be a reply of the server
            self.wrongs.append(f"{entry.method} {entry.path}: {problem!r}")

    def _look_at(self, entry: Entry) -> None:
        if entry.status >= 400 or not entry.status:
            return
        if (part := PART.match(entry.path)) and entry.method == "PUT":
            self._part_came(PartKey(part[1], int(part[2])))
        elif (session := SESSION.match(entry.path)) and entry.method == "GET":
            self._session_was_read(session[1], entry)
        elif (files := FILES.search(entry.path)) and entry.method == "POST":
            self._initiated(int(files[1]))
        elif (file := FILE.search(entry.path)) and entry.method == "DELETE":
            self._deleted(int(file[1]), int(file[2]))
        elif entry.method == "DELETE":
            self.wrongs.append(f"DELETE {entry.path}")

    def _session_was_read(self, token: str, entry: Entry) -> None:
        """Note which parts figsync was told are complete."""
        for part in json.loads(entry.body)["parts"]:
            if part["status"] == "COMPLETE":
                self._shown.add(PartKey(token, part["partNo"]))
                self.seen["parts found complete"] += 1

    def _part_came(self, key: PartKey) -> None:
        self.seen["parts sent"] += 1
        if key in self._shown:
            self.wrongs.append(f"part {key.number} of {key.token} was sent again")

    def _initiated(self, item_id: int) -> None:
        self.seen["uploads begun"] += 1
        self.learn(item_id)

    def learn(self, item_id: int) -> None:
        """Remember the records that an item has now."""
        title = self._people.title_of(item_id)
        for file in self._desk.box.web.files(item_id):
            record = Record(f"{title}/{file.path}", file.supplied_md5 or file.true_md5)
            self._records[file.id] = record

    def _deleted(self, item_id: int, file_id: int) -> None:
        """Ask what allowed figsync to delete this record."""
        self.seen["records deleted"] += 1
        record = self._records[file_id]
        if record.path in self._people.deleted_here:
            return
        expected = self._people.expected.get(record.path)
        if "mine-" not in record.path or expected is None:
            self.wrongs.append(f"DELETE of {record.path}, which nobody deleted here")
        elif md5(expected) == record.md5:
            self.wrongs.append(f"DELETE of {record.path}, which is as it is here")
        elif self._is_synced(file_id) and not self._has_successor(item_id, file_id):
            self.wrongs.append(f"DELETE of {record.path} before its successor's proof")

    def _is_synced(self, file_id: int) -> bool:
        with self._desk.state() as state:
            rows = [state.files.synced(item_id) for item_id in state.items.all()]
        return str(file_id) in {file.file_id for row in rows for file in row.values()}

    def _has_successor(self, item_id: int, file_id: int) -> bool:
        """Tell whether a later record of the path is proven to be what was here.

        An upload may be concluded by a process that finds the file edited again.
        """
        web, path = self._desk.box.web, self._records[file_id].path
        title = self._people.title_of(item_id)
        wrote = {md5(content) for content in self._people.versions[path]}
        return any(
            file.id > file_id
            and f"{title}/{file.path}" == path
            and file.status == "available"
            and web.computed_md5(file.id) in wrote
            for file in web.files(item_id)
        )
