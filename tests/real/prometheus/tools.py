"""The programs that these tests run: promtool from the system, amtool built from Go modules.

A missing one fails the test and says how to get it (``tests/real/programs.py``).
"""

from __future__ import annotations

from tests.real import programs


def promtool() -> str:
    """The path of promtool."""
    return programs.command("promtool", "prometheus")


def amtool() -> str:
    """The path of amtool, of the version that reads the configuration in the cluster."""
    return programs.amtool()
