"""How Figshare misbehaves in a history, and how it gets well again."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from figsync.sandbox import Fault, Sandbox, Switches
from figsync.sandbox.faults import Kind, Service

_KINDS: tuple[Kind, ...] = ("json", "html", "empty", "break")
_SERVICES: tuple[Service, ...] = ("api", "api", "upload", "storage")

_SWITCHES: tuple[tuple[str, object], ...] = (
    ("html_403", True),
    ("empty_body", True),
    ("short_page", 2),
    ("cut_lists", 3),
    ("initiate_404", 1),
    ("stuck_moving", True),
    ("md5_never", True),
    ("lock_parts", True),
    ("flip_part_byte", True),
    ("abort_sessions", True),
    ("lose_sessions", True),
    ("corrupt_download", True),
    ("truncate_download", True),
    ("break_download", True),
    ("expired_links", True),
    ("refuse_downloads", True),
    ("waf_downloads", 202),
    ("waf_downloads", 403),
    ("zip_lacking", True),
    ("record_files", False),
    ("rate_limit", 3.0),
)

_LIMITS: tuple[tuple[str, int], ...] = (
    ("quota", 4000),
    ("quota", 20000),
    ("files_per_item", 2),
    ("maximum_file_size", 1200),
)


def limit_something(box: Sandbox, random: Random) -> str:
    """Let the account hold less than before, or all it wants."""
    if random.random() < 0.3:
        _lift_limits(box)
        return "Figshare's limits are lifted"
    name, value = random.choice(_LIMITS)
    setattr(box.switches, name, value)
    return f"Figshare's limit: {name} = {value}"


def _lift_limits(box: Sandbox) -> None:
    for name, _ in _LIMITS:
        setattr(box.switches, name, getattr(Switches(), name))


def break_something(box: Sandbox, random: Random) -> str:
    """Turn a switch, let some requests fail, or mend everything."""
    choice = random.random()
    if choice < 0.25:
        calm(box)
        return "Figshare is well again"
    if choice < 0.6:
        name, value = random.choice(_SWITCHES)
        setattr(box.switches, name, value)
        return f"Figshare: {name} = {value}"
    fault = _some_fault(random)
    box.fail_next(fault)
    return f"Figshare will fail: {fault}"


def _some_fault(random: Random) -> Fault:
    times = random.choice((1, 1, 2, 6))
    kind: Kind = random.choice(_KINDS)
    lost = random.random()
    if lost < 0.2:
        return Fault.lost_create(times, kind=kind)
    if lost < 0.45:
        return Fault.lost_initiate(times, kind=kind)
    fault = Fault(
        random.choice(_SERVICES),
        random.choice(("", "GET", "POST", "PUT", "DELETE")),
        random.choice(("", "", r"/files", r"/account$", r"/articles$", r"/download$")),
        status=random.choice((500, 502, 503, 429, 403, 404, 409, 400, 422, 202)),
        times=times,
        kind=kind,
    )
    # Figshare does not do what it says it refuses.
    may_lose = fault.status >= 500 or kind == "break"
    return replace(fault, after_effect=may_lose and random.random() < 0.5)


def calm(box: Sandbox) -> None:
    """End every fault; habits stay what they are."""
    box.world.faults.clear()
    _lift_limits(box)
    well = Switches()
    for name, _ in _SWITCHES:
        setattr(box.switches, name, getattr(well, name))
