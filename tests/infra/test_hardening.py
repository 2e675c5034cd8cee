"""No privilege without a reason, no moving tag, no password in plain, and namespaces that admit what runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.kubernetes import images
from components.kubernetes.images import Image
from components.kubernetes.platform import POD_SECURITY, namespaces_of
from sizing.network_edges import SYSTEM_NAMESPACE, group_of
from tests.harness import CASES, ROOT, at, captured, of_type, plan
from tools.docs_privileges import REASONS, WRITABLE
from tools.docs_privileges import ROOT as ROOT_PODS

EVERY_CASE = pytest.mark.parametrize(("stack", "cloud"), CASES)
CONTRACT: Mapping[str, Any] = tomllib.loads(
    (ROOT / "tests" / "contracts" / "pods.toml").read_text(encoding="utf-8")
)
LEVELS = ("restricted", "baseline", "privileged")
"""From the strictest on: https://kubernetes.io/docs/concepts/security/pod-security-standards/"""

HARDENED: Mapping[str, tuple[str, ...]] = {
    "aws-load-balancer-controller": ("securityContext",),
    "cluster-autoscaler": ("containerSecurityContext",),
    "jaeger": ("jaeger.securityContext",),
    "nvidia-device-plugin": ("securityContext",),
    "kube-prometheus-stack": (
        "grafana.containerSecurityContext",
        "grafana.sidecar.securityContext",
        "prometheus-node-exporter.containerSecurityContext",
    ),
    "otel-collector": ("securityContext",),
    "otel-logs": ("securityContext",),
    "vault": ("server.statefulSet.securityContext.container",),
    "vllm": ("routerSpec.containerSecurityContext", "servingEngineSpec.containerSecurityContext"),
    "litellm": ("gateway.securityContext",),
}
"""Where values close what a chart leaves open: a container's security context, by release."""
PODS_OF_THESE: Mapping[str, tuple[str, ...]] = {
    "aws-load-balancer-controller": ("podSecurityContext",),
    "thanos": ("query.podSecurityContext", "storegateway.podSecurityContext", "compactor.podSecurityContext"),
    "vault": ("server.statefulSet.securityContext.pod",),
    "vllm": ("routerSpec.securityContext", "servingEngineSpec.securityContext"),
    "litellm": ("gateway.podSecurityContext",),
}
"""The same of pods: the seccomp profile, and a user where the image has none."""
RELEASE = "kubernetes:helm.sh/v3:Release"
GRANTS = ("privileged", "hostNetwork", "hostPID", "hostIPC", "allowPrivilegeEscalation")
IMAGE = re.compile(r"^[\w.-]+(\.[\w-]+)*(/[\w.-]+)+:(?P<tag>[\w][\w.-]*)$")
SECRET_NAME = re.compile(r"(password|passwd|token|api_?key|secret_?key|master_?key)$", re.IGNORECASE)


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, object]]:
    """Everything that is no list or mapping, by dotted path."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _leaves(item, f"{path}.{key}")
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, path)
    else:
        yield path, value


def _kubernetes(stack: str, cloud: str) -> list[tuple[str, Mapping[str, Any]]]:
    found = [(r.urn, r.inputs) for r in captured(stack, cloud).resources if r.type.startswith("kubernetes:")]
    assert len(found) > 100
    return found


@EVERY_CASE
def test_nothing_of_ours_asks_for_a_privilege(stack: str, cloud: str) -> None:
    for urn, inputs in _kubernetes(stack, cloud):
        for path, value in _leaves(inputs):
            asked = path.rpartition(".")[2] in GRANTS and value is True
            assert not asked, f"{urn}{path}"
            assert ".capabilities.add" not in path, f"{urn}{path}"


@EVERY_CASE
def test_jobs_drop_what_they_can(stack: str, cloud: str) -> None:
    jobs = of_type(captured(stack, cloud), "kubernetes:batch/v1:Job")
    assert jobs
    for job in jobs:
        pod = job.inputs["spec"]["template"]["spec"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, job.urn
        for container in (*pod.get("initContainers", []), *pod["containers"]):
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False, job.urn
            assert context["capabilities"] == {"drop": ["ALL"]}, job.urn
            writes = job.inputs["metadata"]["namespace"] in WRITABLE
            assert context["readOnlyRootFilesystem"] is not writes, job.urn
            assert writes or pod["securityContext"]["runAsNonRoot"] is True, job.urn


@EVERY_CASE
def test_values_close_what_charts_leave_open(stack: str, cloud: str) -> None:
    releases = {r.inputs["name"]: r.inputs for r in of_type(captured(stack, cloud), RELEASE)}
    on_aws = {"cluster-autoscaler", "aws-load-balancer-controller", "nvidia-device-plugin", "otel-logs"}
    assert set(HARDENED) - set(releases) == (set() if cloud == "aws" else on_aws)
    for name, paths in HARDENED.items():
        for path in paths if name in releases else ():
            context = at(releases[name], f"values.{path}")
            assert context["allowPrivilegeEscalation"] is False, path
            assert context["capabilities"] == {"drop": ["ALL"]}, path
            writes = name in WRITABLE or path.startswith("servingEngineSpec")
            assert context.get("readOnlyRootFilesystem", False) is not writes, path
    for name, paths in PODS_OF_THESE.items():
        for path in paths if name in releases else ():
            context = at(releases[name], f"values.{path}")
            assert context["seccompProfile"] == {"type": "RuntimeDefault"}, path
            own = name in ROOT_PODS or name == "thanos"  # root, or the chart's own user
            assert own or (context["runAsNonRoot"] is True and context["runAsUser"] > 0), path


@EVERY_CASE
def test_no_tag_moves(stack: str, cloud: str) -> None:
    for urn, inputs in _kubernetes(stack, cloud):
        for path, value in _leaves(inputs):
            key, text = path.rpartition(".")[2], str(value)
            if key == "image" and isinstance(value, str):
                match = IMAGE.match(text)
                assert match, f"{urn}{path}: {text} has no tag"
                assert any(c.isdigit() for c in match["tag"]), f"{urn}{path}: {text}"
            if key == "tag":
                assert any(c.isdigit() for c in text), f"{urn}{path}: {text}"


def test_images_of_charts_are_pinned_by_the_charts_version() -> None:
    """The list of everything that is pulled, ours and the charts' defaults."""
    known = {value.reference for value in vars(images).values() if isinstance(value, Image)}
    listed = {image for pod in CONTRACT.values() for image in pod["images"]}
    for image in (*known, *listed):
        tag = image.rpartition(":")[2]
        assert "/" not in tag, f"{image} has no tag"
        assert any(c.isdigit() for c in tag), image
    rendered = {f"quay.io/{i}" if i.startswith("jaegertracing/") else i for i in known}
    own_jobs = {images.PSQL.reference, images.PYTHON.reference}
    assert rendered - own_jobs <= listed


@EVERY_CASE
def test_no_password_stands_in_plain(stack: str, cloud: str) -> None:
    """A name, a key or a path of a Secret may; a value may not."""
    for resource in captured(stack, cloud).resources:
        for path, value in _leaves(resource.inputs):
            key = path.rpartition(".")[2]
            if SECRET_NAME.search(key) and isinstance(value, str) and value:
                names = {"[secret]", "[unknown]", "admin-password", "password", "value"}
                variable = value.startswith("os.environ/") or re.fullmatch(r"\{\{ \.\w+ \}\}", value)
                refers = value in names or variable or "Key" in key or ".passwordSecret" in path
                assert refers, f"{resource.urn}{path}: {value}"


@EVERY_CASE
def test_namespaces_admit_what_runs_there_and_no_more(stack: str, cloud: str) -> None:
    workloads = plan(stack, cloud).workloads
    for namespace in namespaces_of(workloads):
        here = [w for w in workloads.items if w.namespace == namespace.name]
        pods = {group_of(w): CONTRACT[group_of(w)] for w in here if group_of(w) in CONTRACT}
        # our own Jobs are no chart's pods: what they may do is asked of them as captured
        assert {w.kind for w in here if group_of(w) not in CONTRACT} <= {"Job", "CronJob"}
        assert here
        weakest = max((LEVELS.index(pod["level"]) for pod in pods.values()), default=0)
        allowed = LEVELS.index(namespace.level)
        assert allowed >= weakest, f"{namespace.name} would refuse {list(pods)}"
        if namespace.level == "privileged":
            assert weakest == allowed, f"nothing in {namespace.name} needs it"
        for name, pod in pods.items():
            assert bool(pod.get("privileges")) == (name in REASONS) == (pod["level"] == "privileged"), name


def test_every_reason_is_used() -> None:
    """The page names every pod that is not of the strictest level, and no other."""
    assert set(REASONS) | set(ROOT_PODS) == {n for n, pod in CONTRACT.items() if pod["level"] != "restricted"}
    assert set(WRITABLE) <= set(CONTRACT)
    assert SYSTEM_NAMESPACE not in POD_SECURITY
