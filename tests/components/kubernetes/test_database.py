"""Roles of least privilege, made by a Job that connects straight to the writer."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.kubernetes.database import DatabaseBootstrap, DatabaseBootstrapArgs
from components.kubernetes.files import script
from infra.graph.model import Graph
from tests.factories_workloads import (
    PEM,
    WORKLOADS,
    Build,
    Stand,
    bindings,
    captured,
    check_contract,
    manifests,
    one,
    postgres_binding,
    replaced,
    resources,
    waits_for,
)


def build(**postgres: Any) -> Build:
    def make(opts: pulumi.ResourceOptions) -> object:
        bound = bindings(postgres=postgres_binding(**postgres))
        args = DatabaseBootstrapArgs(WORKLOADS, bound, (Stand("store", opts),))
        return DatabaseBootstrap("database", args, opts)

    return make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return captured(build())


def job(graph: Graph) -> dict[str, Any]:
    found = one(graph, "Job").inputs["spec"]
    assert isinstance(found, dict)
    return found


def container_of(graph: Graph) -> dict[str, Any]:
    (container,) = job(graph)["template"]["spec"]["containers"]
    assert isinstance(container, dict)
    return container


def environment(graph: Graph) -> dict[str, Any]:
    return {e["name"]: e.get("value") or e["valueFrom"] for e in container_of(graph)["env"]}


def test_contract() -> None:
    check_contract(build())


def test_straight_to_the_writer_with_tls(graph: Graph) -> None:
    env = environment(graph)
    assert (env["PGHOST"], env["PGPORT"], env["APP_DATABASE"]) == ("writer.test", "6432", "litellm")
    assert env["PGSSLMODE"] == "require"
    assert "PGSSLROOTCERT" not in env


def test_the_server_is_verified_when_the_authority_is_known() -> None:
    verified = captured(build(ca_bundle=PEM))
    env = environment(verified)
    assert env["PGSSLMODE"] == "verify-full"
    maps = resources(verified, "ConfigMap")
    assert maps["database-postgres-ca"].inputs["data"] == {"ca.pem": PEM}
    assert waits_for(verified, "database-postgres-ca", "store-map")
    volumes = {v["name"]: v for v in job(verified)["template"]["spec"]["volumes"]}
    mounts = {m["name"]: m["mountPath"] for m in container_of(verified)["volumeMounts"]}
    name = maps["database-postgres-ca"].inputs["metadata"]
    assert isinstance(name, dict)
    assert volumes["postgres-ca"]["configMap"]["name"] == name["name"]
    assert env["PGSSLROOTCERT"] == f"{mounts['postgres-ca']}/ca.pem"


def test_passwords_come_from_secrets_and_stand_nowhere(graph: Graph) -> None:
    env = environment(graph)
    expected = {
        "PGUSER": ("postgres-admin", "username"),
        "PGPASSWORD": ("postgres-admin", "password"),
        "MIGRATE_USER": ("litellm-migrate", "username"),
        "MIGRATE_PASSWORD": ("litellm-migrate", "password"),
        "APP_USER": ("litellm-db", "username"),
        "APP_PASSWORD": ("litellm-db", "password"),
    }
    for name, (secret, key) in expected.items():
        assert env[name] == {"secretKeyRef": {"name": secret, "key": key}}
    secrets = manifests(graph, "ExternalSecret")
    assert set(secrets) == {"postgres-admin", "litellm-db", "litellm-migrate"}
    for name, manifest in secrets.items():
        assert {d["remoteRef"]["key"] for d in manifest["spec"]["data"]} == {f"gw/test/{name}"}


def test_the_job_ends_and_stays(graph: Graph) -> None:
    """One that removed itself would be made again by every ``up``."""
    found = job(graph)
    assert "ttlSecondsAfterFinished" not in found
    assert found["activeDeadlineSeconds"] > 0
    assert found["backoffLimit"] > 0
    pod = found["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["priorityClassName"] == "gateway-batch"
    assert pod["automountServiceAccountToken"] is False
    annotations = one(graph, "Job").inputs["metadata"]
    assert isinstance(annotations, dict)
    assert int(annotations["annotations"]["pulumi.com/timeoutSeconds"]) > found["activeDeadlineSeconds"]


def test_the_job_is_its_workload(graph: Graph) -> None:
    plan = WORKLOADS["database-bootstrap"]
    metadata = one(graph, "Job").inputs["metadata"]
    assert isinstance(metadata, dict)
    assert metadata["namespace"] == plan.namespace
    assert metadata["labels"]["ai-gateway/workload"] == plan.name
    assert container_of(graph)["resources"] == plan.container("bootstrap").resources()


def test_steps_that_nobody_counts_are_refused() -> None:
    """A container beside the workload's would run without being in the fit."""
    plan = WORKLOADS["database-bootstrap"]
    uncounted = replaced(plan.name, init_containers=plan.containers)

    def make(opts: pulumi.ResourceOptions) -> object:
        return DatabaseBootstrap("database", DatabaseBootstrapArgs(uncounted, bindings()), opts)

    with pytest.raises(ValueError, match="its containers are not the steps of the Job 'bootstrap'"):
        captured(make)


def test_the_pod_is_restricted(graph: Graph) -> None:
    pod = job(graph)["template"]["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    security = container_of(graph)["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }


def test_the_job_waits_for_secrets_and_store(graph: Graph) -> None:
    for secret in ("postgres-admin", "litellm-db", "litellm-migrate"):
        assert waits_for(graph, "database-bootstrap", f"database-database-{secret}")
    assert waits_for(graph, "database-bootstrap", "store-map")
    assert waits_for(graph, "database-scripts", "store-map")


def test_other_scripts_are_another_job(graph: Graph) -> None:
    """The ConfigMap is named by its content, and the Job names the ConfigMap."""
    scripts = resources(graph, "ConfigMap")["database-scripts"].inputs
    assert isinstance(scripts["data"], dict)
    assert isinstance(scripts["metadata"], dict)
    assert set(scripts["data"]) == {"bootstrap.sh", "roles.sql", "grants.sql"}
    (volume,) = job(graph)["template"]["spec"]["volumes"]
    assert volume["configMap"]["name"] == scripts["metadata"]["name"]
    assert container_of(graph)["command"] == ["/bin/sh", "/scripts/bootstrap.sh"]


def test_the_sql_gives_the_application_rows_only() -> None:
    grants = script("grants.sql")
    assert 'GRANT USAGE, CREATE ON SCHEMA public TO :"migrate_user"' in grants
    assert 'GRANT USAGE ON SCHEMA public TO :"app_user"' in grants
    assert "REVOKE CREATE ON SCHEMA public FROM PUBLIC" in grants
    assert 'CREATE ON SCHEMA public TO :"app_user"' not in grants.replace(
        'GRANT USAGE, CREATE ON SCHEMA public TO :"migrate_user"', ""
    )
    for word in ("DROP ", "TRUNCATE", "SUPERUSER"):
        assert word not in grants + script("roles.sql")


def test_passwords_are_hashed_before_they_are_sent() -> None:
    """A statement with a plain password would stand in the server's log."""
    assert "PASSWORD" not in script("roles.sql").upper().replace("--", "")
    assert "\\\\password" in script("bootstrap.sh")
