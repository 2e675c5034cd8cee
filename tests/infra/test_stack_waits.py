"""What waits for what in the first ``up`` of every shipped stack, over any number of steps."""

from __future__ import annotations

import itertools

import pytest

from infra.graph import Graph, Resource
from tests.harness import CASES, STACKS, captured, of_type

EVERY_STACK = pytest.mark.parametrize("stack", STACKS)
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"

PODS_OF = {
    "cluster-autoscaler": "addons-cluster-autoscaler",
    "ebs-csi": "cloud-addons-aws-ebs-csi-driver",
    "external-secrets": "addons-external-secrets",
    "litellm": "litellm-litellm",
    "load-balancer-controller": "addons-aws-load-balancer-controller",
    "prometheus": "observability-metrics-kube-prometheus-stack",
    "thanos": "observability-thanos-thanos",
    "vault": "vault-vault",
    "vault-init": "vault-init-run",
    "vault-snapshot": "vault-snapshots-hourly",
    "vllm": "vllm-vllm",
}
"""Role -> what starts its pods."""


def awaited(graph: Graph, resource: Resource) -> set[str]:
    """URNs that must exist before the resource is made."""
    by_urn = graph.by_urn()
    found: set[str] = set()
    pending = [resource.urn]
    while pending:
        current = by_urn.get(pending.pop())
        if current is None:
            continue
        direct = {*current.depends_on, *(u for urns in current.property_depends_on.values() for u in urns)}
        pending += direct - found
        found |= direct
    return found


def namespace_of(resource: Resource) -> str | None:
    metadata = resource.inputs.get("metadata")
    inner = metadata.get("namespace") if isinstance(metadata, dict) else None
    named = inner or (resource.inputs.get("namespace") if resource.type.startswith("kubernetes:") else None)
    return named if isinstance(named, str) else None


@EVERY_STACK
def test_nothing_is_made_before_its_namespace(stack: str) -> None:
    """Namespaces come after the nodes; the provider would wait for one half a minute."""
    graph, checked = captured(stack), 0
    spaces = {
        str(r.inputs["metadata"]["name"]): r.urn for r in of_type(graph, "kubernetes:core/v1:Namespace")
    }
    for resource in graph.resources:
        space = namespace_of(resource)
        if space in spaces:
            assert spaces[space] in awaited(graph, resource), resource.urn
            checked += 1
    assert checked > 40


@EVERY_STACK
def test_pods_start_after_their_cloud_identity(stack: str) -> None:
    """Credentials are injected when a pod is made: one that came first would stay without."""
    graph = captured(stack)
    by_name = {r.name: r for r in graph.resources if r.custom and r.type != ASSOCIATION}
    roles = {r.name.removeprefix("cloud-identity-"): r.urn for r in of_type(graph, ASSOCIATION)}
    assert {"external-secrets", "vault", "vllm", "model-cache"} <= set(roles)
    fillers = [r for r in of_type(graph, "kubernetes:batch/v1:Job") if r.name.startswith("vllm-models-")]
    assert fillers
    for filler in fillers:
        assert roles["model-cache"] in awaited(graph, filler)
    for role in roles.keys() & PODS_OF.keys():
        assert roles[role] in awaited(graph, by_name[PODS_OF[role]]), role


@EVERY_STACK
def test_requests_do_not_wait_for_gpus_or_models(stack: str) -> None:
    """A quota of 0 or a model that cannot be fetched must not keep the gateway away."""
    graph = captured(stack)
    by_name = {r.name: r for r in graph.resources if r.custom}
    groups = {r.urn for r in of_type(graph, "eks:index:ManagedNodeGroup") if r.inputs.get("taints")}
    engines = {r.urn for r in graph.resources if r.name.startswith("vllm-")}
    assert groups
    assert engines
    assert not awaited(graph, by_name["vllm-vllm"]) & groups
    for name in ("litellm-litellm", "gateway-gateway-edge", "gateway-httproute-edge"):
        assert not awaited(graph, by_name[name]) & (groups | engines), name


FIRST_START = ("vault-vault", "vault-init-run", "keys-store")
"""Each after the one before: servers, the Job that initialises them, the store over Vault's keys."""

REQUEST_PATH = (
    "secrets-store",  # over the cloud's entries; it needs nothing of Vault
    "database-bootstrap",
    "litellm-migrate",  # around the pool
    "litellm-litellm",
    "gateway-httproute-edge",
)


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_the_first_start_goes_step_by_step(stack: str, cloud: str) -> None:
    graph = captured(stack, cloud)
    by_name = {r.name: r for r in graph.resources if r.custom}
    for chain in (FIRST_START, REQUEST_PATH):
        for before, after in itertools.pairwise(chain):
            assert by_name[before].urn in awaited(graph, by_name[after]), (before, after)
    assert by_name["pgbouncer-pgbouncer"].urn in awaited(graph, by_name["litellm-litellm"])
    assert by_name["database-bootstrap"].urn in awaited(graph, by_name["pgbouncer-pgbouncer"])
    assert by_name["gateway-gateway-edge"].urn in awaited(graph, by_name["gateway-httproute-edge"])


@pytest.mark.parametrize(("stack", "cloud"), CASES)
def test_every_job_is_bounded_retried_and_waited_for(stack: str, cloud: str) -> None:
    graph = captured(stack, cloud)
    jobs = of_type(graph, "kubernetes:batch/v1:Job")
    assert {"vault-init-run", "database-bootstrap", "litellm-migrate"} <= {job.name for job in jobs}
    for job in jobs:
        spec, metadata = job.inputs["spec"], job.inputs["metadata"]
        assert spec["backoffLimit"] >= 1
        assert spec["template"]["spec"]["restartPolicy"] == "Never"
        awaited_s = int(metadata["annotations"]["pulumi.com/timeoutSeconds"])
        assert 0 < spec["activeDeadlineSeconds"] < awaited_s
        assert metadata["annotations"]["pulumi.com/replaceUnready"] == "true"  # a failed one is made anew
        assert "name" not in metadata  # Pulumi's: a changed task is another Job
        assert "pulumi.com/skipAwait" not in metadata["annotations"]
    for cron in of_type(graph, "kubernetes:batch/v1:CronJob"):
        spec = cron.inputs["spec"]
        assert spec["concurrencyPolicy"] == "Forbid"
        assert spec["jobTemplate"]["spec"]["activeDeadlineSeconds"] > 0
