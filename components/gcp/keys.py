"""KMS keys, one per purpose, and the grants without which the services could not use them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.gcp import services as api
from components.gcp.agents import Agents
from components.gcp.labels import labels
from sizing.specs import KeySpec

CLUSTER, DISKS, DATABASE = "cluster", "disks", "database"
CACHE, STORAGE, SECRETS, SEAL = "cache", "storage", "secrets", "seal"

USERS: Mapping[str, tuple[str, ...]] = {
    CLUSTER: (api.CONTAINER, api.BACKUP),
    DISKS: (api.COMPUTE,),
    DATABASE: (api.SQL,),
    CACHE: (api.REDIS,),
    STORAGE: (api.STORAGE,),
    SECRETS: (api.SECRETS,),
    SEAL: (),  # Vault's own identity
}
"""Purpose -> the APIs whose agents encrypt with the key."""

USE_KEY = "roles/cloudkms.cryptoKeyEncrypterDecrypter"

ROTATION = f"{90 * 86_400}s"
"""A new version every 90 days, as Google advises (https://cloud.google.com/kms/docs/key-rotation); old
versions go on decrypting."""

MULTI_REGIONS: Mapping[str, str] = {"us": "us", "europe": "europe", "asia": "asia"}
"""First word of a region -> the multi-region around it; anywhere else a key that must outlive the region is
global (https://cloud.google.com/kms/docs/locations)."""


def location(spec: KeySpec, region: str) -> str:
    """Where a key lives. Keys of disks, databases and clusters must be in the region; a seal key may not be
    lost with it."""
    return MULTI_REGIONS.get(region.split("-")[0], "global") if spec.multi_region else region


@dataclass(frozen=True)
class KeysArgs:
    """``agents`` has the service agents of ``USERS``; ``before`` is the API."""

    specs: tuple[KeySpec, ...]
    project: str
    region: str
    agents: Agents
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Keys(Component):
    """Key rings (one per location) and keys with rotation, protected, and the agents' right to use them.

    A key cannot be deleted on Google Cloud, only its versions can, and what they encrypt is lost with them:
    besides Pulumi's protection the provider's own refuses that. Rings and keys keep their names for ever,
    so Pulumi makes them up. An agent whose API this stack does not use (``agents`` lacks it) gets nothing.

    Attributes:
        keys: purpose -> key.
        ids: purpose -> full name ``projects/.../cryptoKeys/...``.
        rings: location -> ring.
        grants: purpose -> what a resource must wait for before it names the key.
    """

    TYPE = "ai-gateway:gcp:Keys"

    def __init__(self, name: str, args: KeysArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        places = dict.fromkeys(location(spec, args.region) for spec in args.specs)
        self.rings: dict[str, gcp.kms.KeyRing] = {place: self._ring(place) for place in places}
        self.keys: dict[str, gcp.kms.CryptoKey] = {spec.purpose: self._key(spec) for spec in args.specs}
        self.ids: dict[str, pulumi.Output[str]] = {purpose: key.id for purpose, key in self.keys.items()}
        self.grants: dict[str, tuple[pulumi.Resource, ...]] = {
            purpose: self._grants(purpose) for purpose in self.keys
        }
        self.register_outputs({"ids": self.ids})

    def ring_of(self, spec: KeySpec) -> gcp.kms.KeyRing:
        """The ring that holds a key."""
        return self.rings[location(spec, self._args.region)]

    def _ring(self, place: str) -> gcp.kms.KeyRing:
        return gcp.kms.KeyRing(
            f"{self.prefix}-{place}",
            project=self._args.project,
            location=place,
            opts=self.child(protect=True, depends_on=[*self._args.before]),
        )

    def _key(self, spec: KeySpec) -> gcp.kms.CryptoKey:
        return gcp.kms.CryptoKey(
            f"{self.prefix}-{spec.purpose}",
            key_ring=self.ring_of(spec).id,
            purpose="ENCRYPT_DECRYPT",
            rotation_period=ROTATION,
            deletion_policy="PREVENT",
            labels=labels(self._args.tags, purpose=spec.purpose),
            opts=self.child(protect=True),
        )

    def _grants(self, purpose: str) -> tuple[pulumi.Resource, ...]:
        agents = self._args.agents
        return tuple(
            gcp.kms.CryptoKeyIAMMember(
                f"{self.prefix}-{purpose}-{service.split('.')[0]}",
                crypto_key_id=self.ids[purpose],
                role=USE_KEY,
                member=agents.members[service],
                opts=self.child(depends_on=[*agents.ready[service]]),
            )
            for service in USERS.get(purpose, ())
            if service in agents.members
        )
