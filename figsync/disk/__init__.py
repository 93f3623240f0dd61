"""The only code that changes files in the mirror: atomic install, trash, hashing."""

from figsync.disk.calls import Calls
from figsync.disk.disk import Disk
from figsync.disk.reader import PartBody
from figsync.disk.temp import Scratch, TempFile
from figsync.disk.values import (
    Entry,
    Hashed,
    Installed,
    News,
    Probe,
    RootIdentity,
    Trashed,
)

__all__ = [
    "Calls",
    "Disk",
    "Entry",
    "Hashed",
    "Installed",
    "News",
    "PartBody",
    "Probe",
    "RootIdentity",
    "Scratch",
    "TempFile",
    "Trashed",
]
