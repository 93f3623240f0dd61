"""The last words of the demo: what was shown, what to play with, what comes next."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

from figsync.commands.demo.stage import Stage
from figsync.commands.show import size_text
from figsync.config.credentials import VARIABLE


def summary(stage: Stage, seconds: float) -> str:
    """Say in one line what was checked and how long it took."""
    totals = stage.totals
    return (
        f"{totals.checks} checks held in {seconds:.1f} seconds, with"
        f" {totals.requests} requests, {size_text(totals.bytes_up)} up and"
        f" {size_text(totals.bytes_down)} down."
    )


def next_steps() -> list[str]:
    """Say what to do with a real account."""
    figsync = command()
    return [
        "With your own account:",
        "  1. Create a personal token on figshare.com, under Applications.",
        f"  2. {figsync} init            asks for the token and the folder",
        f"  3. {figsync} sync --dry-run  shows what would happen",
        f"  4. {figsync} sync            makes it so",
        f"  5. {figsync} service install keeps it so, without you",
    ]


def playground(stage: Stage, environ: Mapping[str, str]) -> list[str]:
    """Say what to try while everything is kept running."""
    figsync = f"{command()} --config {shlex.quote(str(stage.config.path))}"
    if VARIABLE in environ:
        # The token of a real account would come before the demo's own.
        figsync = f"env -u {VARIABLE} {figsync}"
    admin, draft = stage.urls.admin, stage.cast.draft
    file = next(f.id for f in stage.web.files(draft) if f.path == "methods.txt")
    typed = "-H 'Content-Type: application/json'"
    return [
        f"The mirror:         {stage.root}",
        f"The configuration:  {stage.config.path}",
        f"The API:            {stage.urls.api}",
        "",
        "Change files in the mirror, or be the owner on the web, then sync:",
        f"  {figsync} sync",
        f"  {figsync} status",
        f"  curl -X PUT --data-binary 'new words' {admin}/files/{file}",
        f'  curl -X PATCH {typed} -d \'{{"title": "Wet soil"}}\' {admin}/items/{draft}',
        f'  curl -X POST {typed} -d \'{{"title": "From the web"}}\' {admin}/items',
        f"  curl -X DELETE {admin}/items/{stage.cast.linked}",
        "",
        "Ctrl-C stops the server and removes everything.",
    ]


def command() -> str:
    """Return how this figsync was started, to be typed again."""
    started = Path(sys.argv[0])
    if started.name == "figsync":
        return shlex.quote(sys.argv[0])
    return f"{shlex.quote(sys.executable)} -m figsync"
