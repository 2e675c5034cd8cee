"""Entry of the ``gateway`` command; what takes time to load is loaded where an interruption ends quietly."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from types import FrameType

from cli import INTERRUPTED, TERMINATED

COLLECT_EVERY = (50_000, 20, 100)
"""Objects made, and collections, before the garbage collector's next. Loading the providers' SDKs makes
objects by the hundred thousand, which stay; to look at them every time was a quarter of a preview."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status; the console script's entry point."""
    signal.signal(signal.SIGTERM, _leave)
    gc.set_threshold(*COLLECT_EVERY)
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
