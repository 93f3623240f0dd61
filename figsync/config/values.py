"""The configuration as one frozen value; durations in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from figsync.config.bandwidth import BandwidthTable
from figsync.config.quiet import QuietHours


class Direction(StrEnum):
    """Which side follows the other."""

    BOTH = "both"
    PULL = "pull"
    PUSH = "push"


class LooseFiles(StrEnum):
    """What becomes of a file that lies directly in the mirror root."""

    ITEM = "item"
    IGNORE = "ignore"


class NewItems(StrEnum):
    """How much of an item that is new on Figshare comes down."""

    ALL = "all"
    METADATA = "metadata"


class FileDeletions(StrEnum):
    """What a deleted file means for the other side."""

    PROPAGATE = "propagate"
    KEEP = "keep"


class ItemDeletions(StrEnum):
    """What a deleted item folder means for Figshare."""

    HOLD = "hold"
    PROPAGATE = "propagate"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class AccountSettings:
    """[account]: which account is mirrored, and how it is reached."""

    api_url: str
    token_file: Path | None
    token_keyring: str
    impersonate: str


@dataclass(frozen=True, slots=True)
class MirrorSettings:
    """[mirror]: the folder, and what of both sides takes part."""

    root: Path
    direction: Direction
    loose_files: LooseFiles
    new_items: NewItems
    portable_names: bool
    ignore: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeletionSettings:
    """[deletions]: what follows a deletion, and when a person is asked."""

    files: FileDeletions
    items: ItemDeletions
    grace: float
    max_files: int
    max_percent: int
    trash_days: int


@dataclass(frozen=True, slots=True)
class TransferSettings:
    """[transfer]: how much is sent and asked at a time."""

    workers: int
    requests_per_second: float
    burst: int
    bandwidth_limit: BandwidthTable
    files_per_item: int
    disk_reserve: int


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """[schedule]: how often both sides are looked at, and what else is done when."""

    pull_every: float
    scan_every: float
    watch: bool
    poll_every: float
    settle: float
    trash_every: float
    verify_every: float
    verify_percent: int
    upkeep_every: float


@dataclass(frozen=True, slots=True)
class MetricsSettings:
    """[metrics]: where monitors may ask; port 0 is nowhere."""

    port: int


@dataclass(frozen=True, slots=True)
class NotificationSettings:
    """[notifications]: how people hear of what needs one; *webhook* is a secret."""

    desktop: bool
    webhook: str = field(repr=False)
    command: tuple[str, ...]
    quiet_hours: QuietHours | None


@dataclass(frozen=True, slots=True)
class StateSettings:
    """[state]: where figsync remembers."""

    database: Path


@dataclass(frozen=True, slots=True)
class Config:
    """Everything a person decides about one mirror; *path* is the file it is from."""

    account: AccountSettings
    mirror: MirrorSettings
    deletions: DeletionSettings
    transfer: TransferSettings
    schedule: ScheduleSettings
    metrics: MetricsSettings
    notifications: NotificationSettings
    state: StateSettings
    path: Path

    @property
    def database(self) -> Path:
        """The state database."""
        return self.state.database
