"""Entry of the ``gateway`` command; what takes time to load is loaded where an interruption ends quietly."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType

from cli import INTERRUPTED, TERMINATED


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; the console script's entry point."""
    signal.signal(signal.SIGTERM, _leave)
    try:
        from cli.app import run

        return run(arguments)
    except KeyboardInterrupt:
        return INTERRUPTED


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Ends as an exception does, so that temporary directories go."""
    sys.exit(TERMINATED)


if __name__ == "__main__":
    sys.exit(main())
