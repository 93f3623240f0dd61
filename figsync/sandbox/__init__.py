"""A Figshare of our own, for tests, demos and trying things out."""

from figsync.sandbox.box import Sandbox
from figsync.sandbox.errors import Refused
from figsync.sandbox.faults import Fault
from figsync.sandbox.files import NewFile
from figsync.sandbox.log import Entry, RequestLog
from figsync.sandbox.rows import File
from figsync.sandbox.switches import Switches
from figsync.sandbox.web import Web
from figsync.sandbox.world import Urls

__all__ = [
    "Entry",
    "Fault",
    "File",
    "NewFile",
    "Refused",
    "RequestLog",
    "Sandbox",
    "Switches",
    "Urls",
    "Web",
]
