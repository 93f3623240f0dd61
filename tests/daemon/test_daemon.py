"""The daemon as people use it: they drop files, and it does the rest."""

from __future__ import annotations

import shutil
from pathlib import Path

from figsync.clock import SystemClock
from figsync.daemon.inbox import Due
from figsync.sync.activity import Phase
from tests.daemon.house import House, wait_for


def uploads(house: House) -> list[str]:
    """Return the requests that begin an upload: each makes one record."""
    return [
        request
        for request in house.mutations()
        if request.startswith("POST") and request.endswith("/files")
    ]


class TestADroppedFile:
    def test_arrives_once(self, house: House) -> None:
        with house.daemon():
            house.drop("Soil cores/core 1.csv", "depth,ph\n")
            wait_for(lambda: house.remote() == {"Soil cores/core 1.csv": b"depth,ph\n"})
        assert len(uploads(house)) == 1

    def test_is_sent_only_when_it_is_still(self, house: House) -> None:
        with house.daemon():
            path = house.drop("Soil/log.csv", "")
            with path.open("a") as file:
                for row in range(20):
                    file.write(f"row {row}\n")
                    file.flush()
                    SystemClock().wait(0.05)
            whole = path.read_bytes()
            wait_for(lambda: house.remote() == {"Soil/log.csv": whole})
        assert len(uploads(house)) == 1

    def test_saved_by_temp_and_rename_arrives_once(self, house: House) -> None:
        with house.daemon():
            house.drop("Soil/paper.txt", "first")
            wait_for(lambda: house.remote() == {"Soil/paper.txt": b"first"})
            for text in ("second", "third"):
                saved = house.drop("Soil/.paper.tmp", text)
                saved.rename(house.root / "Soil" / "paper.txt")
            wait_for(lambda: house.remote() == {"Soil/paper.txt": b"third"})
            wait_for(lambda: house.agreed())
        assert len(uploads(house)) == 2

    def test_copied_with_a_folder_each_file_arrives_once(
        self, house: House, tmp_path: Path
    ) -> None:
        source = tmp_path / "source"
        for number in range(60):
            path = source / f"part {number % 3}" / f"file {number}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"content {number}")
        with house.daemon():
            shutil.copytree(source, house.root / "Copied")
            wait_for(lambda: len(house.remote()) == 60)
            wait_for(lambda: house.agreed())
        assert len(uploads(house)) == 60

    def test_does_not_wait_for_the_end_of_a_long_upload(self, house: House) -> None:
        house.longest_cycle = 1.0
        house.box.switches.upload_latency = 0.5
        big = bytes(range(256)) * (128 * 256)  # 128 parts, at least 8 seconds
        house.drop("Big/file.bin", big)
        with house.daemon():
            wait_for(lambda: any("PUT" in m for m in house.mutations()))
            house.drop("Small/a.csv", "depth")
            wait_for(lambda: "Small/a.csv" in house.remote())
            assert "Big/file.bin" not in house.remote()
            house.box.switches.upload_latency = 0
            wait_for(lambda: house.remote().get("Big/file.bin") == big)
        sent = [m for m in house.mutations() if m.startswith("PUT")]
        assert len(sent) == len(set(sent)), "a part was sent twice"

    def test_in_the_root_becomes_an_item(self, house: House) -> None:
        loose = house.drop("notes.txt", "to be filed")
        with house.daemon():
            wait_for(lambda: (a := house.activity()) and a.phase is Phase.IDLE)
            assert loose.exists(), "it has to be still for a minute"


class TestWhatHappensOnTheWeb:
    def test_comes_down_when_a_pull_is_due(self, house: House) -> None:
        item = house.box.web.create_item("Ice cores")
        house.box.web.add_file(item, "ice.csv", b"from the web")
        with house.daemon() as running:
            wait_for(lambda: house.tree() == {"Ice cores/ice.csv": b"from the web"})
            house.box.web.add_file(item, "more.csv", b"later")
            assert running.daemon is not None
            running.daemon.put(Due("pull"))
            wait_for(lambda: len(house.tree()) == 2)
        assert house.agreed()


# Long enough for what was written to be seen, to be still, and to be looked at.
ECHO = 1.5


class TestItsOwnWrites:
    def test_cause_no_request(self, house: House) -> None:
        item = house.box.web.create_item("Ice cores")
        for number in range(5):
            house.box.web.add_file(item, f"ice {number}.csv", b"bytes" * (number + 1))
        with house.daemon():
            wait_for(lambda: len(house.tree()) == 5)
            wait_for(lambda: (a := house.activity()) and a.phase is Phase.IDLE)
            before = house.requests()
            SystemClock().wait(ECHO)
            assert house.requests() == before
