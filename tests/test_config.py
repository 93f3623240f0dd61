"""A configuration is read whole, or refused in one line that says what is right."""

from __future__ import annotations

import dataclasses
import os
import re
import typing
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.config import (
    KEYS,
    BandwidthTable,
    Config,
    Direction,
    FileDeletions,
    ItemDeletions,
    LooseFiles,
    NewItems,
    answer_problem,
    checked_token,
    example_config,
    find_config,
    is_loopback,
    load_config,
    read_token,
    token_file_problem,
    write_config,
    write_private,
)
from figsync.config.places import default_database
from figsync.errors import WrongUsage

TOKEN = "0123456789abcdef" * 4
EXAMPLE = Path(__file__).parent.parent / "config.example.ini"


def environ(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"HOME": str(tmp_path / "home"), "XDG_STATE_HOME": "/xdg/state"} | more


def configured(tmp_path: Path, text: str, **more: str) -> Config:
    path = tmp_path / "config.ini"
    path.write_text(text)
    return load_config(path, environ(tmp_path, **more))


def complaint(tmp_path: Path, text: str, **more: str) -> str:
    with pytest.raises(WrongUsage) as caught:
        configured(tmp_path, text, **more)
    return str(caught.value)


def token_file(tmp_path: Path, text: str = TOKEN, mode: int = 0o600) -> Path:
    path = tmp_path / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


# Values


def test_an_empty_file_means_the_defaults(tmp_path: Path) -> None:
    config = configured(tmp_path, "")

    assert config.account.api_url == "https://api.figshare.com/v2"
    assert config.account.token_file is None
    assert config.account.impersonate == ""
    assert config.mirror.root == tmp_path / "home" / "Figshare"
    assert config.mirror.direction is Direction.BOTH
    assert config.mirror.loose_files is LooseFiles.ITEM
    assert config.mirror.new_items is NewItems.ALL
    assert config.mirror.portable_names is False
    assert config.mirror.ignore == ()
    assert config.deletions.files is FileDeletions.PROPAGATE
    assert config.deletions.items is ItemDeletions.HOLD
    assert config.deletions.grace == 86400
    assert config.deletions.max_files == 20
    assert config.deletions.max_percent == 25
    assert config.deletions.trash_days == 30
    assert config.transfer.workers == 8
    assert config.transfer.requests_per_second == 1
    assert config.transfer.burst == 30
    assert config.transfer.bandwidth_limit == BandwidthTable.always(0)
    assert config.transfer.files_per_item == 500
    assert config.schedule.pull_every == 900
    assert config.schedule.scan_every == 3600
    assert config.schedule.watch is True
    assert config.schedule.poll_every == 60
    assert config.schedule.settle == 5
    assert config.schedule.trash_every == 86400
    assert config.schedule.verify_every == 86400
    assert config.schedule.verify_percent == 3
    assert config.schedule.upkeep_every == 86400
    assert config.path == tmp_path / "config.ini"


def test_every_value_has_the_type_its_field_says(tmp_path: Path) -> None:
    config = configured(tmp_path, "")

    for section in dataclasses.fields(config):
        if section.name == "path":
            continue
        settings = getattr(config, section.name)
        hints = typing.get_type_hints(type(settings))
        for name, hint in hints.items():
            kind = tuple if typing.get_origin(hint) is tuple else hint
            assert isinstance(getattr(settings, name), kind), name


def test_every_field_is_a_key_and_every_key_a_field(tmp_path: Path) -> None:
    config = configured(tmp_path, "")

    fields = {
        f"{section.name}.{field.name}"
        for section in dataclasses.fields(config)
        if section.name != "path"
        for field in dataclasses.fields(getattr(config, section.name))
    }

    assert fields == {key.full_name for key in KEYS}


def test_the_example_holds_every_key_with_its_default_and_a_sentence(
    tmp_path: Path,
) -> None:
    assert EXAMPLE.read_text() == example_config()
    assert configured(tmp_path, example_config()) == configured(tmp_path, "")
    assert all(re.match(r".+[.]\Z", key.sentence) for key in KEYS)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("500", 500),
        ("500B", 500),
        ("500K", 512_000),
        ("1.5M", 1_572_864),
        ("2 GiB", 2 << 30),
        ("2g", 2 << 30),
    ],
)
def test_sizes_have_binary_units(tmp_path: Path, text: str, size: int) -> None:
    config = configured(
        tmp_path, f"[transfer]\nbandwidth_limit = {text}\ndisk_reserve = {text}"
    )

    assert config.transfer.bandwidth_limit == BandwidthTable.always(size)
    assert config.transfer.disk_reserve == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("0", 0), ("5s", 5), ("15m", 900), ("24h", 86400), ("7d", 604800), ("1.5h", 5400)],
)
def test_durations_have_units(tmp_path: Path, text: str, seconds: float) -> None:
    config = configured(tmp_path, f"[deletions]\ngrace = {text}")

    assert config.deletions.grace == seconds


def test_percent_is_a_character_and_nothing_is_interpolated(tmp_path: Path) -> None:
    config = configured(tmp_path, "[mirror]\nroot = /data/100%(home)s %d\n")

    assert config.mirror.root == Path("/data/100%(home)s %d")


def test_ignore_holds_lines_as_in_a_gitignore(tmp_path: Path) -> None:
    text = (
        "[mirror]\nignore = *.tmp\n\n  # scratch\n  [Ss]cratch/\n  a = b\n  !keep.tmp\n"
    )

    config = configured(tmp_path, text + "portable_names = YES\n")

    assert config.mirror.ignore == ("*.tmp", "[Ss]cratch/", "a = b", "!keep.tmp")
    assert config.mirror.portable_names is True


def test_a_file_from_windows_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"\xef\xbb\xbf; note\r\n[Mirror]\r\n  Direction = Pull\r\n")

    config = load_config(path, environ(tmp_path))

    assert config.mirror.direction is Direction.PULL


@pytest.mark.parametrize(
    ("written", "path"),
    [
        ("~", "home"),
        ("~/x y", "home/x y"),
        ("$DATA/x", "data/x"),
        ("${DATA}set", "dataset"),
        ("beside", "beside"),
        ("beside/../other/.", "other"),
    ],
)
def test_paths_are_expanded_and_begin_at_the_file(
    tmp_path: Path, written: str, path: str
) -> None:
    config = configured(
        tmp_path, f"[mirror]\nroot = {written}", DATA=str(tmp_path / "data")
    )

    assert config.mirror.root == tmp_path / path


# Complaints


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("[mirror]\nrot = x", ("line 2, [mirror] rot", "did you mean root?")),
        ("\n[miror]\nroot = x", ("line 2, [miror]", "did you mean mirror?")),
        ("[x]", ("line 1, [x]", "the sections are account, mirror")),
        ("[mirror]\nworkers = 3", ("[mirror] workers", "belongs to [transfer]")),
        ("[account]\ntoken = abc", ("line 2, [account] token:", "token_file = PATH")),
        ("root = x", ("line 1", "before the first section")),
        ("[mirror]\nroot", ("line 2, [mirror]", "key = value")),
        ("[mirror]\nroot=x\nRoot=y", ("line 3, [mirror] root", "already", "line 2")),
        ("[state]\n[mirror]\n[state]", ("line 3, [state]", "already", "line 1")),
        ("[mirror]\nroot =", ("line 2, [mirror] root", "empty")),
        ("[mirror]\nroot = a\n  b", ("line 2, [mirror] root", "several lines")),
        ("[mirror]\nroot = '/x'", ("quotation marks",)),
        ("[mirror]\nroot = $NOWHERE/x", ("NOWHERE is not set",)),
        ("[mirror]\nroot = /", ("whole disk",)),
        ("[mirror]\nroot = ~nobody-at-all/x", ("write the path out",)),
        ("[mirror]\ndirection = puls", ("'puls'", "both, pull or push", "mean push?")),
        ("[mirror]\nportable_names = maybe", ("'maybe'", "yes or no")),
        ("[mirror]\nignore = a\\", ("pattern",)),
        ("[mirror]\nignore =\n  !", ("pattern",)),
        ("[transfer]\nworkers = many", ("'many'", "from 1 to 64")),
        ("[transfer]\nworkers = 65", ("out of range", "from 1 to 64")),
        ("[transfer]\nworkers = 8 ; few", ("a comment needs a line of its own",)),
        ("[transfer]\nbandwidth_limit = 5X", ("'5X'", "20M")),
        ("[transfer]\nrequests_per_second = x", ("no number",)),
        ("[transfer]\nrequests_per_second = 0", ("line 2", "server on this machine")),
        ("[deletions]\nmax_percent = 101%", ("out of range",)),
        ("[deletions]\ntrash_days = 0", ("from 1",)),
        ("[schedule]\nsettle = 5", ("no time with a unit", "5s")),
        ("[schedule]\npull_every = 0", ("out of range", "from 1s")),
        ("[account]\napi_url = figshare.com", ("no web address",)),
        ("[account]\napi_url = http://figshare.com/v2", ("unencrypted",)),
        ("[account]\napi_url = https://u:p@figshare.com", ("user name",)),
        ("[account]\napi_url = https://x:99999/v2", ("no web address",)),
        ("[account]\nimpersonate = a b", ("account id",)),
        ("[state]\ndatabase = ~/Figshare/Item/state.db", ("outside",)),
        ("[metrics]\nport = 80", ("out of range", "from 1024 to 65535")),
        ("[metrics]\nport = http", ("no port",)),
        ("[notifications]\nwebhook = x.org", ("no web address",)),
        ("[notifications]\nwebhook = http://x.org/y", ("unencrypted",)),
        ("[notifications]\ncommand = mail 'me", ("quotation mark",)),
        ("[notifications]\nquiet_hours = night", ("no part of a day", "22:00-07:00")),
        ("[notifications]\nquiet_hours = 22:00-24:00", ("a time that no day has",)),
        ("[notifications]\nquiet_hours = 7:00-07:00", ("ends when it begins",)),
    ],
)
def test_a_complaint_names_file_line_key_and_remedy(
    tmp_path: Path, text: str, parts: tuple[str, ...]
) -> None:
    told = complaint(tmp_path, text)

    assert told.startswith(str(tmp_path / "config.ini"))
    assert "\n" not in told
    for part in parts:
        assert part in told


def test_the_first_of_several_complaints_counts_the_others(tmp_path: Path) -> None:
    told = complaint(tmp_path, "[mirror]\nx = 1\ndirection = up\n[y]\n")

    assert "line 2" in told
    assert told.endswith("(2 more after this one)")


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["[mirror]", "[state]", "root = x", "ignore =", "  *.x"]),
            st.sampled_from(
                ["workers = 9", "[]", "=", "[account]", "api_url = https:"]
            ),
            st.text(max_size=20),
            st.text(max_size=99).map("{}=1".format),
        )
    ).map("\n".join)
)
def test_any_text_is_read_or_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.ini"
    path.write_bytes(text.encode())

    try:
        load_config(path, {"HOME": "/home/any"})
    except WrongUsage as refusal:
        assert str(refusal).isprintable()


def test_a_complaint_never_repeats_a_token(tmp_path: Path) -> None:
    for text in (f"token = {TOKEN}", f"token_file = {TOKEN}", TOKEN):
        assert TOKEN not in complaint(tmp_path, f"[account]\n{text}")


def test_a_webhook_is_a_secret(tmp_path: Path) -> None:
    secret = "https://hooks.example.org/T0/very-secret"
    text = f"[notifications]\nwebhook = {secret}"

    (tmp_path / "config.ini").touch(0o644)
    told = complaint(tmp_path, text)
    (tmp_path / "config.ini").chmod(0o640)
    config = configured(tmp_path, text)

    assert "others can read the webhook (mode 644)" in told
    assert secret not in told
    assert config.notifications.webhook == secret
    assert secret not in repr(config)
    assert "very-secret" not in complaint(tmp_path, f"{text} {secret}")


@pytest.mark.parametrize(
    ("text", "quiet", "loud"),
    [
        ("22:00-07:00", (22 * 60, 0, 7 * 60 - 1), (7 * 60, 12 * 60, 22 * 60 - 1)),
        ("9:30 - 17:00", (9 * 60 + 30, 12 * 60), (9 * 60 + 29, 17 * 60, 0)),
    ],
)
def test_quiet_hours_may_go_over_midnight(
    tmp_path: Path, text: str, quiet: tuple[int, ...], loud: tuple[int, ...]
) -> None:
    config = configured(tmp_path, f"[notifications]\nquiet_hours = {text}")

    hours = config.notifications.quiet_hours
    assert hours is not None
    assert all(hours.holds(minute) for minute in quiet)
    assert not any(hours.holds(minute) for minute in loud)


def test_a_command_is_split_as_a_shell_would(tmp_path: Path) -> None:
    config = configured(tmp_path, "[notifications]\ncommand = mail -s 'a b' $HOME")

    assert config.notifications.command == ("mail", "-s", "a b", "$HOME")


def test_a_database_in_a_hidden_folder_of_the_root_does_not_go_up(
    tmp_path: Path,
) -> None:
    config = configured(tmp_path, "[state]\ndatabase = ~/Figshare/.figsync/state.db")

    assert config.database == tmp_path / "home/Figshare/.figsync/state.db"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080/v2/", "http://localhost/v2", "http://[::1]:1/v2"]
)
def test_a_server_on_this_machine_may_be_plain_and_unpaced(
    tmp_path: Path, url: str
) -> None:
    config = configured(
        tmp_path, f"[account]\napi_url = {url}\n[transfer]\nrequests_per_second = 0"
    )

    assert config.account.api_url == url.rstrip("/")
    assert config.transfer.requests_per_second == 0


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1.evil.org", "http://10.0.0.1", "http://localhost@evil.org"]
)
def test_what_only_looks_like_this_machine_is_another(url: str) -> None:
    assert not is_loopback(url)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(
        WrongUsage, match="there is no configuration; run `figsync init"
    ):
        load_config(tmp_path / "none.ini", {})


def test_a_folder_is_no_configuration(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="can not be read"):
        load_config(tmp_path, {})


def test_a_file_that_is_not_utf8_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_bytes(b"[mirror]\nroot = caf\xe9\n")

    with pytest.raises(WrongUsage, match="line 2: it is not UTF-8"):
        load_config(path, {})


# Places


def test_the_option_comes_before_the_variable_before_the_folder(
    tmp_path: Path,
) -> None:
    known = {
        "FIGSYNC_CONFIG": "~/second.ini",
        "XDG_CONFIG_HOME": "/xdg",
        "HOME": str(tmp_path),
    }

    assert find_config("/first.ini", known) == Path("/first.ini")
    assert find_config(None, known) == tmp_path / "second.ini"
    del known["FIGSYNC_CONFIG"]
    assert find_config(None, known) == Path("/xdg/figsync/config.ini")


def test_without_variables_the_system_says_where_files_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # platformdirs asks the process, not the mapping.
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    path = tmp_path / "c.ini"
    path.touch()

    assert find_config(None, {}).is_relative_to(tmp_path)
    assert load_config(path, {}).database.is_relative_to(tmp_path)


def test_each_configuration_has_a_database_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()

    first = configured(tmp_path / "a", "").database
    second = configured(tmp_path / "b", "").database

    assert first != second
    assert first == configured(tmp_path / "a", "[mirror]").database
    assert first.is_relative_to("/xdg/state/figsync")
    assert first.name == second.name == "state.db"


def test_the_state_folder_of_a_service_comes_first(tmp_path: Path) -> None:
    config = configured(tmp_path, "", STATE_DIRECTORY="/var/lib/figsync:/other")

    assert config.database.is_relative_to("/var/lib/figsync")


def test_a_verb_called_by_hand_finds_the_database_of_a_service(tmp_path: Path) -> None:
    path = configured(tmp_path, "").path
    services, known = tmp_path / "services", environ(tmp_path)
    of_service = {"STATE_DIRECTORY": str(services / "figsync@lab"), **known}
    (services / "figsync@other" / "lab-00000000").mkdir(parents=True)

    before = default_database(path, known, services=services)
    expected = default_database(path, of_service, services=services)
    expected.parent.mkdir(parents=True)
    expected.touch()

    assert before.is_relative_to("/xdg/state")
    assert expected.is_relative_to(services / "figsync@lab")
    assert default_database(path, known, services=services) == expected


def test_a_database_can_be_named(tmp_path: Path) -> None:
    config = configured(tmp_path, "[state]\ndatabase = ~/state.db")

    assert config.database == tmp_path / "home" / "state.db"


# The token


def with_token_file(tmp_path: Path, path: Path, known: Mapping[str, str]) -> str:
    config = configured(tmp_path, f"[account]\ntoken_file = {path}", **known)
    return read_token(config, known)


def test_the_variable_comes_before_the_credential_before_the_file(
    tmp_path: Path,
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "figshare-token").write_text("credential\n")
    path = token_file(tmp_path, "file\n")
    known = {"CREDENTIALS_DIRECTORY": str(credentials), "FIGSYNC_TOKEN": "variable"}

    assert with_token_file(tmp_path, path, known) == "variable"
    del known["FIGSYNC_TOKEN"]
    assert with_token_file(tmp_path, path, known) == "credential"
    (credentials / "figshare-token").unlink()
    assert with_token_file(tmp_path, path, known) == "file"


def test_a_service_needs_not_see_the_file_that_systemd_read_for_it(
    tmp_path: Path,
) -> None:
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "figshare-token").write_text(TOKEN)
    known = {"CREDENTIALS_DIRECTORY": str(credentials)}

    assert with_token_file(tmp_path, tmp_path / "of root alone", known) == TOKEN
    (credentials / "figshare-token").unlink()
    with pytest.raises(WrongUsage, match="token_file: the file can not be read"):
        with_token_file(tmp_path, tmp_path / "of root alone", known)


def test_a_token_in_the_credentials_folder_may_be_readable_by_its_group(
    tmp_path: Path,
) -> None:
    path = token_file(tmp_path, mode=0o440)

    read = with_token_file(tmp_path, path, {"CREDENTIALS_DIRECTORY": str(tmp_path)})

    assert read == TOKEN


def test_no_token_says_where_to_get_one(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="create one at figshare.com.*token_file"):
        read_token(configured(tmp_path, ""), {})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_token_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    path = token_file(tmp_path, mode=mode)

    told = complaint(tmp_path, f"\n[account]\ntoken_file = {path}")

    assert "line 3, [account] token_file: others can reach" in told
    assert "chmod 600" in told
    assert "chmod 600" in (token_file_problem(path, {}) or "")


def test_a_missing_token_file_is_refused_with_its_line(tmp_path: Path) -> None:
    told = complaint(tmp_path, "[account]\ntoken_file = ~/none")

    assert "line 2, [account] token_file: the file can not be read" in told


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads every file")
def test_an_unreadable_token_file_is_refused(tmp_path: Path) -> None:
    path = token_file(tmp_path, mode=0o000)

    assert "can not be read" in complaint(tmp_path, f"[account]\ntoken_file = {path}")


def test_a_token_file_that_is_a_pipe_is_never_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "token", 0o600)

    told = complaint(tmp_path, "[account]\ntoken_file = token")

    assert "not an ordinary file" in told


def test_a_token_file_inside_the_mirror_would_be_published(tmp_path: Path) -> None:
    root = tmp_path / "home" / "Figshare" / "Item"
    root.mkdir(parents=True)
    path = token_file(root)

    told = complaint(tmp_path, f"[account]\ntoken_file = {path}")

    assert "would go up to Figshare" in told


@pytest.mark.parametrize(
    "text", ["", " \n", "two\nlines", f"token {TOKEN}", "caf\u00e9", "\x00"]
)
def test_what_can_not_be_a_token_is_refused_unseen(text: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        checked_token(text, "FIGSYNC_TOKEN")

    assert str(caught.value).startswith("FIGSYNC_TOKEN: it ")
    assert TOKEN not in str(caught.value)


def test_a_token_is_read_without_what_editors_add(tmp_path: Path) -> None:
    path = token_file(tmp_path, f"\ufeff{TOKEN}\r\n")

    assert with_token_file(tmp_path, path, {}) == TOKEN


def test_a_huge_file_is_no_token(tmp_path: Path) -> None:
    path = token_file(tmp_path, "x" * 5000)

    with pytest.raises(WrongUsage, match="too long"):
        with_token_file(tmp_path, path, {})


# Writing


def test_what_init_writes_is_private_and_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config.ini"
    token = token_file(tmp_path)

    write_config(
        path,
        {
            "mirror.root": "~/My % Data",
            "mirror.ignore": "*.tmp\nraw/",
            "account.token_file": str(token),
        },
    )

    config = load_config(path, environ(tmp_path))
    assert config.mirror.root == tmp_path / "home" / "My % Data"
    assert config.mirror.ignore == ("*.tmp", "raw/")
    assert config.account.token_file == token
    assert path.stat().st_mode & 0o777 == 0o600
    assert "workers" not in path.read_text()


def test_a_configuration_is_not_overwritten_by_accident(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_text("[mirror]\nroot = /mine\n")

    with pytest.raises(WrongUsage, match="already exists"):
        write_config(path, {"mirror.root": "/other"})

    assert load_config(path, {}).mirror.root == Path("/mine")


def test_a_configuration_is_replaced_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    path.write_text("old")
    path.chmod(0o644)

    write_config(path, {"mirror.root": "/other"}, replace=True)

    assert load_config(path, {}).mirror.root == Path("/other")
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["config.ini"]  # noqa: PTH208 - the names alone


def test_an_answer_can_not_smuggle_in_a_key(tmp_path: Path) -> None:
    path = tmp_path / "config.ini"
    answer = "/x\ndirection = push"

    write_config(path, {"mirror.root": answer})

    with pytest.raises(WrongUsage, match="several lines"):
        load_config(path, {})
    assert "several lines" in (answer_problem("mirror.root", answer, {}) or "")
    assert answer_problem("mirror.root", "/x", {}) is None


def test_a_secret_is_written_for_the_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "figsync" / "token"

    write_private(path, TOKEN)

    assert path.read_text() == TOKEN
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
