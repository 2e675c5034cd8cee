"""The one error of this package."""

from __future__ import annotations


class GraphError(ValueError):
    """A graph (usually a saved preview) that cannot be used; the message has the value, the fault and the
    remedy.
    """
