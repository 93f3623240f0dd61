"""`figsync doctor`: each thing a mirror needs, each fault with a remedy."""

import sqlite3

from tests.commands.desk import Desk, everything_below

SUBJECTS = {
    "configuration",
    "token",
    "Figshare",
    "quota",
    "clock",
    "database",
    "hosts",
    "root",
    "disk space",
    "watch limit",
    "lock",
    "folders",
}


def wrong(desk: Desk) -> dict[str, str]:
    """Return the remedy for each thing that is not well."""
    found = desk.json("doctor")
    return {one["subject"]: one["remedy"] for one in found if not one["ok"]}


def test_all_is_well_after_a_sync(desk: Desk) -> None:
    desk.drop("Soil cores/raw/a.csv")
    desk.ok("sync")

    found = desk.json("doctor")

    assert {one["subject"] for one in found} == SUBJECTS
    assert wrong(desk) == {}
    assert desk.ok("doctor").count("\n") == len(SUBJECTS)


def test_all_is_well_before_the_first_sync_and_nothing_is_made(desk: Desk) -> None:
    before = everything_below(desk.home)

    assert wrong(desk) == {}
    assert everything_below(desk.home) == before


def test_without_a_configuration_that_is_all_there_is_to_say(desk: Desk) -> None:
    desk.config_path.unlink()

    assert wrong(desk).keys() == {"configuration"}
    assert "run `figsync init`" in desk.ok("doctor")


def test_a_token_others_can_read(desk: Desk) -> None:
    desk.token_path.chmod(0o644)

    assert "chmod 600" in wrong(desk)["configuration"]


def test_a_token_that_is_refused(desk: Desk) -> None:
    desk.token_path.write_text("wrong")

    assert wrong(desk).keys() == {"Figshare"}


def test_a_root_that_is_gone(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    desk.root.rename(desk.home / "elsewhere")

    assert "mount or move the right folder back" in wrong(desk)["root"]


def test_a_quota_that_is_nearly_used_up(desk: Desk) -> None:
    desk.box.switches.quota = 10
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_file(item, "a", b"0123456789")

    assert "ask Figshare for more" in wrong(desk)["quota"]


def test_a_clock_that_is_wrong(desk: Desk) -> None:
    desk.box.clock.advance(3600)

    assert "NTP" in wrong(desk)["clock"]


def test_a_database_that_is_damaged(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    with sqlite3.connect(desk.config.database) as db:
        db.execute("UPDATE items SET checksum = 'altered'")
    db.close()

    assert "rebuilds it" in wrong(desk)["database"]
