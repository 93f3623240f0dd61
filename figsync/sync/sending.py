"""One upload on its way: what is sent, to which record, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass

from figsync.errors import FigsyncError
from figsync.figshare import FileRecord
from figsync.model import RemoteFile, Upload


@dataclass(slots=True)
class Sending:
    """One upload on its way; *problem* ends it.

    *approved*: a person lets it be sent although it was sent in vain before.  It
    *is_new* while this process has made the record and sent nothing to it.
    *observed* are the item's records before, *sent_at* is when all bytes were sent.
    """

    action: Upload
    record: FileRecord | None = None
    problem: FigsyncError | None = None
    proven: bool = False
    approved: bool = False
    is_new: bool = False
    observed: tuple[RemoteFile, ...] = ()
    sent_at: float = 0.0

    @property
    def is_open(self) -> bool:
        return self.problem is None and not self.proven

    @property
    def lacks_address(self) -> bool:
        """Tell whether nobody has told yet where the bytes are to go."""
        record = self.known_record
        return record.status == "created" and not record.upload_url

    @property
    def known_record(self) -> FileRecord:
        """The record, which exists once the upload has begun."""
        assert self.record is not None
        return self.record
