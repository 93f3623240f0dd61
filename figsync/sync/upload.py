"""The uploads of one item as a pipeline: no file waits for a step of another.

Each is initiated, sent, completed and proven in its own time.  What one request
tells of all of them, addresses and proofs, is asked once for many.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from figsync.errors import FigsyncError
from figsync.figshare import FileRecord, Listing
from figsync.model import DeleteFirst, Outcome, Upload
from figsync.sync.crew import Crew
from figsync.sync.deleting_first import delete_old
from figsync.sync.mirror import Mirror
from figsync.sync.prove import (
    Proofs,
    check_folders,
    conclude,
    prove_by_download,
    stop_if_hopeless,
)
from figsync.sync.record import Recorder
from figsync.sync.send import FOLDERS_KEPT, begin, transfer
from figsync.sync.sending import Sending
from figsync.sync.tasks import Task, all_of, ask, pause, together

# At most so many records of an item may stand there with nothing sent to them.
MOST_UNSENT = 64
# A list shows the addresses of many new records for the price of one or two.
LIST_FROM = 3
LIST_AT_MOST = 32
# Nothing that is begun later may keep the bytes of what was begun waiting.
BEGIN_AT_ONCE = 8


def upload_all(
    mirror: Mirror, recorder: Recorder, uploads: Sequence[Upload]
) -> Task[list[Outcome]]:
    """Send files and wait for their proofs, some dozens at a time."""
    outcomes: list[Outcome] = []
    alone = [upload for upload in uploads if upload.alone]
    for upload in sorted(alone, key=lambda upload: not _is_open(mirror, upload)):
        if recorder.room_is_taken:
            return outcomes
        outcomes += yield from Line(mirror, recorder, [upload]).run()
        # Its record stands beside the old one and takes the room of the next.
        recorder.room_is_taken = _is_open(mirror, upload)
    rest = [upload for upload in uploads if not upload.alone]
    if rest:
        outcomes += yield from Line(mirror, recorder, rest).run()
    return outcomes


def _is_open(mirror: Mirror, upload: Upload) -> bool:
    return mirror.state.work.transfer(upload.where.item_id, upload.path) is not None


_Look = tuple[str, int, str]


def _look(upload: Upload) -> _Look:
    """Return what two records could be confused by, before their folder is known."""
    return upload.path.rpartition("/")[2], upload.size, upload.local.md5


class Line:
    """Uploads into one item on their way, and those that wait for their turn.

    Files of equal name, size and MD5 never are under way together.  The first file
    in a folder goes alone, until it is known whether this server keeps folders.
    """

    def __init__(
        self, mirror: Mirror, recorder: Recorder, uploads: Sequence[Upload]
    ) -> None:
        self._mirror = mirror
        self._recorder = recorder
        self._item_id = uploads[0].where.item_id
        self._observed = mirror.state.items.remote_files(self._item_id)
        # Where a record stands already none is to be made before its bytes are sent.
        begun = mirror.state.work.transfers(self._item_id)
        self._waiting = sorted(uploads, key=lambda upload: upload.path not in begun)
        self._crew = Crew()
        self._outcomes: list[Outcome] = []
        self._under_way: dict[_Look, str] = {}
        self._unsent = self._beginning = 0
        self._new: list[Sending] = []
        self._list_from = BEGIN_AT_ONCE
        self._is_listing = False
        self._proofs = Proofs(mirror)
        self._is_looking = False
        self._beside: object = None

    def run(self) -> Task[list[Outcome]]:
        """Bring all to their end and return how each ended."""
        while True:
            self._admit()
            self._ask()
            if not self._under_way:
                return self._outcomes
            for result in (yield from self._crew.ended()):
                if isinstance(result, BaseException):
                    raise result

    def _admit(self) -> None:
        """Begin what may be begun now."""
        waiting, self._waiting = self._waiting, []
        known = bool(self._mirror.state.settings.get(FOLDERS_KEPT))
        for place, upload in enumerate(waiting):
            if self._unsent >= MOST_UNSENT or self._beginning >= BEGIN_AT_ONCE:
                self._waiting += waiting[place:]
                return
            if _look(upload) in self._under_way or self._is_early(upload, known):
                self._waiting.append(upload)
            else:
                self._under_way[_look(upload)] = upload.path
                self._unsent += 1
                self._beginning += 1
                self._crew.start(self._begin(upload))

    def _is_early(self, upload: Upload, known: bool) -> bool:
        """Tell whether a file in a folder has to wait for what becomes of another."""
        if known or "/" not in upload.path:
            return False
        return any("/" in path for path in self._under_way.values())

    def _begin(self, upload: Upload) -> Task[None]:
        """Bring a file to a record with an address, or where it waits for one."""
        mirror = self._mirror
        approved = self._recorder.is_approved(upload)
        sending = Sending(upload, approved=approved, observed=self._observed)
        stop_if_hopeless(mirror, self._recorder, sending)
        if sending.is_open:
            yield from _guarded(sending, _make_room(mirror, sending))
        if sending.is_open:
            yield from _guarded(sending, begin(mirror, sending))
        self._beginning -= 1
        if not sending.is_open:
            self._unsent -= 1
            self._crew.start(self._conclude([sending]))
        elif sending.lacks_address:
            self._new.append(sending)
        else:
            self._crew.start(self._send(sending))

    def _ask(self) -> None:
        """Ask for addresses and for proofs, each as soon as it is worth a request."""
        if self._is_worth_a_list() and not self._is_listing:
            self._is_listing = True
            self._list_from = min(LIST_AT_MOST, 2 * self._list_from)
            self._crew.start(self._learn_addresses())
        if not self._proofs or self._is_looking:
            return
        if not self._unsent:
            self._is_looking, self._beside = True, None
            self._crew.start(self._look_soon())
        elif self._beside is None:
            self._beside = object()
            self._crew.start(self._look_beside(self._beside))

    def _is_worth_a_list(self) -> bool:
        """Tell whether to ask for addresses, or to wait for more that need one."""
        if len(self._new) >= self._list_from:
            return True
        # Where there is room, what still waits has to wait for one under way.
        has_room = not self._waiting or self._unsent < MOST_UNSENT
        is_idle = has_room or self._unsent == len(self._new)
        return bool(self._new) and is_idle and not self._beginning

    def _learn_addresses(self) -> Task[None]:
        """Read the addresses of new records: many by one list, few one by one."""
        new, self._new = self._new, []
        sent = self._proofs.waiting()
        rows: Sequence[FileRecord] = ()
        if len(new) >= LIST_FROM or sent:
            with suppress(FigsyncError):
                rows = (yield from ask(self._list)).rows
        records = {record.id: record for record in rows}
        for sending in new:
            sending.record = records.get(sending.known_record.id, sending.record)
            self._crew.start(self._send(sending))
        self._is_listing = False
        self._end(self._proofs.told(rows, sent))

    def _list(self) -> Listing[FileRecord]:
        return self._mirror.figshare.list_files(self._item_id)

    def _send(self, sending: Sending) -> Task[None]:
        yield from _guarded(sending, transfer(self._mirror, sending))
        self._unsent -= 1
        if sending.is_open:
            self._proofs.add(sending)
        else:
            self._crew.start(self._conclude([sending]))

    def _look_soon(self) -> Task[None]:
        yield from pause(self._proofs.next_wait(beside=False))
        yield from self._look()

    def _look_beside(self, turn: object) -> Task[None]:
        """Look after a long while, unless all is sent by then: that looks sooner."""
        yield from pause(self._proofs.next_wait(beside=True))
        if self._beside is turn and not self._is_looking:
            self._beside, self._is_looking = None, True
            yield from self._look()

    def _look(self) -> Task[None]:
        if self._proofs:
            self._end((yield from self._proofs.look()))
        self._is_looking = False

    def _end(self, over: Sequence[Sending]) -> None:
        if over:
            self._crew.start(self._conclude(over))

    def _conclude(self, sendings: Sequence[Sending]) -> Task[None]:
        """Record how uploads ended, and let what waited for that begin."""
        mirror, recorder = self._mirror, self._recorder
        yield from together([prove_by_download(mirror, s) for s in sendings])
        yield from check_folders(mirror, sendings)
        self._outcomes += yield from all_of(
            [conclude(mirror, recorder, sending) for sending in sendings]
        )
        for sending in sendings:
            del self._under_way[_look(sending.action)]


def _make_room(mirror: Mirror, sending: Sending) -> Task[None]:
    if isinstance(sending.action, DeleteFirst):
        with mirror.unbroken():
            yield from delete_old(mirror, sending.action)


def _guarded(sending: Sending, task: Task[None]) -> Task[None]:
    try:
        yield from task
    except FigsyncError as problem:
        sending.problem = problem
