"""Every key of the configuration: its default, one sentence, and what it takes."""

from __future__ import annotations

from dataclasses import dataclass

from figsync.config.kinds import (
    Kind,
    account_id,
    api_address,
    choice,
    command,
    duration,
    keyring_name,
    lines,
    number,
    path,
    port,
    quiet_hours,
    size,
    webhook,
    whole_number,
    yes_or_no,
)
from figsync.config.values import (
    Direction,
    FileDeletions,
    ItemDeletions,
    LooseFiles,
    NewItems,
)
from figsync.config.week import bandwidth


@dataclass(frozen=True, slots=True)
class Key:
    """One key: where it stands, what it is by default, and what it is for."""

    section: str
    name: str
    default: str
    sentence: str
    kind: Kind

    @property
    def full_name(self) -> str:
        """`section.name`."""
        return f"{self.section}.{self.name}"


KEYS = (
    Key(
        "account",
        "api_url",
        "https://api.figshare.com/v2",
        "Where the API is; plain http is accepted for this machine alone.",
        api_address(),
    ),
    Key(
        "account",
        "token_file",
        "",
        "A file that holds the personal token and that only you can read (chmod 600); "
        "FIGSYNC_TOKEN and the systemd credential figshare-token come first.",
        path(may_be_empty=True),
    ),
    Key(
        "account",
        "token_keyring",
        "",
        "The name under which the keyring of your desktop has the token, if no other "
        "place has it; needs figsync[keyring].",
        keyring_name(),
    ),
    Key(
        "account",
        "impersonate",
        "",
        "The id of the account to act for, with the token of an administrator.",
        account_id(),
    ),
    Key(
        "mirror",
        "root",
        "~/Figshare",
        "The folder that is kept the same as the account; each folder in it is an "
        "item.",
        path(),
    ),
    Key(
        "mirror",
        "direction",
        "both",
        "both, pull (nothing is sent) or push (nothing changes on this computer).",
        choice(Direction),
    ),
    Key(
        "mirror",
        "loose_files",
        "item",
        "item makes an item of a file dropped directly into the root, ignore leaves "
        "it alone.",
        choice(LooseFiles),
    ),
    Key(
        "mirror",
        "new_items",
        "all",
        "all brings the files of new items too, metadata their records alone until "
        "`figsync include ID`.",
        choice(NewItems),
    ),
    Key(
        "mirror",
        "portable_names",
        "no",
        "yes changes file names that Windows or macOS could not hold.",
        yes_or_no(),
    ),
    Key(
        "mirror",
        "ignore",
        "",
        "What neither side looks at, in lines as in a .gitignore, each indented.",
        lines(),
    ),
    Key(
        "deletions",
        "files",
        "propagate",
        "propagate lets the deletion of a file follow on the other side, keep does "
        "not.",
        choice(FileDeletions),
    ),
    Key(
        "deletions",
        "items",
        "hold",
        "hold asks before a deleted folder deletes its draft, propagate does not ask, "
        "keep never deletes.",
        choice(ItemDeletions),
    ),
    Key(
        "deletions",
        "grace",
        "24h",
        "How long a file must be gone here before it is deleted on Figshare.",
        duration("0", "365d"),
    ),
    Key(
        "deletions",
        "max_files",
        "20",
        "Up to this many deletions are made without asking, however small the mirror.",
        whole_number(0, 1_000_000),
    ),
    Key(
        "deletions",
        "max_percent",
        "25",
        "Up to this share of the files, in percent, is deleted without asking.",
        whole_number(0, 100),
    ),
    Key(
        "deletions",
        "trash_days",
        "30",
        "How many days replaced and deleted files stay in the trash.",
        whole_number(1, 36_500),
    ),
    Key(
        "transfer",
        "workers",
        "8",
        "How many requests are in flight at most; half of them, or four, may carry "
        "parts.",
        whole_number(1, 64),
    ),
    Key(
        "transfer",
        "requests_per_second",
        "1",
        "How many requests the API gets per second; 0 is unpaced, for this machine "
        "alone.",
        number(0, 100),
    ),
    Key(
        "transfer",
        "burst",
        "30",
        "How many requests may go out at once after a quiet time.",
        whole_number(1, 1000),
    ),
    Key(
        "transfer",
        "bandwidth_limit",
        "0",
        "How many bytes are sent or received per second, such as 2M; 0 is no limit. By "
        "time of the week (local time, the first that fits): 08:00-18:00 Mon-Fri 2M, "
        "else 0.",
        bandwidth(),
    ),
    Key(
        "transfer",
        "files_per_item",
        "500",
        "How many files Figshare allows your account in one item.",
        whole_number(1, 1_000_000),
    ),
    Key(
        "transfer",
        "disk_reserve",
        "512 MiB",
        "How much of the mirror's disk downloads leave free; 0 is no limit.",
        size(),
    ),
    Key(
        "schedule",
        "pull_every",
        "15m",
        "How often the daemon asks Figshare for changes.",
        duration("1s", "365d"),
    ),
    Key(
        "schedule",
        "scan_every",
        "1h",
        "How often the daemon looks through the whole folder, besides watching it.",
        duration("1s", "365d"),
    ),
    Key(
        "schedule",
        "watch",
        "yes",
        "yes has the system report changes at once, no looks every poll_every.",
        yes_or_no(),
    ),
    Key(
        "schedule",
        "poll_every",
        "1m",
        "How often the daemon looks at the folder where it can not watch it.",
        duration("1s", "365d"),
    ),
    Key(
        "schedule",
        "settle",
        "5s",
        "How long a file must be still before it is sent.",
        duration("0", "1h"),
    ),
    Key(
        "schedule",
        "trash_every",
        "1d",
        "How often the daemon empties the trash of what is older than trash_days.",
        duration("1s", "365d"),
    ),
    Key(
        "schedule",
        "verify_every",
        "1d",
        "How often the daemon reads a share of the synced files again.",
        duration("1s", "365d"),
    ),
    Key(
        "schedule",
        "verify_percent",
        "3",
        "That share in percent: 3 a day is each file about once a month, 0 is none.",
        whole_number(0, 100),
    ),
    Key(
        "schedule",
        "upkeep_every",
        "1d",
        "How often the daemon checks and tidies the state database.",
        duration("1s", "365d"),
    ),
    Key(
        "metrics",
        "port",
        "0",
        "Where on 127.0.0.1 the daemon answers /metrics (Prometheus) and /healthz; 0 "
        "is nowhere.",
        port(),
    ),
    Key(
        "notifications",
        "desktop",
        "no",
        "yes shows on your desktop what needs a person, by notify-send.",
        yes_or_no(),
    ),
    Key(
        "notifications",
        "webhook",
        "",
        "An https address that gets it as JSON by POST; it is a secret like the token.",
        webhook(),
    ),
    Key(
        "notifications",
        "command",
        "",
        "A command that gets it as JSON on its standard input, for at most 30 seconds.",
        command(),
    ),
    Key(
        "notifications",
        "quiet_hours",
        "",
        "When nobody is told, such as 22:00-07:00; what is still open then is told "
        "afterwards.",
        quiet_hours(),
    ),
    Key(
        "state",
        "database",
        "",
        "The state database; by default one per configuration file, in "
        "$STATE_DIRECTORY or the state folder of your system.",
        path(may_be_empty=True),
    ),
)
SECTIONS = tuple(dict.fromkeys(key.section for key in KEYS))
BY_NAME = {key.full_name: key for key in KEYS}
