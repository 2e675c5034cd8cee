"""The one error of the offline capture."""

from __future__ import annotations


class OfflineError(Exception):
    """The engine would refuse the program, or it cannot run without a cloud; the message says why."""
