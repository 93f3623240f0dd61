"""What the command line and its surroundings say, and how a verb is declared."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from figsync.clock import SystemClock
from figsync.commands.codes import MEANINGS
from figsync.config import (
    Config,
    find_config,
    load_config,
    read_token,
    secret_parts,
)

if TYPE_CHECKING:  # both would slow down the start of every verb
    from requests.adapters import BaseAdapter

    from figsync.disk import Calls


DAEMON = "run"
OWN = "figsync"  # what the names of its own loggers begin with
LOG_FORMATS = ("text", "json")


@dataclass
class Shell:
    """One call of figsync: its common options, its environment, its clock.

    *at_failure* is called with the error line and its exit code before the process
    ends, and returns the exit code to end with.  *calls* and *adapters* are how a sync
    reaches the disk and the network; a test lets them fail.  *learned* are the secrets
    it has read.
    """

    config_option: str | None = None
    verbosity: int = 0
    quiet: bool = False
    log_format: str = "text"
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    clock: SystemClock = field(default_factory=SystemClock)
    verb: str = ""
    at_failure: Callable[[str, int], int] | None = None
    calls: Calls | None = None
    adapters: Mapping[str, BaseAdapter] = field(default_factory=dict)
    learned: set[str] = field(default_factory=set, repr=False)

    @property
    def is_daemon(self) -> bool:
        """Whether it runs until somebody stops it, with the log as all it says."""
        return self.verb == DAEMON

    def secrets(self) -> set[str]:
        """Return what no line may hold, as far as it was read."""
        known = {self.environ.get("FIGSYNC_TOKEN", "").strip(), *self.learned}
        return known - {""}

    @property
    def config_path(self) -> Path:
        return find_config(self.config_option, self.environ)

    @cached_property
    def config(self) -> Config:
        """The configuration; WrongUsage if there is none or it is wrong."""
        config = load_config(self.config_path, self.environ)
        self.learned |= secret_parts(config.notifications.webhook)
        return config

    @cached_property
    def token(self) -> str:
        """The account's token; WrongUsage if there is none."""
        token = read_token(self.config, self.environ)
        self.learned.add(token)
        return token

    def read_again(self) -> tuple[Config, str]:
        """Read configuration and token anew; this shell's own stay as they are."""
        fresh = replace(self, learned=self.learned)
        return fresh.config, fresh.token

    def in_mirror(self, text: str) -> str:
        """Return the path below the root that a person means by *text*."""
        typed = Path(text)
        place = self.below_here(text)
        is_from_here = typed.is_absolute() or text.split("/")[0] in (".", "..")
        if place is not None and (is_from_here or _is_there(Path.cwd() / typed)):
            return place
        return typed.as_posix()

    def below_here(self, text: str) -> str | None:
        """Return the path below the root that *text* is from the folder one is in.

        None if that is outside the mirror.  Nothing has to be there.
        """
        root = self.config.mirror.root
        here = Path(os.path.normpath(Path.cwd() / text))
        for base in (root, root.resolve()):
            if here.is_relative_to(base):
                return here.relative_to(base).as_posix()
        return None

    @contextmanager
    def stoppable(self) -> Iterator[None]:
        """Let a first signal ask the clock to stop; a second one leaves at once."""

        def stop(number: int, frame: FrameType | None) -> None:
            if self.clock.stopped:
                interrupt(number, frame)
            self.clock.stop()

        with signals(stop):
            yield


def _is_there(path: Path) -> bool:
    return os.path.lexists(path)


def interrupt(number: int, frame: FrameType | None) -> None:
    """Leave as Ctrl-C does, whatever the signal."""
    del number, frame
    raise KeyboardInterrupt


@contextmanager
def signals(
    answer: Callable[[int, FrameType | None], None],
    numbers: Sequence[int] = (signal.SIGINT, signal.SIGTERM),
) -> Iterator[None]:
    """Answer these signals this way for a while."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = [signal.signal(number, answer) for number in numbers]
    try:
        yield
    finally:
        for number, old in zip(numbers, before, strict=True):
            signal.signal(number, old)


def is_terminal() -> bool:
    """Tell whether a person reads standard output."""
    return sys.stdout.isatty()


def common_options() -> list[click.Parameter]:
    """Return the options that are accepted before and after the verb."""
    return [
        click.Option(
            ["--config"],
            metavar="FILE",
            expose_value=False,
            callback=_take_config,
            help="Read this configuration (else FIGSYNC_CONFIG, else the usual one).",
        ),
        click.Option(
            ["-v", "--verbose"],
            count=True,
            expose_value=False,
            callback=_take_verbosity,
            help="Say more on standard error; twice, say all.",
        ),
        click.Option(
            ["-q", "--quiet"],
            is_flag=True,
            expose_value=False,
            callback=_take_quiet,
            help="Say only what asks for attention.",
        ),
        click.Option(
            ["--log-format"],
            type=click.Choice(LOG_FORMATS),
            expose_value=False,
            callback=_take_log_format,
            help="Write the log as text (the default) or as one JSON object a line.",
        ),
    ]


def _take_config(context: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        context.ensure_object(Shell).config_option = value


def _take_verbosity(context: click.Context, _: click.Parameter, value: int) -> None:
    shell = context.ensure_object(Shell)
    shell.verbosity += value
    if shell.verbosity > 1:
        logging.getLogger().setLevel(logging.DEBUG)


def _take_quiet(context: click.Context, _: click.Parameter, value: bool) -> None:
    if value:
        context.ensure_object(Shell).quiet = True


def _take_log_format(
    context: click.Context, _: click.Parameter, value: str | None
) -> None:
    if value is not None:
        context.ensure_object(Shell).log_format = value


Verb = Callable[..., int | None]


def verb(
    *, example: str, codes: Sequence[int], more: str = ""
) -> Callable[[Verb], click.Command]:
    """Declare a verb: its function gets the Shell, then its own options by name.

    Its help ends with an *example*, the exit *codes* that matter, and *more*.
    """

    def declare(function: Verb) -> click.Command:
        command = click.command(epilog=_epilog(example, codes, more))(
            click.pass_obj(function)
        )
        command.params += common_options()
        return command

    return declare


def verbs(
    *, example: str, codes: Sequence[int]
) -> Callable[[Callable[..., Any]], click.Group]:  # Any: a group returns its verb's
    """Declare a verb that has verbs of its own; alone it runs its function."""

    def declare(function: Callable[..., Any]) -> click.Group:  # Any: as above
        group = click.group(
            invoke_without_command=True, epilog=_epilog(example, codes, "")
        )(click.pass_context(function))
        group.params += common_options()
        return group

    return declare


def _epilog(example: str, codes: Sequence[int], more: str) -> str:
    lines = ["\b", "Example:", *(f"  {line}" for line in example.splitlines())]
    lines += ["", "\b", "Exit codes:"]
    lines += [f"  {code:<4} {MEANINGS[code]}" for code in codes]
    if more:
        lines += ["", "\b", more]
    return "\n".join(lines)
