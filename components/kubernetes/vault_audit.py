"""Vault's audit file, kept within its volume by a container beside the server.

Vault neither rotates the file nor bounds it. Besides the file every entry goes to standard output, and with
it to the cloud's log service, which keeps it; the file is there for the day when that is away.
"""

from __future__ import annotations

from dataclasses import dataclass

from components.kubernetes import images
from components.kubernetes.files import script
from components.kubernetes.security import READ_ONLY
from sizing.specs import Container

AUDIT_DIR = "/vault/audit"
AUDIT_FILE = f"{AUDIT_DIR}/audit.log"

KEPT = 7
"""Files beside the current one."""

USED_SHARE = 0.8
"""Share of the volume that all of them may fill; the rest takes what is written between two looks, and the
file system's own."""

CHECK_S = 15
RELOAD_S = 86_400
"""Vault reads its certificate at start and on SIGHUP. It is renewed 30 days before its end, so one reload a
day is enough."""

_KIB_PER_GIB = 1024 * 1024


@dataclass(frozen=True)
class AuditVolume:
    """``size_gib`` of the volume that the chart calls "audit"."""

    size_gib: int

    @property
    def max_kib(self) -> int:
        """Size at which the current file is moved away."""
        return int(self.size_gib * _KIB_PER_GIB * USED_SHARE / (KEPT + 1))


def rotation(container: Container, volume: AuditVolume) -> dict[str, object]:
    """The container. It shares the server's process namespace and user, to send it SIGHUP; in the server's
    own image, which is on the node already and has a shell."""
    env = {
        "AUDIT_FILE": AUDIT_FILE,
        "MAX_KIB": volume.max_kib,
        "KEEP": KEPT,
        "CHECK_S": CHECK_S,
        "RELOAD_S": RELOAD_S,
    }
    return {
        "name": container.name,
        "image": images.VAULT.reference,
        "command": ["/bin/sh", "-c", script("rotate_audit.sh")],
        "env": [{"name": name, "value": str(value)} for name, value in env.items()],
        "resources": container.resources(),
        "securityContext": dict(READ_ONLY),
        "volumeMounts": [{"name": "audit", "mountPath": AUDIT_DIR}],
    }
