"""What the state is bound to: one API, one account, one root, one set of rules."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Mapping

import msgspec

from figsync.errors import NeedsPerson, StateDamaged
from figsync.figshare import Account
from figsync.state import State
from figsync.sync.mirror import Mirror
from figsync.sync.root import MARKER_ID
from figsync.sync.tasks import Task, do

API = "api_url"
ACCOUNT_ID = "account_id"
SCOPE = "scope"
FOLDER_RULES = "folder_rules"


def check_account(mirror: Mirror) -> Task[Account]:
    """Return the account; raises NeedsPerson if the state belongs to another one."""
    account = yield from do(lambda: mirror.figshare.account())
    settings = mirror.state.settings
    bound = settings.get(API), settings.get(ACCOUNT_ID)
    present = mirror.config.account.api_url, account.id
    if bound == ("", ""):
        with mirror.state.atomic():
            settings.set(API, present[0])
            settings.set(ACCOUNT_ID, present[1])
        _bind_marker(mirror)
    elif "" in bound:
        cause = "it lost whose account it is of"
        raise StateDamaged(str(mirror.config.database), cause)
    elif bound != present:
        raise NeedsPerson(
            str(mirror.config.path),
            f"this mirror belongs to account {bound[1]} at {bound[0]},"
            f" the token to account {present[1]} at {present[0]}; nothing was changed",
            "use the token of the first account, or a new root and database",
        )
    elif not settings.get(MARKER_ID):
        _bind_marker(mirror)
    return account


def _bind_marker(mirror: Mirror) -> None:
    """Mark the root as this mirror's; a marker that lost its state is adopted."""
    if mirror.dry_run:
        return
    disk, settings = mirror.disk, mirror.state.settings
    marker = disk.read_marker() or {}
    bound = marker.get(API), marker.get(ACCOUNT_ID)
    present = settings.get(API), settings.get(ACCOUNT_ID)
    if marker and bound != present:
        settings.drop(API)
        settings.drop(ACCOUNT_ID)
        raise NeedsPerson(
            str(disk.root),
            f"this folder mirrors account {bound[1]} at {bound[0]},"
            f" the token is of account {present[1]} at {present[0]}",
            "use the token of the first account, or another root",
        )
    mirror_id = str(marker.get(MARKER_ID) or uuid.uuid4())
    if not marker:
        disk.write_marker(
            {MARKER_ID: mirror_id, API: present[0], ACCOUNT_ID: present[1]}
        )
    settings.set(MARKER_ID, mirror_id)


def scope_change(mirror: Mirror) -> str:
    """Return what of root, rules, mapping or direction changed, "" if nothing did.

    A file that a rule hides today must not look like one that a person deleted.
    """
    before = mirror.state.settings.get(SCOPE)
    if not before:
        return ""
    old, new = json.loads(before), _scope(mirror)
    changed = sorted(name for name in new if old.get(name) != new[name])
    return f"the configuration changed ({', '.join(changed)})" if changed else ""


def remember_scope(mirror: Mirror) -> None:
    """Store the scope the first time; later only a person's word changes it."""
    if not mirror.state.settings.get(SCOPE):
        acknowledge_scope(mirror)


def acknowledge_scope(mirror: Mirror) -> None:
    """Take the present scope for good, and the rules in all folders as they are."""
    mirror.state.settings.set(SCOPE, json.dumps(_scope(mirror), sort_keys=True))
    mirror.state.settings.drop(FOLDER_RULES)


def changed_rules(state: State, found: Mapping[str, str]) -> frozenset[str]:
    """Return the items in whose folders other ignore rules stand than before.

    *found* has the fingerprint of each item's own rules.
    """
    before = _folder_rules(state)
    return frozenset(i for i, rules in found.items() if before.get(i, rules) != rules)


def remember_rules(state: State, found: Mapping[str, str]) -> None:
    """Store the fingerprints of folders seen the first time; the others stay."""
    before, items = _folder_rules(state), state.items.all()
    now = {i: rules for i, rules in (dict(found) | before).items() if i in items}
    if now != before:
        state.settings.set(FOLDER_RULES, json.dumps(now, sort_keys=True))


def _folder_rules(state: State) -> dict[str, str]:
    try:
        text = state.settings.get(FOLDER_RULES) or "{}"
        return msgspec.json.decode(text, type=dict[str, str])
    except msgspec.MsgspecError:
        return {}


def _scope(mirror: Mirror) -> dict[str, str]:
    config = mirror.config.mirror
    rules = hashlib.sha256(mirror.rules.fingerprint.encode()).hexdigest()[:16]
    return {
        "root": str(mirror.disk.root),
        "ignore": rules,
        "portable_names": str(config.portable_names),
        "direction": str(config.direction.value),
    }
