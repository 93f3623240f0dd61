"""`figsync` and `python -m figsync`."""

from __future__ import annotations

import signal

from figsync.commands.cli import figsync

INTERRUPTED = 130


def main() -> None:
    """Run the command line; ends the process with a documented exit code."""
    try:
        figsync.main()
    except (KeyboardInterrupt, SystemExit) as end:
        # A further signal while leaving must not change how the process ends.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if isinstance(end, KeyboardInterrupt):
            raise SystemExit(INTERRUPTED) from None
        raise


if __name__ == "__main__":
    main()
