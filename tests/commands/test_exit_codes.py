"""The exit codes, one by one."""

import json
import shutil

import pytest

from figsync.commands import cli
from figsync.commands.codes import MEANINGS, strongest
from figsync.sandbox import Fault
from tests.commands.desk import Desk, wait_for


def test_0_in_sync(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/empty", "")

    assert desk.run("sync").returncode == 0


def test_1_some_actions_failed(desk: Desk) -> None:
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_file(item, "a.csv", b"1,2")
    desk.box.switches.waf_downloads = 403

    result = desk.run("sync")

    assert result.returncode == 1
    assert "Could not download: Soil cores/a.csv: " in result.stdout


def test_2_wrong_usage(desk: Desk) -> None:
    assert desk.run("sync", "--no-such-option").returncode == 2


def test_3_a_bug_names_a_report_without_secrets(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("https://storage/x?sig=abc with sandbox-token")

    # A bug can not be had from outside: that is the point of the code.
    monkeypatch.setattr("figsync.commands.sync.sync_until_quiet", broken)

    result = desk.call("sync")

    assert result.exit_code == 3
    (report,) = (desk.home / "state").glob("bug-*.txt")
    assert result.stderr.count("\n") == 1
    assert str(report) in result.stderr
    text = report.read_text()
    assert "verb sync" in text
    assert "RuntimeError" in text
    assert "sandbox-token" not in text
    assert "sig=abc" not in text
    assert report.stat().st_mode & 0o777 == 0o600


def test_4_a_person_is_needed(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    item = desk.box.web.item_ids()[0]
    desk.drop("Soil cores/a.csv", "mine, later")
    (file,) = desk.box.web.files(item)
    desk.box.web.replace_file(file.id, b"theirs")

    result = desk.run("sync")

    assert result.returncode == 4
    assert "see figsync conflicts" in result.stdout


def test_4_the_root_was_emptied(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    for path in (desk.root / "Soil cores").glob("*.csv"):
        path.unlink()

    result = desk.run("sync")

    assert result.returncode == 4
    assert "approve --scope" in result.stderr


def test_5_another_figsync_owns_the_mirror(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")

    with desk.owned_elsewhere():
        result = desk.run("sync")

    assert result.returncode == 5
    assert result.stderr.count("\n") == 1
    assert "another figsync" in result.stderr


def test_6_figshare_refuses_the_token(desk: Desk) -> None:
    result = desk.run("sync", FIGSYNC_TOKEN="wrong")

    assert result.returncode == 6
    assert "does not accept the token" in result.stderr


def test_6_comes_before_what_was_held_in_an_earlier_cycle(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.ok("sync")
    shutil.rmtree(desk.root / "Soil cores")
    desk.drop("Water/b.csv")
    desk.box.log.clear()

    process = desk.start("sync", "--json")
    wait_for(desk.box.log.mutations)
    desk.box.fail_next(Fault("api", "GET", r"/account/articles$", status=401))
    told = json.loads(process.communicate(timeout=30)[0])

    assert process.returncode == 6
    assert told["held"] == 1
    assert told["exit_code"] == 6


def test_6_figshare_dies_during_an_upload(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv", "x" * 5000)
    desk.box.switches.upload_latency = 0.5
    process = desk.start("sync", "--json")
    wait_for(lambda: desk.box.log.find("api", "POST", path="/files$"))

    for service in ("api", "upload"):
        desk.box.fail_next(Fault(service, status=503, times=10_000))
    told = json.loads(process.communicate(timeout=60)[0])

    assert process.returncode == 6
    assert "Figshare has a problem of its own" in told["error"]


def test_6_a_host_left_alone_is_not_asked_by_the_timer(desk: Desk) -> None:
    desk.box.switches.html_403 = True
    desk.run("sync")
    desk.box.log.clear()

    result = desk.run("sync", "--scheduled")

    assert result.returncode == 6
    assert result.stderr.count("\n") == 1
    assert "a firewall or a web page answers in Figshare's place; it is tried" in (
        result.stderr
    )
    assert desk.box.log.entries() == ()


def test_the_order_is_the_documented_one() -> None:
    order = [130, 3, 2, 5, 6, 4, 1, 0]

    assert [strongest(*order[n:]) for n in range(len(order))] == order


def test_every_code_is_in_the_help() -> None:
    text = cli.figsync.epilog or ""

    for code, meaning in MEANINGS.items():
        assert f"  {code:<4} {meaning}" in text.splitlines()


@pytest.mark.parametrize(
    "verb",
    ["status", "history", "held", "conflicts", "trash"],
)
def test_verbs_that_only_report_return_0(desk: Desk, verb: str) -> None:
    desk.drop("Soil cores/a.csv")
    desk.drop("Soil cores/b.csv")
    desk.ok("sync")
    for path in (desk.root / "Soil cores").glob("*.csv"):
        path.unlink()
    assert desk.call("sync").exit_code == 4

    desk.ok(verb)
