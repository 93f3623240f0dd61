"""The state: everything figsync remembers, in one SQLite database that people can read.

The only SQL of figsync is in here.
"""

from figsync.state.decisions import Conflict, Decisions, HeldRow, Request
from figsync.state.files import Files, KnownFile, Scanned
from figsync.state.history import History, HistoryRow
from figsync.state.items import Items, Observed, Publication
from figsync.state.ledger import RequestLedger
from figsync.state.schema import TABLES
from figsync.state.settings import Settings
from figsync.state.state import State
from figsync.state.steps import Steps
from figsync.state.work import (
    Absence,
    CreateIntent,
    Retry,
    Transfer,
    Work,
    retry_wait,
)

__all__ = [
    "TABLES",
    "Absence",
    "Conflict",
    "CreateIntent",
    "Decisions",
    "Files",
    "HeldRow",
    "History",
    "HistoryRow",
    "Items",
    "KnownFile",
    "Observed",
    "Publication",
    "Request",
    "RequestLedger",
    "Retry",
    "Scanned",
    "Settings",
    "State",
    "Steps",
    "Transfer",
    "Work",
    "retry_wait",
]
