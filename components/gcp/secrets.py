"""Generated secrets in Secret Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_gcp as gcp

from components.base import Component
from components.gcp.labels import Text, labels
from components.generated import FIRST_GENERATION, check_names, random_value, stored_content
from sizing.specs import SecretSpec


@dataclass(frozen=True)
class SecretsArgs:
    """What to generate and where.

    ``prefix`` stands before every name in the store; Secret Manager takes letters, digits, "-" and "_".
    ``key_id`` is in ``region``, where the values stay. ``recovery_days`` is how long a destroyed version can
    be brought back. ``users``: secret -> user name, for those that hold a user name and a password; all
    others hold one value. ``generations``: secret -> 2, 3, ... makes a new value and writes it; a secret
    that does not rotate refuses it. ``entries`` are made empty: a Job inside the cluster fills them.
    ``before``: the API and the grant of the key.
    """

    specs: tuple[SecretSpec, ...]
    prefix: str
    project: str
    region: str
    key_id: Text
    recovery_days: int
    users: Mapping[str, str] = field(default_factory=dict[str, str])
    generations: Mapping[str, int] = field(default_factory=dict[str, int])
    entries: tuple[str, ...] = ()
    before: tuple[pulumi.Resource, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Secrets(Component):
    """One random value per specification, written once to the secret store as a JSON object.

    Values are letters and digits, so that they are safe in URLs and ini files; ``length`` counts them
    without the specification's prefix. The store's copy is written through a write-only argument: reading
    the version resource from the state shows no value. The generated value itself is in the state,
    encrypted, as every Pulumi secret. Values are kept in one region only, under the stack's key.

    Every secret is protected and has the provider's deletion protection. Value and version are protected
    too when the secret does not rotate (LiteLLM's salt key encrypts what is in the database; a new one makes
    that unreadable), and it ignores changes to how it is generated; those that rotate are replaced when they
    do, which a protected resource refuses. Does not rotate on a schedule: raising a generation does.

    Attributes:
        values: name -> value, a Pulumi secret. For users this is the password.
        ids: name -> full name in the store.
        entry_ids: the same for the entries.
        versions: name -> the version, for what must not read the store before the value is there.
    """

    TYPE = "ai-gateway:gcp:Secrets"

    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        check_names(args.specs, args.users, args.generations)
        self.values: dict[str, pulumi.Output[str]] = {
            spec.name: random_value(self, spec, self._generation(spec.name)) for spec in args.specs
        }
        secrets = {spec.name: self._secret(spec.name) for spec in args.specs}
        self.entry_ids: dict[str, pulumi.Output[str]] = {
            entry: self._secret(entry).id for entry in args.entries
        }
        self.ids: dict[str, pulumi.Output[str]] = {name: secret.id for name, secret in secrets.items()}
        self.versions: dict[str, gcp.secretmanager.SecretVersion] = {
            spec.name: self._stored(spec, secrets[spec.name]) for spec in args.specs
        }
        self.register_outputs({"ids": self.ids})

    def _generation(self, name: str) -> int:
        return self._args.generations.get(name, FIRST_GENERATION)

    def _secret(self, name: str) -> gcp.secretmanager.Secret:
        args, module = self._args, gcp.secretmanager
        key = module.SecretReplicationUserManagedReplicaCustomerManagedEncryptionArgs(
            kms_key_name=args.key_id
        )
        replica = module.SecretReplicationUserManagedReplicaArgs(
            location=args.region, customer_managed_encryption=key
        )
        return module.Secret(
            f"{self.prefix}-{name}",
            project=args.project,
            secret_id=f"{args.prefix}{name}",
            replication=module.SecretReplicationArgs(
                user_managed=module.SecretReplicationUserManagedArgs(replicas=[replica])
            ),
            version_destroy_ttl=f"{args.recovery_days * 86_400}s",
            deletion_protection=True,
            labels=labels(args.tags),
            opts=self.child(protect=True, depends_on=[*args.before]),
        )

    def _stored(self, spec: SecretSpec, secret: gcp.secretmanager.Secret) -> gcp.secretmanager.SecretVersion:
        content = stored_content(self._args.users.get(spec.name), self.values[spec.name])
        return gcp.secretmanager.SecretVersion(
            f"{self.prefix}-{spec.name}",
            secret=secret.id,
            secret_data_wo=content,
            # the provider writes only when this changes
            secret_data_wo_version=str(self._generation(spec.name)),
            opts=self.child(protect=not spec.rotates),
        )
