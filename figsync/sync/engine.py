"""One cycle in five steps: check, observe, decide, execute, remember."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeVar

from figsync.errors import FigsyncError
from figsync.figshare import Account
from figsync.model import (
    ActionKey,
    Download,
    Mode,
    Outcome,
    Plan,
    WriteRecord,
)
from figsync.sync.ahead import with_reading_ahead
from figsync.sync.arriving import record_arrived
from figsync.sync.awaiting import after_arrivals
from figsync.sync.bind import (
    changed_rules,
    check_account,
    remember_rules,
    remember_scope,
    scope_change,
)
from figsync.sync.carry import carry_out_requests
from figsync.sync.counts import (
    deleted_lately,
    edited_lately,
    held_elsewhere,
    items_emptied_lately,
)
from figsync.sync.decide import Decider
from figsync.sync.exclusions import keep_exclusions, restore_exclusions
from figsync.sync.execute import execute
from figsync.sync.facts import (
    store_account,
    store_left_out,
    store_obstacles,
    store_stalled,
)
from figsync.sync.finish import finish_uploads
from figsync.sync.fitting import account_after, fitted, free_quota
from figsync.sync.flights import stalled_uploads
from figsync.sync.glance import remember_records, remember_root
from figsync.sync.guards import Elsewhere, Facts, Limits, guard
from figsync.sync.hosts import OUTAGES
from figsync.sync.mirror import Mirror
from figsync.sync.mounts import remember_mounts
from figsync.sync.moves import moved_keys, with_interrupted_moves
from figsync.sync.observe import View, observe
from figsync.sync.parts import PART_SIZE
from figsync.sync.record import Recorder, tell_held
from figsync.sync.rejections import settle_rejections
from figsync.sync.reserve import within
from figsync.sync.restore import bringing
from figsync.sync.root import check_root, look_at_root
from figsync.sync.stirred import concerned, remember_undone
from figsync.sync.survey import Survey, policy_of
from figsync.sync.sweep import (
    expire_trash,
    remember_doubts,
    restart_grace_after_jump,
    sweep_strays,
)
from figsync.sync.tasks import Task
from figsync.sync.underway import recover_late_saves
from figsync.sync.waits import waits_of
from figsync.sync.walk import Lens

T = TypeVar("T")

SYNCING = "Syncing"
DAY = 24 * 3600.0
DEFAULT_PART_SIZE = 10 << 20


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asked of a cycle: only some folders, and failures at once.

    With *bring_only* nothing is sent, and only files that are not here come down.
    Of the folder *watched* the scan is kept; *reading* limits the bytes read of each.
    With *retry_now* a host that is left alone gets one trial before its time.
    *stirred* are the folders of the root where something may have changed since the
    last cycle; None is any, and looks at all of them.  Nobody waits for what *yields*:
    its requests come after those that somebody waits for.
    """

    only: frozenset[str] = frozenset()
    stirred: frozenset[str] | None = None
    retry_now: bool = False
    bring_only: bool = False
    watched: str = ""
    reading: int | None = None
    yields: bool = False


@dataclass(slots=True)
class Cycle:
    """What one cycle decided and did."""

    plan: Plan
    survey: Survey
    view: View
    outcomes: list[Outcome] = field(default_factory=list)
    not_found: list[str] = field(default_factory=list)
    moved: frozenset[ActionKey] = frozenset()
    stranded: int = 0
    met_outage: bool = False

    def due_again(self, now: float) -> bool:
        """Tell whether another cycle would have something to do at once."""
        due = (h.until for h in self.plan.held if h.until is not None)
        moved = any(_matters(outcome) for outcome in self.outcomes)
        return self.view.again or moved or any(until <= now for until in due)


def _matters(outcome: Outcome) -> bool:
    """Tell whether what was done may make something else possible or necessary."""
    action = outcome.action
    if isinstance(action, WriteRecord) and not action.is_new:
        return outcome.result == "stale"
    return outcome.result in ("done", "stale")


def sync_once(mirror: Mirror, wish: Wish) -> Cycle:
    """Run one cycle; raises when nothing may or can be done at all.

    Raises NeedsPerson for a wrong root or account, FigshareProblem when the account
    can not be listed; what goes wrong with one item or file is in the outcomes.
    """
    mirror.progress.phase("Checking the folder")
    if wish.retry_now:
        mirror.figshare.hosts.try_now()
    if not mirror.dry_run and carry_out_requests(mirror):
        wish = replace(wish, stirred=None)
    check_root(mirror, may_be_empty=wish.bring_only)
    restore_exclusions(mirror)
    stranded = 0 if mirror.dry_run else recover_late_saves(mirror)
    record_arrived(mirror)
    mirror.progress.phase("Asking Figshare")
    view = _only(mirror, _view(mirror, wish))
    restart_grace_after_jump(mirror, view.ahead)
    mirror.progress.phase("Looking at files")
    if wish.stirred is not None and not wish.only:
        wish = replace(wish, only=concerned(mirror, view, wish.stirred))
    cycle = decided(mirror, view, wish)
    cycle.stranded = stranded
    mirror.progress.planned(cycle.plan)
    if mirror.dry_run:
        cycle.outcomes = [Outcome(action, "planned") for action in cycle.plan.actions]
    else:
        _carry_out(mirror, cycle, wish)
        _fill_new_folders(mirror, cycle, wish)
    _remember(mirror, cycle, wish.only)
    remember_undone(mirror, view, cycle.survey, cycle.outcomes, wish.only)
    return cycle


def decided(mirror: Mirror, view: View, wish: Wish) -> Cycle:
    """Look at the files here and decide, with Figshare as in *view*; nothing is done.

    The state remembers what was seen here.
    """
    survey = _survey(mirror, view.account, wish)
    root = look_at_root(mirror)
    decider = Decider(mirror, view, root, survey, wish.only)
    plan = with_interrupted_moves(mirror, _only(mirror, decider.plan()))
    remember_root(mirror, root, survey.looked, wish.only)
    plan = fitted(mirror, survey, plan, free_quota(view.account))
    mirror.left_out.add(survey.not_uploadable, root.folders, wish.only)
    moved = moved_keys(mirror, plan)
    remember_doubts(mirror, survey)
    plan = _guarded(mirror, survey, plan, wish, moved)
    plan = within(mirror.reserve, plan, mirror.clock.now())
    is_asked = wish.only and wish.stirred is None
    not_found = decider.not_found() if is_asked else []
    cycle = Cycle(plan, survey, view, not_found=not_found, moved=moved)
    cycle.met_outage = any(isinstance(p, OUTAGES) for p in view.problems.values())
    return cycle


def check_figshare(mirror: Mirror) -> None:
    """Raise FigshareProblem unless Figshare answers: what failed may be all of it."""
    _only(mirror, check_account(mirror))


def _view(mirror: Mirror, wish: Wish) -> Task[View]:
    """Ask Figshare, and read what is new here meanwhile."""
    asking = _observation(mirror, wish)
    if mirror.dry_run or wish.bring_only or wish.reading is not None:
        return asking
    among = wish.only or wish.stirred
    return with_reading_ahead(mirror, asking, _lens(mirror, wish), among)


def _observation(mirror: Mirror, wish: Wish) -> Task[View]:
    account = mirror.account or (yield from check_account(mirror))
    mirror.account = account
    if mirror.state.work.all_transfers():
        # What was begun may have taken its room already, and may give some back.
        mirror.account = None
    if not (mirror.dry_run or wish.bring_only):
        yield from finish_uploads(mirror)
    return (yield from observe(mirror, account))


def _only(mirror: Mirror, task: Task[T]) -> T:
    """Run one task to its end; raise what it raises."""
    (result,) = mirror.drive([task])
    if isinstance(result, FigsyncError):
        raise result
    return result


def _survey(mirror: Mirror, account: Account, wish: Wish) -> Survey:
    limit = str(account.maximum_file_size or "")
    mirror.state.settings.set("maximum_file_size", limit)
    lens, policy = _lens(mirror, wish), policy_of(mirror)
    return Survey(lens, policy, free_quota(account), watched=wish.watched)


def _lens(mirror: Mirror, wish: Wish) -> Lens:
    return Lens(
        mirror.disk,
        mirror.rules,
        mirror.clock.now(),
        mirror.config.schedule.settle,
        int(mirror.state.settings.get(PART_SIZE) or DEFAULT_PART_SIZE),
        wish.reading,
        mirror.asked_to_stop,
    )


def _guarded(
    mirror: Mirror,
    survey: Survey,
    plan: Plan,
    wish: Wish,
    moved: frozenset[ActionKey],
) -> Plan:
    deletions, state, now = mirror.config.deletions, mirror.state, mirror.clock.now()
    limits = Limits(
        deletions.grace, deletions.max_files, deletions.max_percent, deletions.items
    )
    facts = Facts(
        mirror_files=state.files.synced_total(),
        deleted=deleted_lately(mirror),
        edited=edited_lately(mirror, plan),
        item_deleted=items_emptied_lately(mirror),
        item_files=survey.item_files,
        elsewhere=held_elsewhere(mirror, wish.only) if wish.only else Elsewhere(),
        missed_since=survey.missed_since,
        waits=waits_of(mirror, plan, retry_now=wish.retry_now),
        unsure=survey.unsure,
        # No approval moves away what has the name already.
        approved=state.decisions.approved() - survey.blocked,
        moved=moved,
        scope_change=scope_change(mirror),
        rules_changed=changed_rules(state, survey.rules),
    )
    return after_arrivals(mirror, survey, guard(plan, limits, facts, now))


def _carry_out(mirror: Mirror, cycle: Cycle, wish: Wish) -> None:
    mirror.progress.phase(SYNCING)
    plan = cycle.plan
    if wish.bring_only:
        plan = bringing(plan)
    else:
        _only(mirror, sweep_strays(mirror, plan, cycle.view))
    _execute(mirror, cycle, plan)
    remember_records(mirror, cycle.outcomes)
    settle_rejections(mirror, cycle.outcomes)
    expire_trash(mirror)


def _execute(mirror: Mirror, cycle: Cycle, plan: Plan) -> None:
    approved = mirror.state.decisions.approved()
    recorder = Recorder(mirror, approved, cycle.moved)
    for outcome in execute(mirror, plan, recorder):
        cycle.outcomes.append(outcome)
        mirror.account = account_after(mirror.account, outcome)
    cycle.met_outage |= recorder.met_outage


def _fill_new_folders(mirror: Mirror, cycle: Cycle, wish: Wish) -> None:
    """Bring the files of items that got their folder just now: all is known of them.

    Anything else about them is for the next cycle, which lists the account again.
    """
    new = frozenset(
        outcome.action.where.item_id
        for outcome in cycle.outcomes
        if outcome.result == "done"
        and isinstance(outcome.action, WriteRecord)
        and outcome.action.is_new
        and outcome.action.mode is Mode.MIRRORED
    )
    if not new or cycle.met_outage:
        return
    found = decided(mirror, cycle.view, replace(wish, only=new))
    plan = Plan(tuple(a for a in found.plan.actions if isinstance(a, Download)))
    if plan.actions:
        mirror.progress.planned(plan)
        _execute(mirror, cycle, plan)


def _remember(mirror: Mirror, cycle: Cycle, only: frozenset[str]) -> None:
    """Store what people will ask about: held actions, conflicts, what is left out.

    What a partial sync did not look at stays as it was.
    """
    state, now = mirror.state, mirror.clock.now()
    conflicts = [replace(found, since=now) for found in cycle.survey.conflicts]
    tell_held(state.decisions.not_held_yet(cycle.plan.held))
    with state.atomic():
        state.decisions.replace_held(cycle.plan.held, within=only)
        state.decisions.replace_conflicts(conflicts, within=only)
        store_account(mirror, cycle.view.account)
        store_obstacles(mirror, cycle.plan, cycle.stranded)
        if mirror.left_out.is_whole:
            store_left_out(mirror, mirror.left_out.all())
        store_stalled(mirror, stalled_uploads(mirror))
        _drop_outdated_approvals(mirror, cycle, only)
        state.history.prune(now - 90 * DAY)
    remember_scope(mirror)
    remember_mounts(state, cycle.survey.mounts)
    remember_rules(state, cycle.survey.rules)
    if not mirror.dry_run:
        keep_exclusions(mirror)


def _drop_outdated_approvals(
    mirror: Mirror, cycle: Cycle, only: frozenset[str]
) -> None:
    """An approval covers what was shown: it ends when that is no longer planned.

    With names in *only*, that is told of these items alone.
    """
    planned = {action.key for action in cycle.plan.actions}
    planned |= {held.action.key for held in cycle.plan.held}
    for key in mirror.state.decisions.approved() - planned:
        is_seen = not only or key.item_id in only
        if is_seen and key.item_id not in cycle.view.problems:
            mirror.state.decisions.settle(key)
