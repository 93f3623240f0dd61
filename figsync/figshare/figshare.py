"""`Figshare`: all calls to one account, in one place."""

from __future__ import annotations

from figsync.figshare.downloads import DownloadCalls
from figsync.figshare.uploads import UploadCalls


class Figshare(UploadCalls, DownloadCalls):
    """One account on Figshare or on a server that speaks its API."""
