"""Generated secrets in AWS Secrets Manager."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.base import Component, merge_tags
from components.generated import FIRST_GENERATION, check_names, random_value, stored_content
from sizing.specs import SecretSpec


@dataclass(frozen=True)
class SecretsArgs:
    """What to generate and where.

    ``prefix`` stands before every name in the store. ``users``: secret -> user name, for those that hold a
    user name and a password; all others hold one value. ``generations``: secret -> 2, 3, ... makes a new
    value and writes it; a secret that does not rotate refuses it. ``entries`` are made empty: a Job inside
    the cluster fills them.
    """

    specs: tuple[SecretSpec, ...]
    prefix: str
    key_arn: Text
    recovery_window_days: int
    users: Mapping[str, str] = field(default_factory=dict[str, str])
    generations: Mapping[str, int] = field(default_factory=dict[str, int])
    entries: tuple[str, ...] = ()
    tags: Mapping[str, str] = field(default_factory=dict[str, str])


class Secrets(Component):
    """One random value per specification, written once to the secret store as a JSON object.

    Values are letters and digits, so that they are safe in URLs, ini files and as a cache's AUTH token;
    ``length`` counts them without the specification's prefix. The store's copy is written through a
    write-only argument: reading the version resource from the state shows no value. The generated value
    itself is in the state, encrypted, as every Pulumi secret. Names are the store's own and stay taken for
    the recovery window after a deletion.

    Every secret is protected. Value and version are protected too when the secret does not rotate (LiteLLM's
    salt key encrypts what is in the database; a new one makes that unreadable), and it ignores changes to how
    it is generated; those that rotate are replaced when they do, which a protected resource refuses. Does not
    rotate on a schedule: raising a generation does.

    Attributes:
        values: name -> value, a Pulumi secret. For users this is the password.
        arns: name -> ARN in the store.
        versions: name -> the version, for what must not read the store before the value is there.
    """

    TYPE = "ai-gateway:aws:Secrets"

    def __init__(self, name: str, args: SecretsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args = args
        check_names(args.specs, args.users, args.generations)
        self.values: dict[str, pulumi.Output[str]] = {
            spec.name: random_value(self, spec, self._generation(spec.name)) for spec in args.specs
        }
        secrets = {spec.name: self._secret(spec.name, f"Generated {spec.name}") for spec in args.specs}
        for entry in args.entries:
            self._secret(entry, f"{entry}, written by a Job of the cluster")
        self.arns: dict[str, pulumi.Output[str]] = {name: secret.arn for name, secret in secrets.items()}
        self.versions: dict[str, aws.secretsmanager.SecretVersion] = {
            spec.name: self._stored(spec, secrets[spec.name]) for spec in args.specs
        }
        self.register_outputs({"arns": self.arns})

    def _generation(self, name: str) -> int:
        return self._args.generations.get(name, FIRST_GENERATION)

    def _secret(self, name: str, description: str) -> aws.secretsmanager.Secret:
        return aws.secretsmanager.Secret(
            f"{self.prefix}-{name}",
            name=f"{self._args.prefix}{name}",
            description=description,
            kms_key_id=self._args.key_arn,
            recovery_window_in_days=self._args.recovery_window_days,
            tags=merge_tags(self._args.tags),
            opts=self.child(protect=True),
        )

    def _stored(
        self, spec: SecretSpec, secret: aws.secretsmanager.Secret
    ) -> aws.secretsmanager.SecretVersion:
        content = stored_content(self._args.users.get(spec.name), self.values[spec.name])
        return aws.secretsmanager.SecretVersion(
            f"{self.prefix}-{spec.name}",
            secret_id=secret.id,
            secret_string_wo=content,
            secret_string_wo_version=self._generation(
                spec.name
            ),  # the provider writes only when this changes
            opts=self.child(protect=not spec.rotates),
        )
