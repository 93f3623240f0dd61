"""The only code that speaks HTTP to Figshare.

What a verb does not use of it is not imported: the HTTP library alone takes longer
than a verb that only reads the state.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from figsync.figshare.addresses import api_origin
    from figsync.figshare.breaker import Host, Rest, Service
    from figsync.figshare.budget import Budget
    from figsync.figshare.downloads import Source
    from figsync.figshare.figshare import Figshare
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
    from figsync.figshare.uploads import PartBody, Readable

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

_HOMES = {
    "addresses": ("api_origin",),
    "budget": ("Budget",),
    "pacing": ("Pace",),
    "breaker": ("Host", "Rest", "Service"),
    "downloads": ("Source",),
    "figshare": ("Figshare",),
    "files": ("ItemFiles",),
    "paging": ("Listing",),
    "session": ("Settings",),
    "uploads": ("PartBody", "Readable"),
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import the module that a name of this package is from."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        homes = (home for home, names in _HOMES.items() if name in names)
        home = import_module(f"{__name__}.{next(homes, 'records')}")
        globals()[name] = getattr(home, name)
        return globals()[name]
