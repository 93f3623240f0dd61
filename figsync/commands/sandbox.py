"""`figsync sandbox`: a Figshare of your own to try things on."""

from __future__ import annotations

from pathlib import Path

import click

from figsync.commands.shell import Shell, verb
from figsync.errors import WrongUsage
from figsync.sandbox.serve import run_sandbox


@verb(
    example="figsync sandbox --data ~/sandbox --port 8080",
    codes=(2,),
    more="On standard output it prints one line of JSON with its addresses and its\n"
    "token when it is ready, and nothing else.",
)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    show_default=True,
    help="0 picks free ports and remembers them in the data folder.",
)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep everything in this folder; without it all is gone at the end.",
)
@click.option("--token", default="sandbox-token", show_default=True)
@click.option(
    "--part-size",
    type=click.IntRange(min=1),
    default=10 << 20,
    show_default=True,
    metavar="BYTES",
)
def sandbox(  # noqa: PLR0913 - one parameter an option
    shell: Shell,
    *,
    host: str,
    port: int,
    data: Path | None,
    token: str,
    part_size: int,
) -> int:
    """Serve a Figshare of your own to try things on."""
    del shell
    try:
        return run_sandbox(host, port, data=data, token=token, part_size=part_size)
    except OSError as problem:
        where = str(problem.filename or f"{host}, port {port}")
        cause = f"the sandbox can not be served there ({problem.strerror})"
        raise WrongUsage(
            where, cause, "choose another --port, --host or --data"
        ) from None
