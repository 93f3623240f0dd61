"""`figsync why`: what it prints, without a network, a token or a trace."""

import shlex

from tests.commands.desk import Desk, everything_below

FILE = "Soil cores/a.csv"


def with_a_deletion_that_waits(desk: Desk) -> None:
    desk.configure(deletions__grace="24h")
    desk.drop(FILE, "precious")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    (desk.root / FILE).unlink()
    desk.ok("sync")
    desk.box.log.clear()


def test_a_page_says_what_decides_and_what_one_can_do(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    lines = desk.ok("why", FILE).splitlines()

    assert lines[0] == FILE
    assert [line.partition(":")[0] for line in lines[1:]] == [
        "Item",
        "Here",
        "Figshare",
        "Synced",
        "Rule",
        "Decision",
        "You can",
        "History",
    ]
    assert lines[-1].endswith("Uploaded: Soil cores/a.csv")


def test_json_is_one_object(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)
    (item,) = desk.box.web.item_ids()

    told = desk.json("why", str(desk.root / FILE))

    assert told["path"] == FILE
    assert told["item_id"] == str(item)
    assert told["mode"] == "mirrored"
    assert told["presence"] == "listed"
    assert told["local"]["change"] == "gone"
    assert told["local"]["missed_since"] is not None
    assert told["remote"]["change"] == "same"
    assert told["remote"]["bytes"] == told["synced"]["bytes"] == 8
    (step,) = told["decisions"]
    assert step["kind"] == "DeleteRemote"
    assert step["result"] == "waiting"
    assert step["until"] == desk.json("held")[0]["until"]
    assert step["remedy"] == f'`figsync restore "{FILE}"` brings it back instead'
    assert [row["kind"] for row in told["history"]] == ["Upload"]


def test_json_of_a_folder_counts_its_files(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    told = desk.json("why", "Soil cores/")

    assert told["files"] == {"local": 1, "remote": 2, "synced": 2}
    assert "local" not in told


def test_the_numbers_are_those_of_held(desk: Desk) -> None:
    desk.drop(FILE)
    desk.drop("Soil cores/b.csv")
    desk.drop("Water/c.csv")
    desk.ok("sync")
    for path in (desk.root / "Soil cores").glob("*.csv"):
        path.unlink()
    desk.call("sync")
    numbers = {row["path"]: row["id"] for row in desk.json("held")}

    (step,) = desk.json("why", FILE)["decisions"]

    assert step["ids"] == [numbers["a.csv"]]
    assert f"figsync approve {numbers['a.csv']}" in step["remedy"]


def test_asking_sends_nothing_and_leaves_no_trace(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)
    desk.drop("Soil cores/new.csv", "never hashed")
    before = everything_below(desk.home)

    desk.ok("why", FILE)
    desk.ok("why", "Soil cores")
    desk.ok("why", "Soil cores/new.csv")
    desk.ok("why", "never/seen")

    assert everything_below(desk.home) == before
    assert desk.box.log.count() == 0


def test_no_network_is_needed_and_the_failure_of_the_last_sync_is_told(
    desk: Desk,
) -> None:
    with_a_deletion_that_waits(desk)
    desk.configure(account__api_url="http://127.0.0.1:9/v2", deletions__grace="24h")
    assert desk.call("sync").exit_code == 6

    out = desk.ok("why", FILE)

    assert "delete on Figshare: waits until " in out
    assert "Note:      the last sync did not come to its end: " in out


def test_a_running_figsync_is_not_in_the_way(desk: Desk) -> None:
    with_a_deletion_that_waits(desk)

    with desk.owned_elsewhere():
        assert "delete on Figshare: waits until " in desk.ok("why", FILE)


def test_before_the_first_sync_nothing_is_created(desk: Desk) -> None:
    out = desk.ok("why", FILE)

    assert "it is nowhere" in out
    assert not desk.root.exists()
    assert not desk.config.database.exists()


def test_a_path_outside_of_the_mirror_is_refused(desk: Desk) -> None:
    for path in ("/etc/passwd", "../x", "."):
        result = desk.call("why", path)

        assert result.exit_code == 2
        assert "it is not a path below the mirror root" in result.stderr


def test_names_can_not_play_with_the_screen(desk: Desk) -> None:
    desk.drop("Soil cores/\x1b[31mred.csv")

    out = desk.ok("why", "Soil cores/\x1b[31mred.csv")

    assert "\x1b" not in out


def test_a_command_that_is_told_can_be_typed_as_it_is(desk: Desk) -> None:
    folder = 'A "b" $HOME `c` it\'s! \\d'
    desk.configure(deletions__grace="24h")
    desk.drop(f"{folder}/a.csv")
    desk.drop(f"{folder}/b.csv")
    desk.ok("sync")
    (desk.root / folder / "a.csv").unlink()

    (step,) = desk.json("why", f"{folder}/a.csv")["decisions"]

    typed = step["remedy"].partition(" brings")[0].removeprefix("`")[:-1]
    assert shlex.split(typed) == ["figsync", "restore", f"{folder}/a.csv"]
    assert f'"{folder}' not in typed
