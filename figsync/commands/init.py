"""`figsync init`: a configuration from a few answers, the token checked."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import click

from figsync.clock import boot_id
from figsync.commands.shell import Shell, verb
from figsync.commands.show import plural, say
from figsync.config import (
    KEYS,
    answer_problem,
    checked_token,
    is_loopback,
    token_file_problem,
    write_config,
    write_private,
)
from figsync.config.places import default_database, expand
from figsync.errors import DiskProblem, WrongUsage
from figsync.figshare import Account, Figshare, Settings
from figsync.naming import shown
from figsync.sync.pace import share_budget

DEFAULTS = {key.full_name: key.default for key in KEYS}
_QUESTIONS = {
    "mirror.root": ("--root", "Which folder shall be the mirror?"),
    "mirror.direction": ("--direction", "Sync both ways, or only pull or push?"),
    "mirror.new_items": ("--new-items", "Bring all files of items, or metadata?"),
}
_WHERE = "figshare.com, Applications, Create Personal Token"


@dataclass(frozen=True, slots=True)
class Token:
    """The token and where it is kept; *file* is None where it comes from elsewhere."""

    text: str
    file: Path | None
    is_new: bool = False


def _keys() -> str:
    indent = " " * 6
    lines = ["Every key of the configuration, with its default:"]
    for key in KEYS:
        lines.append(f"  [{key.section}] {key.name} = {key.default}".rstrip())
        text = textwrap.fill(key.sentence, 70)
        lines.append(textwrap.indent(text, indent))
    return "\n".join(lines)


@verb(
    example="figsync init\n"
    "figsync init --root ~/Figshare --token-file ~/.figshare-token --yes",
    codes=(2, 6),
    more=_keys(),
)
@click.option("--root", metavar="FOLDER", help="The folder to keep the same.")
@click.option("--api-url", metavar="URL", help="Where the API is.")
@click.option("--token-file", metavar="FILE", help="A file of mode 600, used as it is.")
@click.option("--token-stdin", is_flag=True, help="Read the token and keep it.")
@click.option("--direction", type=click.Choice(["both", "pull", "push"]))
@click.option("--new-items", type=click.Choice(["all", "metadata"]))
@click.option("--yes", is_flag=True, help="Ask nothing, take the defaults.")
@click.option("--force", is_flag=True, help="Replace a configuration that is there.")
def init(
    shell: Shell, *, token_stdin: bool, yes: bool, force: bool, **given: str | None
) -> None:
    """Write a configuration; asks what the options leave out."""
    path = shell.config_path
    if path.exists() and not force:
        remedy = "keep it, replace it with --force, or name another with --config"
        raise WrongUsage(str(path), "there is a configuration already", remedy)
    ask = _asker(yes=yes, token_stdin=token_stdin)
    answers = _answers(shell, given, ask)
    token = _token(shell, given["token_file"], token_stdin=token_stdin)
    account = _account(shell, answers, token)
    root = expand(answers["mirror.root"], path.parent, shell.environ)
    _make_root(root)
    _write(path, answers, token, force=force)
    name = f"{account.first_name} {account.last_name}".strip() or account.id
    say(f"The token is of {shown(name)}; the configuration is {shown(str(path))}.")
    say(f"The mirror is {shown(str(root))}{_content(root)}; now run `figsync sync`.")


Ask = Callable[[str], str]


def _asker(*, yes: bool, token_stdin: bool) -> Ask:
    """Return how to get an answer that no option gave."""
    if yes:
        return lambda name: DEFAULTS[name]
    if token_stdin or not sys.stdin.isatty():
        return _missing
    return lambda name: str(click.prompt(_QUESTIONS[name][1], default=DEFAULTS[name]))


def _missing(name: str) -> str:
    option = _QUESTIONS[name][0]
    cause = f"there is nobody to ask, and {option} was not given"
    raise WrongUsage("", cause, f"give {option}, or --yes for the defaults")


def _answers(shell: Shell, given: dict[str, str | None], ask: Ask) -> dict[str, str]:
    answers = {}
    for name in ("mirror.root", "account.api_url", *_QUESTIONS):
        option = given[name.partition(".")[2]]
        if option is None and name in _QUESTIONS and name not in answers:
            option = ask(name)
        if option is not None:
            answers[name] = _absolute(option) if name == "mirror.root" else option
            if problem := answer_problem(name, answers[name], shell.environ):
                raise WrongUsage(f"{name.partition('.')[2]} = {option}", problem)
    return answers


def _absolute(root: str) -> str:
    # In the file a relative path would begin at the file's folder.
    return root if root.startswith(("/", "~", "$")) else str(Path.cwd() / root)


def _token(shell: Shell, file: str | None, *, token_stdin: bool) -> Token:
    kept = shell.config_path.with_suffix(".token")
    if file is not None:
        path = Path(file).expanduser().absolute()
        if problem := token_file_problem(path, shell.environ):
            raise WrongUsage(str(path), problem)
        return Token(checked_token(path.read_text("utf-8", "replace"), file), path)
    if token_stdin:
        text = checked_token(sys.stdin.read(), "--token-stdin")
        return Token(text, kept, is_new=True)
    if from_environment := shell.environ.get("FIGSYNC_TOKEN"):
        return Token(checked_token(from_environment, "FIGSYNC_TOKEN"), None)
    if not sys.stdin.isatty():
        remedy = "give --token-file FILE, or --token-stdin and the token on it"
        raise WrongUsage("", "there is no token and nobody to ask", remedy)
    asked = click.prompt(f"Your token ({_WHERE})", hide_input=True)
    return Token(checked_token(str(asked), "the token"), kept, is_new=True)


def _account(shell: Shell, answers: dict[str, str], token: Token) -> Account:
    """Ask Figshare whose token it is; raises before anything is written."""
    api_url = answers.get("account.api_url", DEFAULTS["account.api_url"])
    is_here = is_loopback(api_url)
    settings = Settings(requests_per_second=0) if is_here else Settings()
    figshare = Figshare(api_url, token.text, clock=shell.clock, settings=settings)
    database = default_database(shell.config_path, shell.environ)
    with closing(figshare):
        share_budget(figshare, database, boot_id())
        return figshare.account()


def _write(path: Path, answers: dict[str, str], token: Token, *, force: bool) -> None:
    if token.file is not None:
        answers = {**answers, "account.token_file": str(token.file.absolute())}
        if token.is_new:
            write_private(token.file, f"{token.text}\n", replace=force)
    write_config(path, answers, replace=force)


def _content(root: Path) -> str:
    """Return what to know of a folder that is no empty one."""
    folders = [p for p in root.iterdir() if p.is_dir() and not p.name.startswith(".")]
    if not folders or (root / ".figsync").exists():
        return ""
    here = plural(len(folders), "folder")
    return f", where {here} will be items (see `figsync sync --dry-run`)"


def _make_root(root: Path) -> None:
    try:
        root.mkdir(parents=True, exist_ok=True)
    except FileExistsError as exc:
        cause = "it is a file, and the mirror root must be a folder"
        raise WrongUsage(str(root), cause, "set another [mirror] root") from exc
    except OSError as exc:
        cause = f"the folder can not be made ({exc.strerror})"
        raise DiskProblem(str(root), cause, "set another [mirror] root") from exc
