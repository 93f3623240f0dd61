"""The only code that speaks HTTP to Figshare."""

from figsync.figshare.addresses import api_origin
from figsync.figshare.breaker import Host, Rest, Service
from figsync.figshare.budget import Budget
from figsync.figshare.downloads import Source
from figsync.figshare.files import ItemFiles
from figsync.figshare.pacing import Pace
from figsync.figshare.paging import Listing
from figsync.figshare.records import (
    NO_SIZE,
    Account,
    FileRecord,
    Item,
    ItemRow,
    Part,
    UploadSession,
    public_record,
)
from figsync.figshare.session import Settings
from figsync.figshare.uploads import PartBody, Readable, UploadCalls
from figsync.figshare.zips import ZipCalls

__all__ = [
    "NO_SIZE",
    "Account",
    "Budget",
    "FileRecord",
    "Figshare",
    "Host",
    "Item",
    "ItemFiles",
    "ItemRow",
    "Listing",
    "Pace",
    "Part",
    "PartBody",
    "Readable",
    "Rest",
    "Service",
    "Settings",
    "Source",
    "UploadSession",
    "api_origin",
    "public_record",
]


class Figshare(UploadCalls, ZipCalls):
    """One account on Figshare or on a server that speaks its API."""
