"""Identities: an account per workload that needs one, with the least, lent to one service account."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components.gcp.cluster import ACCOUNT_ID_LIMIT
from components.gcp.identity import ANNOTATION, Identity, IdentityArgs
from components.gcp.roles import GRANTS, grants_of
from infra.graph.model import Graph
from sizing.specs import Identity as Spec
from tests import factories_gcp as make

BUCKETS = {"vault-snapshots": "snapshots", "thanos": "metrics", "model-cache": "models"}
SECRET_IDS = {"one": "projects/p/secrets/one", "two": "projects/p/secrets/two"}


def build(opts: pulumi.ResourceOptions, **changes: Any) -> Identity:
    services = make.services(opts)
    fields: dict[str, Any] = {
        "identities": make.IDENTITIES,
        "name": make.CLUSTER,
        "project": make.PROJECT,
        "workload_pool": f"{make.PROJECT}.svc.id.goog",
        "buckets": BUCKETS,
        "key_ids": {"seal": make.key("seal"), "storage": make.key("storage")},
        "secret_ids": SECRET_IDS,
        "entry_ids": {n: f"projects/p/secrets/{n}" for n in ("vault-recovery-keys", "vault-root-token")},
        "bedrock": False,
        "cluster": services.of("container.googleapis.com"),
        "before": services.of("iam.googleapis.com"),
    }
    return Identity("ids", IdentityArgs(**{**fields, **changes}), opts)


def graph_of(**changes: Any) -> Graph:
    return make.captured(lambda opts: build(opts, **changes), preview=False)


@pytest.fixture(scope="module")
def graph() -> Graph:
    return graph_of()


def granted(graph: Graph, role: str) -> dict[str, Any]:
    """Role in IAM -> what it is on, of one workload's account."""
    targets = ("bucket", "cryptoKeyId", "secretId", "serviceAccountId", "project")
    found: dict[str, Any] = {}
    for resource in graph.resources:
        if resource.inputs.get("member") == f"ids-{role}-member":
            on = next(resource.inputs[target] for target in targets if target in resource.inputs)
            found.setdefault(str(resource.inputs["role"]), []).append(on)
    return found


def test_contract() -> None:
    make.check_contract(build)


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (
            "litellm",
            {
                "roles/redis.dbConnectionUser": [make.PROJECT],
                "roles/iam.serviceAccountTokenCreator": ["ids-litellm-name"],
            },
        ),
        (
            "vault",
            {
                "roles/cloudkms.cryptoKeyEncrypterDecrypter": [make.key("seal")],
                "roles/cloudkms.viewer": [make.key("seal")],
            },
        ),
        ("vault-snapshot", {"roles/storage.objectCreator": ["snapshots"]}),
        (
            "vault-init",
            {
                "roles/secretmanager.secretVersionAdder": [
                    "projects/p/secrets/vault-recovery-keys",
                    "projects/p/secrets/vault-root-token",
                ],
                "roles/secretmanager.secretAccessor": ["projects/p/secrets/vault-root-token"],
            },
        ),
        ("cloud-metrics", {"roles/monitoring.viewer": [make.PROJECT]}),
        ("thanos", {"roles/storage.objectUser": ["metrics"]}),
        ("prometheus", {"roles/storage.objectUser": ["metrics"]}),
        ("model-cache", {"roles/storage.objectUser": ["models"]}),
        ("vllm", {"roles/storage.objectViewer": ["models"]}),
        ("external-secrets", {"roles/secretmanager.secretAccessor": list(SECRET_IDS.values())}),
    ],
)
def test_each_gets_this_and_no_more(graph: Graph, role: str, expected: dict[str, list[str]]) -> None:
    assert granted(graph, role) == expected


def test_the_clouds_own_models_only_when_asked() -> None:
    assert "roles/aiplatform.user" not in granted(graph_of(), "litellm")
    assert granted(graph_of(bedrock=True), "litellm")["roles/aiplatform.user"] == [make.PROJECT]
    assert all(not {g.role for g in grants_of(role, bedrock=True)} & {"roles/aiplatform.user"}
               for role in GRANTS if role != "litellm")  # fmt: skip


def test_no_role_is_an_owners_or_editors() -> None:
    roles = {grant.role for grants in GRANTS.values() for grant in grants}
    assert not {r for r in roles if "admin" in r.lower() or r in {"roles/owner", "roles/editor"}}


def test_each_account_is_lent_to_one_service_account(graph: Graph) -> None:
    lent = {
        r.name: r.inputs["member"]
        for r in make.of_type(graph, "IAMMember").values()
        if r.inputs["role"] == "roles/iam.workloadIdentityUser"
    }
    assert lent == {
        f"ids-{spec.role}": f"serviceAccount:{make.PROJECT}.svc.id.goog"
        f"[{spec.namespace}/{spec.service_account}]"
        for spec in make.IDENTITIES
    }


def test_the_binding_comes_last(graph: Graph) -> None:
    binding = make.of_type(graph, "IAMMember")["ids-vault"]
    waits = make.depends_on(graph, binding)
    assert "Service services-container" in waits  # the cluster, which makes the pool of identities
    assert {w.split()[0] for w in waits} >= {"CryptoKeyIAMMember", "Account"}


def test_accounts_wait_for_their_api(graph: Graph) -> None:
    for account in make.of_type(graph, "Account").values():
        assert make.depends_on(graph, account) == {"Service services-iam"}


def test_ids_fit_and_differ() -> None:
    for name in ("gw", "ai-gateway-enterprise", "x" * 80):
        accounts = make.of_type(graph_of(name=name), "Account").values()
        ids = {str(r.inputs["accountId"]) for r in accounts}
        assert len(ids) == len(make.IDENTITIES)
        assert all(6 <= len(i) <= ACCOUNT_ID_LIMIT for i in ids)


def test_without_the_bucket_there_is_no_account() -> None:
    graph = graph_of(buckets={"vault-snapshots": "snapshots", "model-cache": "models"})
    names = set(make.of_type(graph, "Account"))
    assert names == {f"ids-{s.role}" for s in make.IDENTITIES if s.role not in {"thanos", "prometheus"}}


def test_service_accounts_carry_the_account() -> None:
    def program(opts: pulumi.ResourceOptions) -> None:
        pulumi.export("annotations", build(opts).annotations)

    assert make.captured(program, preview=False).outputs["annotations"] == {
        spec.role: {ANNOTATION: f"ids-{spec.role}-email"} for spec in make.IDENTITIES
    }


def test_an_unknown_role_is_refused() -> None:
    strange = (Spec(role="cat", namespace="a", service_account="b"),)
    with pytest.raises(ValueError, match="no grants for the role 'cat'"):
        graph_of(identities=strange)
