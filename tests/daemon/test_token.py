"""The token is nowhere but where it belongs, after a run in which much goes wrong."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.desk import TOKEN, Desk, everything_below, wait_for
from tests.daemon.process import Daemon, running

WRONG = "wr0ng-t0ken-0f-n0b0dy"
HOOK = "h00k-5ecre7"
# Of upload sessions and presigned links, as they look in addresses.
OTHERS = re.compile(rb"/upload/[0-9a-f]{8}|[Ss]ignature=[^%\s]|\?token=[^%\s\xe2]")
# What the log says of each fault: there was something to be silent about.
TRACES = (
    "it arrived at Figshare with other bytes",
    "Figshare ended the upload",
    "a firewall or a web page answers",
    "do not have the MD5",
    "the link into the storage has expired",
    "does not accept the token",
)
HOUSE = Path(__file__).parents[2]


def go_wrong(desk: Desk, daemon: Daemon) -> Iterator[str]:
    """Let one thing after the other go wrong; yield what figsync prints of it."""
    switches = desk.box.switches
    for fault in ("flip_part_byte", "abort_sessions", "html_403", "empty_body"):
        desk.drop(f"Soil cores/{fault}.csv", fault)
        setattr(switches, fault, True)
        yield desk.call("sync", "-vv").output
        setattr(switches, fault, False)
    item = desk.box.web.item_ids()[0]
    for fault in ("corrupt_download", "truncate_download", "expired_links"):
        desk.box.web.add_file(item, f"{fault}.bin", fault.encode())
        setattr(switches, fault, True)
        yield desk.call("sync", "-vv").output
        setattr(switches, fault, False)
    yield from with_wrong_token(desk, daemon)


def with_wrong_token(desk: Desk, daemon: Daemon) -> Iterator[str]:
    desk.token_path.write_text(WRONG)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: desk.json("status")["error_kind"] == "TokenRefused")
    yield desk.call("sync", "-vv").output
    yield from daemon.told_by_http()
    desk.token_path.write_text(TOKEN)
    daemon.process.send_signal(signal.SIGHUP)
    wait_for(lambda: desk.json("status")["error_kind"] == "")


def told(desk: Desk) -> Iterator[str]:
    """Yield what the verbs that only look tell, as loud as can be."""
    for verb in ("status", "history", "held", "doctor"):
        yield desk.call(verb, "-vv").output
        yield desk.call(verb, "--json", "-vv").output
    yield desk.call("why", "Soil cores", "-vv").output


def assert_no_secret(where: str, content: str | bytes) -> None:
    found = content.encode() if isinstance(content, str) else content
    for secret in (TOKEN, WRONG, HOOK, "5ecre7"):
        assert secret.encode() not in found, f"{secret} is in {where}"
    other = OTHERS.search(found)
    assert other is None, f"{other and other[0]!r} is in {where}"


def assert_no_secret_below(desk: Desk) -> None:
    """Assert that no file holds one: state, mirror, log, notices, reports."""
    for path, (_, content) in everything_below(desk.home).items():
        if path not in ("token", "config.ini"):
            assert_no_secret(path, content)


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_the_token_is_nowhere_after_a_run_with_faults(
    desk: Desk, log_format: str
) -> None:
    desk.drop("Soil cores/a.csv", "1,2")
    hook = f"http://127.0.0.1:9/{HOOK}"
    notices = desk.home / "notices"
    ways = {
        "notifications__webhook": hook,
        "notifications__command": f"sh -c 'env >> {notices}; cat >> {notices}'",
    }
    desk.config_path.chmod(0o600)
    options = ("-vv", "--log-format", log_format)

    with running(desk, *options, **ways) as daemon:
        wait_for(lambda: desk.json("status")["files"] == 1)
        said = [*go_wrong(desk, daemon), *told(desk), *daemon.told_by_http()]
        desk.drop("Soil cores/last.csv", "5,6")
        wait_for(lambda: "Soil cores/last.csv" in daemon.log())
        proc = Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()
        log = daemon.log()

    assert_no_secret("the argument list", proc)
    for text in said:
        assert_no_secret("what is told", text)
    assert_no_secret_below(desk)
    for trace in TRACES:
        assert trace in log
    assert "does not accept the token" in notices.read_text()
    assert "The webhook of [notifications] failed: 127.0.0.1: " in log
    assert "DEBUG" in log.upper()


@pytest.mark.parametrize("verb", ["run", "sync"])
def test_the_token_is_in_no_crash_report(desk: Desk, verb: str) -> None:
    crashed = subprocess.run(
        [sys.executable, "-m", "tests.daemon.broken", verb, "-vv"],
        env=desk.environ,
        cwd=HOUSE,
        capture_output=True,
        timeout=60,
        check=False,
    )

    (report,) = (desk.home / "state").glob("bug-*.txt")
    assert crashed.returncode == 3
    assert "can not be sent" in report.read_text()
    assert_no_secret("what it printed", crashed.stdout + crashed.stderr)
    assert_no_secret_below(desk)


def test_a_secret_would_be_found(desk: Desk) -> None:
    (desk.home / "state").mkdir()
    (desk.home / "state" / "x").write_text(f"token {TOKEN}")

    with pytest.raises(AssertionError, match="is in state/x"):
        assert_no_secret_below(desk)
