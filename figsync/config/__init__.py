"""The INI file as one frozen `Config`, with complaints that say what would be right."""

from figsync.config.bandwidth import BandwidthTable
from figsync.config.changes import refused_changes, taken_changes
from figsync.config.credentials import checked_token, read_token, token_file_problem
from figsync.config.keys import KEYS, Key
from figsync.config.kinds import is_loopback, secret_parts
from figsync.config.load import answer_problem, find_config, load_config
from figsync.config.quiet import QuietHours
from figsync.config.values import (
    AccountSettings,
    Config,
    DeletionSettings,
    Direction,
    FileDeletions,
    ItemDeletions,
    LooseFiles,
    MetricsSettings,
    MirrorSettings,
    NewItems,
    NotificationSettings,
    ScheduleSettings,
    StateSettings,
    TransferSettings,
)
from figsync.config.write import example_config, write_config, write_private

__all__ = [
    "KEYS",
    "AccountSettings",
    "BandwidthTable",
    "Config",
    "DeletionSettings",
    "Direction",
    "FileDeletions",
    "ItemDeletions",
    "Key",
    "LooseFiles",
    "MetricsSettings",
    "MirrorSettings",
    "NewItems",
    "NotificationSettings",
    "QuietHours",
    "ScheduleSettings",
    "StateSettings",
    "TransferSettings",
    "answer_problem",
    "checked_token",
    "example_config",
    "find_config",
    "is_loopback",
    "load_config",
    "read_token",
    "secret_parts",
    "refused_changes",
    "taken_changes",
    "token_file_problem",
    "write_config",
    "write_private",
]
