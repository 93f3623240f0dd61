"""Interrupted: the first signal parks the work, a second one leaves at once."""

import json
import signal

import click
import pytest

from figsync.clock import SystemClock
from figsync.commands.cli import Figsync
from figsync.sandbox import Fault
from tests.commands.desk import Desk, wait_for


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_sync_ends_with_130_and_goes_on_later(
    desk: Desk, number: int
) -> None:
    item = desk.box.web.create_item("Soil cores")
    desk.box.web.add_files(item, {f"{n}.csv": b"1" for n in range(60)})
    desk.configure(transfer__workers="1")
    desk.box.switches.api_latency = 0.2

    process = desk.start("sync")
    wait_for(lambda: len(desk.box.log.find("api", "GET")) > 3)
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    desk.box.switches.api_latency = 0.0

    assert process.returncode == 130, err
    assert err == "figsync: interrupted\n"
    assert "Traceback" not in out
    assert desk.call("sync").exit_code == 0
    assert len(desk.tree()) == 60


def test_an_interrupted_sync_still_prints_its_json(desk: Desk) -> None:
    desk.box.fail_next(Fault("api", "GET", r"/account$", seconds=3, status=500))

    process = desk.start("sync", "--json")
    wait_for(lambda: (desk.root / ".figsync" / "owner.json").exists())
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)

    told = json.loads(out)
    assert process.returncode == told["exit_code"] == 130
    assert told["error"] == "interrupted"


def test_two_signals_end_a_stuck_sync_at_once(desk: Desk) -> None:
    desk.box.fail_next(Fault("api", "GET", r"/account$", seconds=8, status=500))

    process = desk.start("sync")
    wait_for(lambda: (desk.root / ".figsync" / "owner.json").exists())
    process.send_signal(signal.SIGTERM)
    SystemClock().wait(0.1)
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=5)

    assert process.returncode == 130
    assert err == "figsync: interrupted\n"


def test_an_interrupt_in_the_midst_of_a_verb_is_told_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    @click.command("slow")
    def slow() -> None:
        raise KeyboardInterrupt

    group = Figsync("figsync", commands={"slow": slow})
    with (
        pytest.MonkeyPatch.context() as patch,
        pytest.raises(click.Abort),
    ):
        patch.setattr(group, "resolve_command", lambda *_: ("slow", slow, []))
        click.Group.main(group, ["slow"], standalone_mode=False)

    assert capsys.readouterr().err == ""


def test_of_two_syncs_at_once_one_is_turned_away(desk: Desk) -> None:
    desk.drop("Soil cores/a.csv")
    desk.box.switches.api_latency = 0.3

    first = desk.start("sync")
    wait_for(lambda: desk.json("status")["state"] == "syncing")
    second = desk.run("sync")
    _, err = first.communicate(timeout=20)

    assert first.returncode == 0, err
    assert second.returncode == 5
    assert f"process {first.pid} on " in second.stderr
    assert len(desk.box.web.item_ids()) == 1


def test_the_sandbox_stops_when_it_is_interrupted(desk: Desk) -> None:
    process = desk.start("sandbox", "--token", "t")
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=20)

    assert {
        "api_url",
        "token",
        "upload_url",
        "storage_url",
        "admin_url",
    } <= ready.keys()
    assert process.returncode == 0
    assert (out, err) == ("", "")
