"""The database as the application needs it: two roles and their privileges, made by a Job. D33."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings, PostgresBinding
from components.kubernetes import images
from components.kubernetes.files import config_map, script
from components.kubernetes.jobs import Step, Task, run_once
from components.kubernetes.secretstore import external_secret
from sizing.specs import Workload, Workloads

NAMESPACE = "database"

ADMIN_ENTRY = "postgres-admin"
APP_ENTRY = "litellm-db"
MIGRATE_ENTRY = "litellm-migrate"
"""Entries of the secret store, each ``{username, password}``; the Kubernetes Secrets have the same names."""

CREDENTIALS = {"username": "username", "password": "password"}

CA_DIR = "/etc/postgres-ca"
CA_FILE = "ca.pem"

TIMEOUT_S = 900
"""The statements take a second. The rest is for a node that the autoscaler adds first (a Job's time counts
from its creation, and it takes no room from others), an image pull, and a server that has just been made."""

RETRIES = 5

POSTGRES_UID = 70
"""User ``postgres`` of the Alpine image."""

SCRIPTS = ("bootstrap.sh", "roles.sql", "grants.sql")
SCRIPTS_DIR = "/scripts"


@dataclass(frozen=True)
class PostgresTls:
    """How a client in one namespace checks the server. ``config_map`` holds the authority, or is None."""

    mode: str
    config_map: pulumi.Output[str] | None

    @property
    def ca_path(self) -> str | None:
        return None if self.config_map is None else f"{CA_DIR}/{CA_FILE}"


def postgres_tls(
    component: Component, binding: PostgresBinding, namespace: str, ready: Sequence[pulumi.Resource]
) -> PostgresTls:
    """TLS towards the server: verified by the authority that the binding carries, else "require".

    Managed databases have certificates of an authority that no system trusts by itself (RDS:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html). "verify-ca" where the
    certificate does not carry the host: an authority of one instance signs for nobody else. "require"
    encrypts without checking who answers; the server is then protected by the network alone, until the
    authority stands in the configuration (``postgres.caBundle``).
    """
    if binding.ca_bundle is None:
        return PostgresTls("require", None)
    stored = config_map(
        component, "postgres-ca", namespace=namespace, data={CA_FILE: binding.ca_bundle}, depends_on=ready
    )
    return PostgresTls("verify-full" if binding.ca_names_host else "verify-ca", stored.metadata.name)


@dataclass(frozen=True)
class DatabaseBootstrapArgs:
    """``workloads`` holds ``database-bootstrap``; ``ready``: the namespace, the secret store and the
    database's writer."""

    workloads: Workloads
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()


class DatabaseBootstrap(Component):
    """Roles of least privilege, made by the administrator straight on the writer.

    ``litellm-migrate`` owns the schema, ``litellm-db`` reads and writes rows and can neither create nor
    drop. The Job may run any number of times and drops nothing. It runs again when its scripts or image
    change; after a rotation of a password, which it cannot see, run ``pulumi up --replace`` with its URN.
    """

    TYPE = "ai-gateway:kubernetes:DatabaseBootstrap"

    def __init__(
        self, name: str, args: DatabaseBootstrapArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        postgres = args.bindings.postgres
        self.tls = postgres_tls(self, postgres, NAMESPACE, args.ready)
        secrets = [
            external_secret(
                self,
                namespace=NAMESPACE,
                name=secret,
                store_key=f"{args.bindings.secret_prefix}{secret}",
                keys=CREDENTIALS,
                depends_on=args.ready,
            )
            for secret in (ADMIN_ENTRY, APP_ENTRY, MIGRATE_ENTRY)
        ]
        scripts = config_map(
            self,
            "scripts",
            namespace=NAMESPACE,
            data={name: script(name) for name in SCRIPTS},
            depends_on=args.ready,
        )
        task = self._task(args.workloads["database-bootstrap"], postgres, scripts)
        self.job = run_once(self, "bootstrap", task, [*secrets, *args.ready])
        self.register_outputs({})

    def _task(self, workload: Workload, postgres: PostgresBinding, scripts: k8s.core.v1.ConfigMap) -> Task:
        volumes: dict[str, pulumi.Input[str]] = {"scripts": scripts.metadata.name}
        mounts = {"scripts": SCRIPTS_DIR}
        env: dict[str, pulumi.Input[str]] = {
            "PGHOST": postgres.writer_host,
            "PGPORT": str(postgres.port),
            "PGSSLMODE": self.tls.mode,
            "PGCONNECT_TIMEOUT": "10",
            "APP_DATABASE": postgres.database,
        }
        if self.tls.config_map is not None:
            volumes["postgres-ca"] = self.tls.config_map
            mounts["postgres-ca"] = CA_DIR
            env["PGSSLROOTCERT"] = f"{CA_DIR}/{CA_FILE}"
        step = Step(
            image=images.PSQL.reference,
            container=workload.container("bootstrap"),
            command=["/bin/sh", f"{SCRIPTS_DIR}/bootstrap.sh"],
            env=env,
            secrets=_credentials(),
            mounts=mounts,
        )
        return Task(
            workload=workload,
            steps=(step,),
            timeout_s=TIMEOUT_S,
            retries=RETRIES,
            run_as=POSTGRES_UID,
            config_maps=volumes,
        )


def _credentials() -> Mapping[str, tuple[str, str]]:
    return {
        "PGUSER": (ADMIN_ENTRY, "username"),
        "PGPASSWORD": (ADMIN_ENTRY, "password"),
        "MIGRATE_USER": (MIGRATE_ENTRY, "username"),
        "MIGRATE_PASSWORD": (MIGRATE_ENTRY, "password"),
        "APP_USER": (APP_ENTRY, "username"),
        "APP_PASSWORD": (APP_ENTRY, "password"),
    }
