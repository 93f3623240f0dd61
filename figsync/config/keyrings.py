"""A token from the keyring of the desktop, asked for in a process of its own.

A keyring may be locked, may be a program that is stuck, or may want to ask at a
terminal where nobody is: a process can be ended, a call can not.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

from figsync.errors import WrongUsage

SERVICE = "figsync"
SECONDS = 30.0
_SUBJECT = "the keyring"
_ELSEWHERE = "or save the token in a file of mode 600 and name it as token_file"
# The last line that keyring says, and what it means.
_FLAWS = (
    (
        "No module named",
        "the package keyring is not installed",
        "pip install 'figsync[keyring]'",
    ),
    ("Locked", "it is locked", "unlock it and start figsync again"),
    ("NoKeyring", "this machine has none that can be used here", "log in on a desktop"),
)


def keyring_text(
    name: str, environ: Mapping[str, str], *, seconds: float = SECONDS
) -> str:
    """Return what the keyring has under `figsync` and *name*, within some seconds.

    WrongUsage says why where there is none; nobody is asked anything at a terminal.
    """
    try:
        asked = subprocess.run(
            [sys.executable, "-P", "-m", "keyring", "get", SERVICE, name],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=dict(environ),
            timeout=seconds,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        cause = f"it gave no answer in {seconds:g} s: is it locked?"
        remedy = f"unlock it and start figsync again, {_ELSEWHERE}"
        raise WrongUsage(_SUBJECT, cause, remedy) from None
    if asked.returncode:
        raise _refusal(asked.stderr)
    return asked.stdout


def _refusal(said: str) -> WrongUsage:
    last = (said.strip().splitlines() or [""])[-1]
    for words, cause, remedy in _FLAWS:
        if words in last:
            return WrongUsage(_SUBJECT, cause, f"{remedy}, {_ELSEWHERE}")
    if last:
        return WrongUsage(_SUBJECT, f"it refuses ({last})", f"mend it, {_ELSEWHERE}")
    remedy = f"`keyring set {SERVICE} NAME` asks for it, NAME as in token_keyring"
    return WrongUsage(_SUBJECT, "it has no token of that name", remedy)
