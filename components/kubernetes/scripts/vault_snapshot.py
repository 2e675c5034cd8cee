"""Save a raft snapshot of Vault, check it, and put it into the bucket. D17.

Environment: VAULT_ADDR, VAULT_CACERT, TOKEN_FILE, ROLE, TARGET (``s3://bucket`` or ``gs://bucket``),
WORK_DIR, and what ``cloud_store`` needs. The name is the time, so snapshots are never overwritten; old ones
go with the bucket's life cycle.
"""

from __future__ import annotations

import gzip
import hashlib
import logging
import os
import sys
import tarfile
import zlib
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from components.kubernetes.scripts.cloud_store import StoreError, upload
from components.kubernetes.scripts.vault_client import Vault, VaultError

SUMS, SEALED_SUMS = "SHA256SUMS", "SHA256SUMS.sealed"
"""The second is the first one under the seal, for Vault itself to compare."""
DATA = "state.bin"

log = logging.getLogger("vault-snapshot")


def key_of(moment: datetime) -> str:
    """``2026/05/31/vault-20260531T140000Z.snap``: the newest is the last of its day."""
    return f"{moment:%Y/%m/%d}/vault-{moment:%Y%m%dT%H%M%SZ}.snap"


def check(path: Path) -> int:
    """Read a snapshot to its end and compare its own checksums; return how many bytes of data it has.

    A stream that breaks off looks like a short file. What is inside is encrypted by Vault's barrier.

    Raises:
        ValueError: it is no whole snapshot.
    """
    found: dict[str, tuple[str, int]] = {}
    wanted: dict[str, str] = {}
    try:
        with gzip.open(path) as stream:  # the archive's reader stops before the end
            _digest(stream)
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                content = archive.extractfile(member)
                if content is None:
                    continue
                if member.name == SUMS:
                    lines = content.read().decode().splitlines()
                    wanted = {name: digest for digest, name in (line.split() for line in lines)}
                elif member.name != SEALED_SUMS:
                    found[member.name] = (_digest(content), member.size)
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise ValueError(f"the snapshot cannot be read: {error}") from None
    if DATA not in found or {name: digest for name, (digest, _) in found.items()} != wanted:
        raise ValueError(f"the snapshot is not whole: {sorted(found)} do not agree with its {SUMS}")
    return found[DATA][1]


def _digest(content: IO[bytes] | gzip.GzipFile) -> str:
    digest = hashlib.sha256()
    while block := content.read(1 << 20):
        digest.update(block)
    return digest.hexdigest()


def main() -> int:
    """Run with what the environment says; 1 and one line when it fails."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
    env = os.environ
    path = Path(env["WORK_DIR"]) / "vault.snap"
    key = key_of(datetime.now(UTC))
    try:
        vault = Vault(env["VAULT_ADDR"], env.get("VAULT_CACERT")).login(env["ROLE"], Path(env["TOKEN_FILE"]))
        with path.open("wb") as file:
            vault.save("sys/storage/raft/snapshot", file)
        size = check(path)
        upload(env["TARGET"], key, path, env)
    except (VaultError, StoreError, ValueError) as error:
        log.error("%s", error)
        return 1
    log.info("saved %s/%s: %d bytes of data, %d in the file", env["TARGET"], key, size, path.stat().st_size)
    return 0


if __name__ == "__main__":
    sys.exit(main())
