"""`Figshare`: all calls to one account, in one place."""

from __future__ import annotations

from figsync.figshare.uploads import UploadCalls
from figsync.figshare.zips import ZipCalls


class Figshare(UploadCalls, ZipCalls):
    """One account on Figshare or on a server that speaks its API."""
