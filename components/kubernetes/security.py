"""What pods are allowed: the parts of a security context that most of them share.

https://kubernetes.io/docs/concepts/security/pod-security-standards/
"""

from __future__ import annotations

from collections.abc import Mapping

SECCOMP: Mapping[str, object] = {"seccompProfile": {"type": "RuntimeDefault"}}

NO_PRIVILEGE: Mapping[str, object] = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
"""Of a container."""

READ_ONLY: Mapping[str, object] = {**NO_PRIVILEGE, "readOnlyRootFilesystem": True}
"""Of a container that writes to its volumes only."""


def not_root(user: int, group: int | None = None) -> dict[str, object]:
    """Of a pod whose containers run as ``user``; its volumes belong to ``group``, by default the same."""
    group = user if group is None else group
    return {"runAsNonRoot": True, "runAsUser": user, "runAsGroup": group, "fsGroup": group, **SECCOMP}
