"""LiteLLM's schema migrations, as a Job of our own straight on the writer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import images
from components.kubernetes.database import (
    CA_DIR,
    CREDENTIALS,
    MIGRATE_ENTRY,
    PostgresTls,
    postgres_tls,
)
from components.kubernetes.files import script
from components.kubernetes.jobs import Step, Task, run_once
from components.kubernetes.secretstore import external_secret
from sizing.specs import Container, Workload

TIMEOUT_S = 1800
"""More than 200 files on an empty database take minutes; indexes on a long request log take longer."""

RETRIES = 3
"""The migrations are idempotent and take a lock first, so a retry is safe."""


@dataclass(frozen=True)
class MigrationInputs:
    """``workload`` is ``litellm-migrate``; ``database_ready`` is ``DatabaseBootstrap``: the roles must
    exist."""

    workload: Workload
    bindings: Bindings
    database_ready: pulumi.Resource
    ready: Sequence[pulumi.Resource]


def migrate(component: Component, inputs: MigrationInputs) -> k8s.batch.v1.Job:
    """Bring the schema to the image's version before the proxies of that version start.

    Not the chart's own Job: that one connects where the proxies connect, and through a transaction pooler the
    migrations lose the advisory lock that keeps two of them apart. A new image tag is a new Job.
    """
    workload, views = inputs.workload, script("create_views.py")
    tls = _tls(component, inputs)
    secret = external_secret(
        component,
        namespace=workload.namespace,
        name=MIGRATE_ENTRY,
        store_key=f"{inputs.bindings.secret_prefix}{MIGRATE_ENTRY}",
        keys=CREDENTIALS,
        depends_on=inputs.ready,
    )
    task = Task(
        workload=workload,
        steps=(
            _step(inputs.bindings, tls, workload.container("migrations"), args=["migrations"]),
            _step(inputs.bindings, tls, workload.container("views"), command=["python", "-c", views]),
        ),
        timeout_s=TIMEOUT_S,
        retries=RETRIES,
        config_maps={} if tls.config_map is None else {"postgres-ca": tls.config_map},
    )
    return run_once(component, "migrate", task, [secret, inputs.database_ready, *inputs.ready])


def _tls(component: Component, inputs: MigrationInputs) -> PostgresTls:
    """Prisma verifies chain and name together or not at all, so where the certificate does not carry the host
    the Job encrypts only (https://www.prisma.io/docs/orm/overview/databases/postgresql#configuring-an-ssl-connection)."""
    postgres = inputs.bindings.postgres
    if not postgres.ca_names_host:
        return PostgresTls("require", None)
    return postgres_tls(component, postgres, inputs.workload.namespace, inputs.ready)


def _step(
    bindings: Bindings,
    tls: PostgresTls,
    container: Container,
    *,
    command: Sequence[str] | None = None,
    args: Sequence[str] = (),
) -> Step:
    """LiteLLM puts its URL together from these and encodes the password itself."""
    env: dict[str, pulumi.Input[str]] = {
        "DATABASE_HOST": bindings.postgres.writer_host,
        "DATABASE_PORT": str(bindings.postgres.port),
        "DATABASE_NAME": bindings.postgres.database,
        "DATABASE_SSLMODE": tls.mode,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    if tls.ca_path is not None:
        env["DATABASE_SSLROOTCERT"] = tls.ca_path
    return Step(
        image=images.LITELLM.reference,
        container=container,
        command=command,
        args=args,
        env=env,
        secrets={
            "DATABASE_USER": (MIGRATE_ENTRY, "username"),
            "DATABASE_USERNAME": (MIGRATE_ENTRY, "username"),
            "DATABASE_PASSWORD": (MIGRATE_ENTRY, "password"),
        },
        mounts={} if tls.config_map is None else {"postgres-ca": CA_DIR},
        # Prisma writes its schema beside its own code: https://github.com/BerriAI/litellm/issues/13369
        writes_image=True,
    )
