"""Provider SDKs that warn about old names of their own when they are imported: once, before any test."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import pulumi_eks

__all__ = ["pulumi_eks"]
