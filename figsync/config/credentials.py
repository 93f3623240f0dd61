"""The account's token: from the environment, systemd, a file, or the keyring."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path

from figsync.config.keyrings import keyring_text
from figsync.config.kinds import Wrong
from figsync.config.values import Config
from figsync.errors import WrongUsage

VARIABLE = "FIGSYNC_TOKEN"
CREDENTIAL = "figshare-token"
_MAX_BYTES = 4096
_HOW_TO = "create one at figshare.com under Applications"
_HOW_TO_SAVE = "save the token alone in a file of mode 600 and name that file here"


def read_token(config: Config, environ: Mapping[str, str]) -> str:
    """Return the token; WrongUsage, without a word of it, where there is none."""
    if environ.get(VARIABLE):
        return checked_token(environ[VARIABLE], VARIABLE)
    credential = systemd_credential(environ)
    if credential is not None:
        return _read(credential, environ)
    if config.account.token_file is not None:
        return _read(config.account.token_file, environ)
    if config.account.token_keyring:
        text = keyring_text(config.account.token_keyring, environ)
        return checked_token(text, "the keyring")
    raise WrongUsage(
        str(config.path),
        "there is no token",
        f"{_HOW_TO}, save it in a file of mode 600 and name that file as token_file, "
        f"or set {VARIABLE}",
    )


def checked_token(text: str, source: str) -> str:
    """Return the token in *text*, stripped; WrongUsage names *source* alone."""
    token = text.strip()
    if not token:
        raise WrongUsage(source, "it holds no token", _HOW_TO)
    if len(token.splitlines()) > 1:
        raise WrongUsage(source, "it has several lines", "save the token alone")
    if not re.fullmatch(r"[!-~]+", token):
        cause = "it has characters that no token has"
        raise WrongUsage(source, cause, "save the token as Figshare showed it")
    return token


def token_file_problem(path: Path, environ: Mapping[str, str]) -> str | None:
    """Return why *path* can not be the token file, with the remedy, or None."""
    wrong = token_file_flaw(path, environ)
    return f"{wrong.cause}; {wrong.right}" if wrong else None


def token_file_flaw(path: Path, environ: Mapping[str, str]) -> Wrong | None:
    """Return what is wrong with the token file *path* without reading it, or None."""
    try:
        status = path.stat()
    except OSError as exc:
        # A token pasted in place of a path is not shown.
        return Wrong(f"the file can not be read ({exc.strerror})", _HOW_TO_SAVE)
    if not stat.S_ISREG(status.st_mode):
        return Wrong("it is not an ordinary file", _HOW_TO_SAVE)
    if status.st_mode & 0o077 and not _is_credential(path, environ):
        mode = stat.S_IMODE(status.st_mode)
        return Wrong(
            f"others can reach the token (mode {mode:03o})",
            "make it yours alone with chmod 600",
        )
    if not os.access(path, os.R_OK):
        return Wrong("the file can not be read (Permission denied)", _HOW_TO_SAVE)
    return None


def systemd_credential(environ: Mapping[str, str]) -> Path | None:
    """Return the file that systemd keeps the token in, None where it has none."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, CREDENTIAL) if folder else None
    return path if path and os.access(path, os.F_OK) else None


def _is_credential(path: Path, environ: Mapping[str, str]) -> bool:
    # systemd guards that folder itself, and its files are readable by a group.
    folder = environ.get("CREDENTIALS_DIRECTORY")
    return bool(folder) and path.resolve().is_relative_to(Path(str(folder)).resolve())


def _read(path: Path, environ: Mapping[str, str]) -> str:
    wrong = token_file_flaw(path, environ)
    if wrong:
        raise WrongUsage(str(path), wrong.cause, wrong.right)
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
    except OSError as exc:
        cause = f"the file can not be read ({exc.strerror})"
        raise WrongUsage(str(path), cause, "see who owns it") from exc
    if len(content) > _MAX_BYTES:
        raise WrongUsage(str(path), "it is too long for a token", _HOW_TO_SAVE)
    return checked_token(content.decode("utf-8-sig", "replace"), str(path))
