"""Which pods a captured graph makes, and what its values say about them, by the table in chart_pods.toml."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from infra.graph.model import Graph, Resource
from tests.harness import at, of_type

TABLE_PATH = Path(__file__).parent / "chart_pods.toml"
RELEASE = "kubernetes:helm.sh/v3:Release"
WORKLOAD_LABEL = "ai-gateway/workload"
ZONE, HOST = "topology.kubernetes.io/zone", "kubernetes.io/hostname"
GPU = "nvidia.com/gpu"

WATCHED = frozenset(
    {
        "replicas", "replicaCount", "minReplicas", "maxReplicas", "priorityClassName", "tolerations",
        "topologySpreadConstraints", "affinity", "nodeSelector", "nodeSelectorTerms", "containers",
        "sidecars", "initContainers", "extraContainers", "extraInitContainers", "extraObjects",
        "extraManifests", "extraResources", "extraDeploy",
    }
)  # fmt: skip
"""Keys that shape pods, or add containers to them, wherever they stand in a chart's values."""


@cache
def table() -> Mapping[str, Any]:
    """The whole table."""
    return tomllib.loads(TABLE_PATH.read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Source:
    """A release or an add-on: its name (the workloads' ``release``), its values, its entry in the table."""

    name: str
    chart: str
    values: Mapping[str, Any]
    entry: Mapping[str, Any]
    addon: bool = False


@dataclass(frozen=True)
class Pods:
    """One entry of the table, its "{slug}" filled in."""

    source: Source
    entry: Mapping[str, Any]

    @property
    def workload(self) -> str:
        return str(self.entry["workload"])

    def path(self, key: str) -> str | None:
        found = self.entry.get(key)
        return None if found is None else str(found)

    def value(self, key: str) -> Any:
        """The value at the entry's path, or None when the chart has no such key or it is not given."""
        path = self.path(key)
        return None if path is None else get(self.source.values, path)

    def containers(self, key: str = "containers") -> dict[str, str]:
        """Container -> path of its resources; without those whose condition is not given."""
        paths, conditions = self.entry.get(key, {}), self.entry.get("containers_when", {})
        return {
            name: path
            for name, path in paths.items()
            if name not in conditions or get(self.source.values, conditions[name]) is not None
        }


def get(values: Mapping[str, Any], path: str) -> Any:
    """The value at a path of ``harness.at``, or None. Keys may hold dots when they are the last part."""
    try:
        return at(values, path)
    except (KeyError, IndexError, StopIteration, AssertionError):
        return None


def sources(graph: Graph) -> list[Source]:
    """Every release and every EKS add-on. KeyError for a chart or an add-on that the table does not know."""
    found: list[Source] = []
    for resource in of_type(graph, RELEASE):
        chart = str(resource.inputs["chart"]).rsplit("/", 1)[-1]
        values: Any = resource.inputs.get("values", {})
        found.append(Source(str(resource.inputs["name"]), chart, values, table()["charts"][chart]))
    for name, values in _addons(graph):
        found.append(Source(name, name, values, table()["addons"][name], addon=True))
    return found


def _addons(graph: Graph) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for resource in of_type(graph, "aws:eks/addon:Addon"):
        text = resource.inputs.get("configurationValues")
        yield str(resource.inputs["addonName"]), json.loads(str(text)) if text else {}
    for resource in of_type(graph, "eks:index:Cluster"):
        for name, key in (("vpc-cni", "vpcCniOptions"), ("kube-proxy", "kubeProxyAddonOptions")):
            options: Any = resource.inputs[key]
            yield name, options["configurationValues"]


def pods_of(source: Source) -> list[Pods]:
    """The entries of a release or add-on that exist with its values."""
    found: list[Pods] = []
    for entry in source.entry.get("pods", ()):
        if "when" in entry and not get(source.values, entry["when"]):
            continue
        each = [e["name"] for e in get(source.values, entry["each"]) or ()] if "each" in entry else [None]
        found += [Pods(source, entry if slug is None else _filled(entry, slug)) for slug in each]
    return found


def _filled(value: Any, slug: str) -> Any:
    if isinstance(value, str):
        return value.replace("{slug}", slug)
    if isinstance(value, Mapping):
        return {key: _filled(below, slug) for key, below in value.items()}
    return value


def own_pods(graph: Graph) -> list[tuple[str, str, Mapping[str, Any]]]:
    """(workload, kind, pod specification) of every Deployment, Job and the like that is no chart's."""
    found: list[tuple[str, str, Mapping[str, Any]]] = []
    for resource in graph.resources:
        if not resource.type.startswith(("kubernetes:apps/", "kubernetes:batch/")):
            continue
        kind = resource.type.rsplit(":", 1)[-1]
        if kind.endswith("Patch"):
            continue
        inputs: Any = resource.inputs
        spec = inputs["spec"]["jobTemplate"]["spec"] if kind == "CronJob" else inputs["spec"]
        metadata = spec["template"]["metadata"]
        found.append((metadata["labels"][WORKLOAD_LABEL], kind, spec["template"]["spec"]))
    return found


def object_kinds(graph: Graph) -> set[str]:
    """Kinds of the captured Kubernetes objects, apart from releases and what ``own_pods`` reads."""
    kubernetes = [r for r in graph.resources if r.type.startswith("kubernetes:") and r.type != RELEASE]
    pods = ("kubernetes:apps/", "kubernetes:batch/")
    return {
        r.type.rsplit(":", 1)[-1]
        for r in kubernetes
        if not r.type.startswith(pods) or r.type.endswith("Patch")
    }


def named(graph: Graph, kind: str, name: str) -> Resource:
    """The object of a kind with this ``metadata.name``."""
    (found,) = (
        r
        for r in graph.resources
        if r.type.rsplit(":", 1)[-1] == kind and at(r.inputs, "metadata.name") == name
    )
    return found


def plain(resources: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """A ``resources`` block without limits that are taken away, GPUs and disk."""
    return {
        part: {k: v for k, v in resources.get(part, {}).items() if k in ("cpu", "memory") and v is not None}
        for part in ("requests", "limits")
    }


def spread(constraints: Any, affinity: Any) -> dict[str, str]:
    """What constraints and anti-affinity together ask for: topology key -> "hard" or "soft"."""
    found: dict[str, str] = {}
    for constraint in constraints or ():
        hard = constraint["whenUnsatisfiable"] == "DoNotSchedule"
        found[constraint["topologyKey"]] = "hard" if hard else "soft"
    for rule, term in _apart(affinity):
        if found.get(term["topologyKey"]) != "hard":
            found[term["topologyKey"]] = rule
    return found


def selectors(constraints: Any, affinity: Any) -> list[Mapping[str, str]]:
    """The labels by which constraints and anti-affinity find the pods' siblings."""
    terms = [*(constraints or ()), *(term for _, term in _apart(affinity))]
    return [term["labelSelector"]["matchLabels"] for term in terms]


def _apart(affinity: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rules = (affinity or {}).get("podAntiAffinity", {})
    for term in rules.get("requiredDuringSchedulingIgnoredDuringExecution", ()):
        yield "hard", term
    for weighted in rules.get("preferredDuringSchedulingIgnoredDuringExecution", ()):
        yield "soft", weighted["podAffinityTerm"]


def claimed(source: Source) -> set[str]:
    """Every path of the values that the table maps to a pod."""
    found: set[str] = set()
    keys = ("replicas", "max", "priority", "spread", "affinity", "tolerations", "node_selector", "node_terms")
    for pods in pods_of(source):
        found |= {path for key in keys if (path := pods.path(key)) is not None}
        for part in ("containers", "init", "volumes"):
            found |= set(pods.entry.get(part, {}).values())
    return found


def unclaimed(source: Source) -> list[str]:
    """Paths of requests, limits, replicas and scheduling rules in the values that the table does not map."""
    known, opaque = claimed(source), tuple(source.entry.get("opaque", ()))
    found: list[str] = []
    for path, key, value in _walk(source.values):
        if path.startswith(opaque) or value in (None, {}, [], ""):
            continue
        is_resources = isinstance(value, Mapping) and {"requests", "limits"} & set(value)
        if not is_resources and key not in WATCHED:
            continue
        if not any(_within(path, claim) or _within(claim, path) for claim in known):
            found.append(path)
    return found


def _within(path: str, whole: str) -> bool:
    """Whether ``path`` is ``whole`` or a part of it."""
    return path == whole or path.startswith((f"{whole}.", f"{whole}["))


def _walk(value: Any, path: str = "") -> Iterator[tuple[str, str, Any]]:
    """(path, last key, value) of everything below ``value``, lists by the names of their entries."""
    if isinstance(value, Mapping):
        for key, below in value.items():
            here = f"{path}.{key}" if path else str(key)
            yield here, str(key), below
            yield from _walk(below, here)
    elif isinstance(value, list | tuple):
        for index, below in enumerate(value):
            name = below.get("name", index) if isinstance(below, Mapping) else index
            yield from _walk(below, f"{path}[{name}]")
