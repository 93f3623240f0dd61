"""How actions ended, into the state: history, retries, counts, hosts left alone."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from figsync.errors import (
    FigshareProblem,
    FigsyncError,
    Locked,
    Refused,
    Resting,
    Stale,
    TokenRefused,
)
from figsync.model import (
    Action,
    ActionKey,
    DeleteItem,
    DeleteRemote,
    Held,
    Outcome,
    WriteRecord,
)
from figsync.naming import shown
from figsync.sync.counts import remember_edit
from figsync.sync.guards import weight
from figsync.sync.hosts import OUTAGES, keep_rests, resting_for
from figsync.sync.mirror import Mirror
from figsync.sync.words import done, to_do

TOKEN_REFUSALS = 5
_QUIET = (WriteRecord,)
# How every refusal begins: a retry that is read from the state is known by it.
REFUSED = "Figshare refuses "

log = logging.getLogger(__name__)


class Recorder:
    """Writes down each outcome; *met_outage* tells that Figshare may be out of reach.

    What a host that is left alone could not do is decided anew: nothing was tried.
    *room_is_taken* tells that a replacement stands unproven beside the old record:
    where room is tight none may follow it.
    """

    def __init__(
        self,
        mirror: Mirror,
        approved: frozenset[ActionKey],
        moved: frozenset[ActionKey] = frozenset(),
    ) -> None:
        self._mirror = mirror
        self.room_is_taken = False
        self._approved = approved
        self._moved = moved
        self._refusals = 0
        self.met_outage = False

    def is_approved(self, action: Action) -> bool:
        """Tell whether a person approved exactly this action."""
        return action.key in self._approved

    def check_hosts(self, action: Action) -> None:
        """Raise Resting when an action has to wait for a host that is left alone.

        TokenRefused when Figshare refused the token for several actions in a row.
        """
        rest = resting_for(self._mirror, action)
        if rest is not None:
            raise rest.problem()
        if self._refusals >= TOKEN_REFUSALS:
            raise TokenRefused(shown(action.path), "Figshare does not accept the token")

    def ended(self, action: Action, problem: FigsyncError | None = None) -> Outcome:
        """Record one action's end and return it as an outcome."""
        self._watch(problem)
        outcome = _outcome(action, problem)
        state = self._mirror.state
        if outcome.result == "done" and not self.is_approved(action):
            remember_edit(self._mirror, action)
        if outcome.result == "done" and isinstance(action, DeleteRemote):
            self._mirror.changed.add(action.where.item_id)
        with state.atomic():
            self._retries(action, outcome)
            self._history(action, outcome)
            ended = outcome.result in ("done", "refused")
            if ended and action.key in self._approved:
                state.decisions.settle(action.key)
        self._tell(outcome)
        return outcome

    def unproven(self, action: Action) -> Outcome:
        """Record an upload that Figshare has not verified yet."""
        message = "Figshare has not computed its MD5 yet; the next sync looks again"
        outcome = Outcome(action, "failed", message, unproven=True)
        self._history(action, outcome)
        self._tell(outcome)
        return outcome

    def _watch(self, problem: FigsyncError | None) -> None:
        is_refusal = isinstance(problem, TokenRefused)
        self._refusals = self._refusals + 1 if is_refusal else 0
        if isinstance(problem, OUTAGES):
            self.met_outage = True
            keep_rests(self._mirror)

    def _retries(self, action: Action, outcome: Outcome) -> None:
        work, name = self._mirror.state.work, retry_name(action.key)
        if isinstance(action, _QUIET):
            return
        if outcome.result in ("failed", "refused"):
            work.failed(name, outcome.message)
        elif outcome.result == "done":
            work.succeeded(name)

    def _history(self, action: Action, outcome: Outcome) -> None:
        if outcome.result == "stale" or isinstance(action, _QUIET):
            return
        counted = outcome.result == "done" and action.key not in self._moved
        if isinstance(action, DeleteItem) and action.only_excludes:
            counted = False
        files = weight(action) if counted else 0
        self._mirror.state.history.add(
            action.kind,
            item_id=action.where.item_id,
            path=full_path(action),
            size=action.size,
            result=outcome.result,
            message=outcome.message,
            deleted_local=files if action.deletes == "local" else 0,
            deleted_remote=files if action.deletes == "remote" else 0,
        )

    def _tell(self, outcome: Outcome) -> None:
        self._mirror.progress.finished(outcome)
        path = shown(full_path(outcome.action))
        kind, fields = outcome.action.kind, _fields(outcome)
        if outcome.result == "done":
            level = (
                logging.DEBUG if isinstance(outcome.action, _QUIET) else logging.INFO
            )
            log.log(level, "%s: %s", done(kind), path, extra=fields)
        elif outcome.unproven:
            told = path, outcome.message
            log.warning("Sent, but not proven: %s: %s", *told, extra=fields)
        elif outcome.result != "stale":
            told = path, outcome.message
            log.warning("Could not %s: %s: %s", to_do(kind), *told, extra=fields)


def _fields(outcome: Outcome) -> dict[str, object]:
    """Return an outcome for logs that programs read."""
    action = outcome.action
    told = {
        "kind": action.kind,
        "item_id": action.where.item_id,
        "folder": action.where.folder,
        "path": action.path,
        "bytes": action.size,
        "result": outcome.result,
    }
    return {"action": told}


def tell_held(held: Iterable[Held]) -> None:
    """Write into the log what is held from now on, once for each kind and reason."""
    groups: dict[tuple[str, str, bool], list[str]] = {}
    for new in held:
        same = (new.action.kind, new.reason, new.needs_person)
        groups.setdefault(same, []).append(full_path(new.action))
    for (kind, reason, needs_person), paths in groups.items():
        level = logging.WARNING if needs_person else logging.INFO
        more = f" and {len(paths) - 1:,} more" if len(paths) > 1 else ""
        told = to_do(kind), shown(paths[0]), more, shown(reason)
        log.log(level, "Held: %s %s%s: %s", *told)


def full_path(action: Action) -> str:
    """Return the root-relative path that an action is about."""
    parts = (action.where.folder, action.path)
    return "/".join(part for part in parts if part)


def retry_name(key: ActionKey) -> str:
    """Return the name under which the failures of an action are counted."""
    return f"{key.kind}:{key.item_id}:{key.path}:{key.file_id}:{key.md5}"


def _outcome(action: Action, problem: FigsyncError | None) -> Outcome:
    if problem is None:
        return Outcome(action, "done", size=action.size)
    error = type(problem).__name__
    if isinstance(problem, Stale | Resting):
        return Outcome(action, "stale", str(problem), error=error)
    if isinstance(problem, Refused) and not isinstance(problem, Locked):
        told = _told(action, problem)
        message = told if told.startswith(REFUSED) else f"{REFUSED}it: {told}"
        return Outcome(action, "refused", message, error=error)
    return Outcome(action, "failed", _told(action, problem), error=error)


def _told(action: Action, problem: FigsyncError) -> str:
    """Return a problem in words that do not name again what the action is about."""
    own = {shown(path) for path in (action.path, full_path(action))}
    is_own = problem.subject in own or isinstance(problem, FigshareProblem)
    return problem.reason if is_own else str(problem)
