"""The authorities that sign the certificates of RDS servers, one per region, so that clients verify by
default."""

from __future__ import annotations

import functools
import re
from importlib import resources

from sizing.clouds.aws.machines import PACKAGE

_ENTRY = re.compile(
    r"^# (?P<region>\S+) sha256 [0-9a-f]{64}\n(?P<pem>-----BEGIN[^#]+-----END CERTIFICATE-----\n)", re.M
)


@functools.cache
def _roots() -> dict[str, str]:
    text = (resources.files(PACKAGE) / "catalog" / "rds-roots.pem").read_text(encoding="utf-8")
    return {entry["region"]: entry["pem"] for entry in _ENTRY.finditer(text)}


def authority(region: str) -> str | None:
    """The root of ``rds-ca-rsa2048-g1`` in ``region`` as PEM, or None where the catalogue has none.

    It is the authority that the platform's instances name, so no other of the region is needed. Source:
    ``catalog/README.md``.
    """
    return _roots().get(region)
