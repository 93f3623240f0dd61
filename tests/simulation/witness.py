"""Sees every deletion on Figshare at the moment it is asked for, and its reason."""

from __future__ import annotations

import re
from collections.abc import Mapping

from figsync.sandbox.rows import File
from tests.simulation.places import Machine
from tests.simulation.values import Lost, Values, label
from tests.simulation.web import Owner

_FILE = re.compile(r"/account/articles/[^/]+/files/([^/]+)$")
# Names that are the same here and there: others have successors of another name.
_PLAIN = re.compile(r"[\w .-]+(/[\w .-]+)*")


class DeletionWitness:
    """Holds that a record goes only for a reason, and not before its time.

    Reasons are: a successor under its path, another copy of its bytes, on Figshare
    or here (in the trash, if a person let it give way to its successor), or a person
    who did away with it, *grace* seconds ago: by whatever they did to it here at its
    very path, or to the last bytes of this content anywhere.
    An upload from here that was never proven is no record yet: it may go as soon as
    its file was overwritten here.
    """

    def __init__(
        self, machine: Machine, owner: Owner, values: Values, grace: float
    ) -> None:
        self._machine = machine
        self._owner = owner
        self._values = values
        self._grace = grace

    def see(self, method: str, path: str) -> None:
        """Raise Lost if a request deletes a record that nothing speaks against."""
        found = _FILE.search(path) if method == "DELETE" else None
        file = self._record(found[1]) if found else None
        if file is None or file.status != "available" or file.link:
            return
        content = self._owner.web.content(file.id)
        if content in self._values.ever and not self._has_copy(file, content):
            self._check_time(file, content)

    def _record(self, file_id: str) -> File | None:
        return next((f for f in self._all() if file_id in (str(f.id), f.uuid)), None)

    def _all(self) -> list[File]:
        web = self._owner.web
        return [f for item in web.item_ids() for f in self._owner.available(item)]

    def _has_copy(self, file: File, content: bytes) -> bool:
        others = [other for other in self._all() if other.id != file.id]
        if any((o.item_id, o.path) == (file.item_id, file.path) for o in others):
            return True
        if any(other.true_md5 == file.true_md5 for other in others):
            return True
        here = self._machine
        if content in here.tree().values() or content in here.kept_aside():
            return True
        # A person let it go for lack of room, with its bytes in the trash.
        gives_way = here.giving_way().keys() & {str(file.id), file.uuid}
        return bool(gives_way) and content in (kept for _, kept in here.trash())

    def _check_time(self, file: File, content: bytes) -> None:
        told = f"#{file.id} {file.path} ({label(content)})"
        taken = self._taken(file, self._machine.agreed(), content)
        if taken is None and content not in self._values.open:
            taken = self._values.closed.get(content, 0.0)
        if taken is None:
            raise Lost(f"{told} is deleted, which nobody wanted gone")
        since = self._values.clock.now() - taken
        named_alike = ".." not in file.path and _PLAIN.fullmatch(file.path)
        if (
            named_alike
            and since < self._grace
            and not self._is_no_record(file, content)
        ):
            raise Lost(f"{told} is deleted {since:.0f} seconds after a person did")

    def _is_no_record(self, file: File, content: bytes) -> bool:
        """Tell whether the file is sent from here, unproven, and overwritten since."""
        is_proven = bool(self._owner.web.computed_md5(file.id))
        sent = self._machine.sent()
        return not is_proven and self._taken(file, sent, content) is not None

    def _taken(
        self, file: File, paths: Mapping[str, str], content: bytes
    ) -> float | None:
        """Return when a person here took the bytes from the path of a record, if so."""
        path = paths.get(str(file.id)) or paths.get(file.uuid)
        place = (self._machine.name, path or "", content)
        return self._values.taken.get(place)
