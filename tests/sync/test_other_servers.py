"""The whole loop against a server that differs in what Figshare does not promise."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from figsync.config import Config, load_config
from figsync.errors import FigshareProblem
from figsync.sync.engine import Wish
from figsync.sync.loop import Report, sync_until_quiet
from figsync.sync.opening import Means, owned_mirror
from figsync.sync.tasks import ThreadPool
from tests.second_server import TOKEN, Manners, SecondServer, serving
from tests.world import HOUR, TestClock

LARGE = Random(5).randbytes(2_500_000)  # three parts
SETTINGS = """
[account]
api_url = {api_url}
[mirror]
root = {folder}/mirror
[deletions]
grace = 0
[transfer]
requests_per_second = 0
workers = 4
[schedule]
settle = 1s
[state]
database = {folder}/state/state.db
"""

PLAIN = Manners()
DATA_4TU = Manners(
    ids="uuid",
    date_skew=None,
    rows="no dates",
    files_in_record=None,
    folders="missing",
    no_md5="null",
    new_status=None,
    statuses=(None,),
    created="location",
    downloads="downloader",
    states_quota=False,
    most_bytes=None,
)
OLD = Manners(
    protocol="HTTP/1.0",
    dates="naive",
    files_in_record=0,
    pages="none",
    created="header",
    deleted=205,
    completed=200,
    late_md5=3,
    statuses=("ic_checking", "strange", "available"),
)
WORDY = Manners(
    chunked=True,
    zipped=True,
    dates="micro",
    created="html",
    deleted=200,
    downloads="relative",
    parts=(700_000, 300_000, 1_200_000),
)
SHORT_OF_BREATH = Manners(
    breaks_every=7, throttles_every=6, throttle=(429, "html", ""), created="relative"
)
SMALL_PAGES = Manners(
    most_rows=10, closes=True, downloads="direct", states_size=False, completed=204
)
DATES_LIE = Manners(
    files_touch_item=False, date_skew=3600.0, dates="offset", folders="list"
)
NAMELESS = Manners(null_titles=True, new_status="pending", statuses=("available",))

EVERYBODY = {
    "as described": PLAIN,
    "like 4TU.ResearchData": DATA_4TU,
    "an old one": OLD,
    "a wordy one": WORDY,
    "short of breath": SHORT_OF_BREATH,
    "with small pages": SMALL_PAGES,
    "whose dates lie": DATES_LIE,
    "without titles": NAMELESS,
}


class Place:
    """A computer that mirrors an account on the second server, over real sockets."""

    def __init__(self, folder: Path, manners: Manners) -> None:
        self.folder = folder
        # File times are the real ones, so the clock starts where they are.
        self.clock = TestClock(time.time())
        self.server = SecondServer(self.clock.now, manners)
        self.root = folder / "mirror"
        self.config_path = folder / "config.ini"

    @property
    def config(self) -> Config:
        return load_config(self.config_path, {"HOME": str(self.folder)})

    def sync(self) -> Report:
        """Run `figsync sync` once, a minute after whatever was before."""
        self.clock.advance(60)
        self.server.log.clear()
        means = Means(TOKEN, self.clock, pool=ThreadPool(4), random=lambda: 0.5)
        with owned_mirror(self.config, means) as mirror:
            return sync_until_quiet(mirror, Wish(retry_now=True))

    def sync_well(self) -> Report:
        """Do the same and hold both sides against each other.

        A server that breaks off replies may hit one request again and again: then a
        sync ends with 1, and the next one has to repair it.
        """
        report = self.sync()
        tries = 3 if self.server.manners.breaks_every else 0
        while report.exit_code == 1 and tries:
            tries -= 1
            report = self.sync()
        assert (report.exit_code, report.problems) == (0, {}), report
        assert self.tree() == self.remote()
        return report

    def drop(self, path: str, content: bytes) -> None:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def wipe(self) -> None:
        shutil.rmtree(self.root)
        shutil.rmtree(self.folder / "state")

    def tree(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in self.root.rglob("*")
            if path.is_file() and not {".figsync", ".figshare"} & set(path.parts)
        }

    def remote(self) -> dict[str, bytes]:
        """Return what the account holds, by the folders that bear the items' ids."""
        found: dict[str, bytes] = {}
        for record_path in self.root.glob("*/.figshare/record.json"):
            record = json.loads(record_path.read_text())
            item = self.server.items[str(record["id"] or record["uuid"])]
            folder = record_path.parent.parent.name
            for path, content in item.tree().items():
                found[f"{folder}/{path}"] = content
        return found

    def asked(self, method: str, ending: str = "") -> int:
        """Return how many requests of a kind the last sync sent."""
        return sum(
            m == method and path.endswith(ending) for m, path, _ in self.server.log
        )

    def folder_of(self, item_id: str) -> str:
        (found,) = [
            path.parent.parent.name
            for path in self.root.glob("*/.figshare/record.json")
            if item_id in path.read_text()
        ]
        return found


@contextmanager
def place(folder: Path, manners: Manners) -> Iterator[Place]:
    made = Place(folder, manners)
    with serving(made.server) as api_url:
        made.config_path.write_text(SETTINGS.format(api_url=api_url, folder=folder))
        yield made


def below(folders: bool, path: str) -> str:
    """Return *path*, without its folders for a server that has none."""
    return path if folders else path.rpartition("/")[2]


@pytest.mark.parametrize("name", EVERYBODY)
def test_a_year_in_the_life_of_a_mirror(name: str, tmp_path: Path) -> None:
    manners = EVERYBODY[name]
    folders = manners.folders != "missing"
    with place(tmp_path, manners) as here:
        many = {below(folders, f"d{n % 3}/f{n}.txt"): b"%d" % n for n in range(25)}
        item = here.server.add_item("Many", many)
        here.server.add_item("Few", {"a.csv": b"1", "b.csv": b"2"})
        here.sync_well()
        assert len(here.tree()) == 27

        # A second sync is silent.
        assert here.sync_well().outcomes == []
        assert here.server.mutations() == []

        # A dropped folder goes up.
        here.drop("Dropped/large.bin", LARGE)
        here.drop(f"Dropped/{below(folders, 'x/y.txt')}", b"deep")
        here.drop("Dropped/small.txt", b"small")
        here.sync_well()
        assert here.sync_well().outcomes == []

        # Both sides edit, each another file.
        folder = here.folder_of(item)
        here.server.delete_file(item, below(folders, "d0/f0.txt"))
        here.server.add_file(item, below(folders, "d0/f0.txt"), b"from the web")
        here.drop(f"{folder}/{below(folders, 'd1/f1.txt')}", b"from here")
        if not manners.files_touch_item:
            here.clock.advance(HOUR)
        here.sync_well()
        assert b"from the web" in here.tree().values()
        assert b"from here" in here.tree().values()

        # Both sides delete, each another file.
        here.server.delete_file(item, below(folders, "d2/f2.txt"))
        (here.root / folder / below(folders, "d0/f3.txt")).unlink()
        here.sync_well()
        here.sync_well()
        assert len(here.server.items[item].files) == 23

        # A new computer has the same.
        before = sorted(here.tree().values())
        here.wipe()
        here.sync_well()
        assert sorted(here.tree().values()) == before
        assert here.server.mutations() == []
        assert here.server.leaks == []


def test_a_quiet_sync_does_not_read_items_with_many_files_again(
    tmp_path: Path,
) -> None:
    with place(tmp_path, PLAIN) as here:
        here.server.add_item("Many", {f"{n}.txt": b"%d" % n for n in range(25)})
        here.sync_well()

        here.sync_well()

        assert [path for _, path, _ in here.server.log] == [
            "/v2/account",
            "/v2/account/articles",
        ]


def test_without_dates_a_record_is_read_once_a_sync(tmp_path: Path) -> None:
    with place(tmp_path, Manners(rows="no dates")) as here:
        item = here.server.add_item("Few", {"a.csv": b"1"})

        report = here.sync_well()

        assert report.cycles > 1
        assert here.asked("GET", f"/articles/{item}") == 1


def test_an_upload_that_broke_off_goes_on_with_the_missing_parts(
    tmp_path: Path,
) -> None:
    with place(tmp_path, PLAIN) as here:
        here.sync_well()
        here.drop("Dropped/large.bin", LARGE)
        here.server.lose("PUT /upload/.*/2", times=1000, heard=False)
        assert here.sync().exit_code == 1

        here.server.lose("PUT /upload/.*/2", times=0)
        here.sync_well()

        assert here.asked("PUT") == 1
        assert here.asked("POST", "/files") == 0


def test_lost_replies_leave_nothing_twice(tmp_path: Path) -> None:
    with place(tmp_path, PLAIN) as here:
        here.drop("Dropped/a.txt", b"some bytes")
        here.server.lose("POST /v2/account/articles")
        here.server.lose("POST /v2/account/articles/[^/]+/files")
        here.server.lose("POST /v2/account/articles/[^/]+/files/[^/]+")

        for _ in range(4):
            here.sync()

        here.sync_well()
        assert here.server.mutations() == []
        assert len(here.server.items) == 1


def test_a_web_edit_that_no_date_tells_of_is_found_within_the_hour(
    tmp_path: Path,
) -> None:
    with place(tmp_path, Manners(files_touch_item=False)) as here:
        item = here.server.add_item("Soil cores", {"a.csv": b"1"})
        here.sync_well()

        here.server.add_file(item, "b.csv", b"2")
        here.clock.advance(HOUR)
        here.sync_well()
        assert here.tree()["Soil cores/b.csv"] == b"2"

        # Once it was so, dates are not trusted any more.
        here.server.add_file(item, "c.csv", b"3")
        here.sync_well()
        assert here.tree()["Soil cores/c.csv"] == b"3"


def test_finishing_an_upload_says_nothing_about_dates(tmp_path: Path) -> None:
    with place(tmp_path, PLAIN) as here:
        item = here.server.add_item("Soil cores", {"a.csv": b"1"})
        here.sync_well()
        here.drop("Soil cores/large.bin", LARGE)
        here.server.lose("PUT /upload/.*", times=1000, heard=False)
        here.sync()
        here.server.lose("PUT /upload/.*", times=0)
        here.sync()
        here.sync_well()

        here.sync_well()

        assert here.asked("GET", item) == 0


@pytest.mark.parametrize("complaints", ["html", "empty"])
def test_a_404_without_the_apis_words_deletes_nothing(
    complaints: str, tmp_path: Path
) -> None:
    manners = Manners(complaints="html" if complaints == "html" else "empty")
    with place(tmp_path, manners) as here:
        item = here.server.add_item("Soil cores", {"a.csv": b"1", "b.csv": b"2"})
        gone = here.server.add_item("Gone", {"c.csv": b"3"})
        here.sync_well()

        here.server.delete_file(item, "a.csv")
        here.server.add_file(item, "d.csv", b"4")
        del here.server.items[gone]
        here.sync()
        here.sync()

        assert sorted(here.tree().values()) == [b"1", b"2", b"3", b"4"]


def test_a_list_that_lacks_files_which_answer_is_not_believed(tmp_path: Path) -> None:
    manners = Manners(states_size=False, folders="null", files_in_record=0)
    with place(tmp_path, manners) as here:
        files = {f"{n}.txt": b"%d" % n for n in range(60)}
        item = here.server.add_item("Soil cores", files)
        here.sync_well()

        here.server.manners = replace(manners, pages="first", most_rows=20)
        here.server.add_file(item, "one more.txt", b"wakes the item")
        here.sync()
        here.sync()

        assert len(here.tree()) == 60


def test_a_server_that_keeps_no_folders_gets_no_flat_copies(tmp_path: Path) -> None:
    with place(tmp_path, Manners(folders="lost")) as here:
        here.drop("Dropped/a/x.txt", b"1")
        here.drop("Dropped/b/x.txt", b"2")
        here.drop("Dropped/top.txt", b"3")

        report = here.sync()

        assert report.exit_code == 4
        (item,) = here.server.items.values()
        assert item.tree() == {"top.txt": b"3"}
        assert len(item.files) == 1
        assert len(here.tree()) == 3


@pytest.mark.parametrize("body", ["json", "html"])
def test_a_throttle_that_says_403_ends_nothing_for_good(
    body: str, tmp_path: Path
) -> None:
    with place(tmp_path, PLAIN) as here:
        here.server.add_item("Soil cores", {f"{n}.csv": b"%d" % n for n in range(9)})
        here.server.manners = Manners(throttles_every=7, throttle=(403, body, ""))
        with suppress(FigshareProblem):
            here.sync()

        here.server.manners = PLAIN
        here.sync_well()
        assert len(here.tree()) == 9


def test_the_command_line_mirrors_it_too(tmp_path: Path) -> None:
    with place(tmp_path, replace(WORDY, ids="uuid")) as here:
        here.server.add_item("Soil cores", {"raw/a.csv": b"1"})
        here.drop("Dropped/large.bin", LARGE)

        first, second = figsync_sync(here), figsync_sync(here)

        assert here.tree() == here.remote()
        assert len(here.tree()) == 2
        assert (first["bytes_up"], first["failed"]) == (len(LARGE), 0)
        assert (second["done"], second["bytes_up"], second["bytes_down"]) == (0, 0, 0)


def figsync_sync(here: Place) -> dict[str, object]:
    """Run the command as a person would and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "figsync", "--config", str(here.config_path)]
        + ["sync", "--json"],
        env=os.environ | {"FIGSYNC_TOKEN": TOKEN, "HOME": str(here.folder)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
