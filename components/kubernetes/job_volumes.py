"""Volumes of a Job's pod: configuration, room to work, single keys of Secrets, tokens of its own identity."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

TOKEN_FILE = "token"  # noqa: S105 - the name of a file
TOKEN_LIFETIME_S = 600
"""The shortest that Kubernetes gives; the kubelet renews it while the pod runs."""


@dataclass(frozen=True)
class SecretFile:
    """One key of a Secret as a file of the same name: a certificate without the private key beside it."""

    secret: str
    key: str


def volumes_of(
    config_maps: Mapping[str, pulumi.Input[str]],
    scratch_gib: Mapping[str, int],
    files: Mapping[str, SecretFile],
    token_audiences: Mapping[str, str | None],
) -> list[k8s.core.v1.VolumeArgs]:
    """The volumes by name, in this order."""
    core = k8s.core.v1
    return [
        *(
            core.VolumeArgs(name=name, config_map=core.ConfigMapVolumeSourceArgs(name=config))
            for name, config in sorted(config_maps.items())
        ),
        *(
            core.VolumeArgs(name=name, empty_dir=core.EmptyDirVolumeSourceArgs(size_limit=f"{gib}Gi"))
            for name, gib in sorted(scratch_gib.items())
        ),
        *(core.VolumeArgs(name=name, secret=_secret(file)) for name, file in sorted(files.items())),
        *(
            core.VolumeArgs(name=name, projected=_token(audience))
            for name, audience in sorted(token_audiences.items())
        ),
    ]


def _secret(file: SecretFile) -> k8s.core.v1.SecretVolumeSourceArgs:
    item = k8s.core.v1.KeyToPathArgs(key=file.key, path=file.key)
    return k8s.core.v1.SecretVolumeSourceArgs(secret_name=file.secret, items=[item])


def _token(audience: str | None) -> k8s.core.v1.ProjectedVolumeSourceArgs:
    token = k8s.core.v1.ServiceAccountTokenProjectionArgs(
        audience=audience, expiration_seconds=TOKEN_LIFETIME_S, path=TOKEN_FILE
    )
    return k8s.core.v1.ProjectedVolumeSourceArgs(
        sources=[k8s.core.v1.VolumeProjectionArgs(service_account_token=token)]
    )
