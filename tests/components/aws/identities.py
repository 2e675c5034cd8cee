"""The workload roles of one cluster, captured once for the tests of what each may do."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.identity import Identity, IdentityArgs
from infra.graph.model import Graph
from tests.factories_foundation import (
    ACCOUNT,
    CLUSTER,
    IDENTITIES,
    PARTITION,
    REGION,
    TAGS,
    captured,
    of_type,
    policy,
)

BUCKETS = {purpose: f"arn:aws:s3:::{purpose}" for purpose in ("vault-snapshots", "thanos", "model-cache")}


KEYS = {
    purpose: f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{purpose}"
    for purpose in ("seal", "storage", "ebs", "secrets")
}


NAMES = ("litellm-db", "grafana-admin")


def secret(name: str) -> str:
    return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:gateway/test/{name}-??????"


SECRETS = [secret(name) for name in NAMES]


def args(**changes: Any) -> IdentityArgs:
    fields: dict[str, Any] = {
        "identities": IDENTITIES,
        "cluster_name": CLUSTER,
        "account_id": ACCOUNT,
        "region": REGION,
        "partition": PARTITION,
        "bucket_arns": BUCKETS,
        "key_arns": KEYS,
        "secret_prefix": "gateway/test/",
        "secret_names": NAMES,
        "bedrock": True,
        "tags": TAGS,
    }
    return IdentityArgs(**{**fields, **changes})


def graph_of(**changes: Any) -> Graph:
    return captured(lambda opts: Identity("identity", args(**changes), opts))


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def statements(graph: Graph, role: str) -> dict[str, dict[str, Any]]:
    return policy(of_type(graph, "RolePolicy")[f"identity-{role}"].inputs["policy"])


def every_statement(graph: Graph) -> list[tuple[str, dict[str, Any]]]:
    return [(i.role, statement) for i in IDENTITIES for statement in statements(graph, i.role).values()]


def texts(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
