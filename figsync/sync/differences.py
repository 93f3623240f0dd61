"""What can differ between disk, state and Figshare, and what helps (pure)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from figsync.model import SyncedFile, Where


class Mend(StrEnum):
    """What `--repair` does; none of it removes a byte or sends anything."""

    REHASH = "rehash"
    DISAGREE = "disagree"
    REREAD = "reread"
    RECORD = "record"
    SWEEP = "sweep"
    SET_ASIDE = "set-aside"


REPAIRS = {
    Mend.REHASH: "has the next sync read the file again",
    Mend.DISAGREE: "lets the next sync take Figshare's version and keep this one"
    " beside it as a conflict copy",
    Mend.REREAD: "has the next sync ask Figshare for the item again",
    Mend.RECORD: "writes it again; what stood there goes to the trash",
    Mend.SWEEP: "removes it",
    Mend.SET_ASIDE: "sets the database aside, and the next sync rebuilds it",
}


class Kind(StrEnum):
    """What can differ; the text is what programs read."""

    DAMAGED = "damaged-state"
    CHANGED = "changed-silently"
    CHANGED_ALONE = "changed-silently-no-copy"
    WRONG_SUM = "wrong-checksum"
    EDITED = "edited"
    MISSING = "missing"
    NEW = "new"
    NOT_RECORDED = "not-recorded"
    BOTH_NEW = "both-new"
    CONFLICT = "conflict"
    UNREADABLE = "unreadable"
    NOT_A_FILE = "not-a-file"
    MOVING = "changing-now"
    NO_FOLDER = "folder-missing"
    RENAMED = "folder-renamed"
    NEW_FOLDER = "new-folder"
    NO_RECORD = "record-missing"
    FOREIGN_RECORD = "record-foreign"
    OTHER_RECORD = "record-differs"
    STRAY = "stray-temporary"
    ITEM_GONE = "item-gone"
    ITEM_NEW = "item-new"
    ITEM_UNREAD = "item-unread"
    INCOMPLETE = "list-incomplete"
    GONE = "gone-on-figshare"
    REPLACED = "replaced-on-figshare"
    MOVED = "moved-on-figshare"
    OTHER_BYTES = "other-bytes-on-figshare"
    UNPROVEN = "unproven-on-figshare"
    REMOTE_ALONE = "only-on-figshare"


@dataclass(frozen=True, slots=True)
class About:
    """Which sides disagree, what is told, what helps, and who has to act.

    *needs_person* marks what neither a sync nor `--repair` settles.
    """

    sides: str
    told: str
    remedy: str = "`figsync sync` takes it up"
    mend: Mend | None = None
    needs_person: bool = False


_SENT = "the next sync sends it; `figsync status` says why if it can not"
_BACKUP = "look into the trash and into backups; touch the file to send it as it is"
_COMES = "`figsync sync` brings it"
_AGAIN = "verify again later"

ABOUT = {
    Kind.DAMAGED: About("state", "", mend=Mend.SET_ASIDE),
    Kind.CHANGED: About(
        "disk | state",
        "its bytes are not those that were synced, though size and time are: a failing"
        " disk, or a program that sets the time back",
        mend=Mend.DISAGREE,
    ),
    Kind.CHANGED_ALONE: About(
        "disk | state",
        "its bytes are not those that were synced, though size and time are, and"
        " Figshare does not have those either",
        _BACKUP,
        needs_person=True,
    ),
    Kind.WRONG_SUM: About(
        "state | disk",
        "figsync remembers another checksum than the file has now, with the same size"
        " and time",
        mend=Mend.REHASH,
    ),
    Kind.EDITED: About("disk | state", "it was edited since it was synced"),
    Kind.MISSING: About(
        "disk | state",
        "it was synced and is not here",
        "`figsync restore` brings it back, `figsync held` tells when it is deleted",
        needs_person=True,
    ),
    Kind.NEW: About("disk | state", "it was never synced", _SENT),
    Kind.NOT_RECORDED: About("state | disk, Figshare", "both sides have it, equal"),
    Kind.BOTH_NEW: About("disk | Figshare", "each side has its own bytes of it"),
    Kind.CONFLICT: About(
        "disk | Figshare",
        "it is the local version of a conflict",
        "`figsync conflicts` decides which one wins",
        needs_person=True,
    ),
    Kind.UNREADABLE: About(
        "disk", "it can not be read", "give yourself permission", needs_person=True
    ),
    Kind.NOT_A_FILE: About(
        "disk | state",
        "what has its name is no ordinary file",
        "move that away",
        needs_person=True,
    ),
    Kind.MOVING: About("disk", "it changed while it was read", _AGAIN),
    Kind.NO_FOLDER: About(
        "disk | state",
        "the folder of an item is not here",
        "put it back if that is a mistake; `figsync held` shows what follows",
        needs_person=True,
    ),
    Kind.RENAMED: About("disk | state", "it was renamed since it was synced"),
    Kind.NEW_FOLDER: About("disk | state", "it is no item yet", _SENT),
    Kind.NO_RECORD: About(
        "disk | state", ".figshare/record.json is missing", mend=Mend.RECORD
    ),
    Kind.FOREIGN_RECORD: About(
        "disk | state",
        ".figshare/record.json is of another item",
        "remove .figshare if the folder was copied; the next sync decides",
        needs_person=True,
    ),
    Kind.OTHER_RECORD: About(
        "disk | state",
        ".figshare/record.json is not as Figshare gave it",
        mend=Mend.RECORD,
    ),
    Kind.STRAY: About(
        "disk", "an earlier process left it half written", mend=Mend.SWEEP
    ),
    Kind.ITEM_GONE: About("Figshare | state", "Figshare lists this item no more"),
    Kind.ITEM_NEW: About("Figshare | state", "the item is not here", _COMES),
    Kind.ITEM_UNREAD: About("Figshare", "the item could not be read", _AGAIN),
    Kind.INCOMPLETE: About("Figshare", "Figshare's list was not complete", _AGAIN),
    Kind.GONE: About(
        "Figshare | state", "its record is gone from Figshare", mend=Mend.REREAD
    ),
    Kind.REPLACED: About(
        "Figshare | state", "Figshare has another record of it", mend=Mend.REREAD
    ),
    Kind.MOVED: About(
        "Figshare | state", "its record is in another folder", mend=Mend.REREAD
    ),
    Kind.OTHER_BYTES: About(
        "Figshare | state",
        "its record has another size or MD5 than was agreed on",
        mend=Mend.DISAGREE,
    ),
    Kind.UNPROVEN: About(
        "Figshare", "Figshare shows no MD5 of it, or somebody is sending it", _AGAIN
    ),
    Kind.REMOTE_ALONE: About(
        "Figshare | disk", "it is on Figshare alone", mend=Mend.REREAD
    ),
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing on which the sides disagree; *synced* is the row it is about."""

    kind: Kind
    where: Where
    path: str = ""
    detail: str = ""
    synced: SyncedFile | None = None
    is_safe: bool = True

    @property
    def about(self) -> About:
        return ABOUT[self.kind]

    @property
    def mend(self) -> Mend | None:
        """What `--repair` does about it, None if it leaves it alone."""
        return self.about.mend if self.is_safe else None

    @property
    def needs_person(self) -> bool:
        return self.about.needs_person or not self.is_safe

    @property
    def told(self) -> str:
        """What was found, in one sentence."""
        return ": ".join(part for part in (self.about.told, self.detail) if part)

    @property
    def remedy(self) -> str:
        """What helps, in one sentence."""
        if self.mend is not None:
            return f"safe: --repair {REPAIRS[self.mend]}"
        return self.about.remedy
