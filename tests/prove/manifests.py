"""From a workload to the object it will be: the same requests, spread, tolerations, priority and volumes.

The rules of placement come from ``components.kubernetes.placement``, the functions the components use. What
they give here is compared with what every captured preview holds (``tests/infra/test_prove_manifests.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.kubernetes.addon_values_cloud import GPU_POOL, GPU_TOLERATION
from components.kubernetes.placement import ZONE, pod_affinity, spread_by_affinity, spread_constraints
from sizing.engines import POOL_LABEL
from sizing.specs import Container, Workload
from tests import harness
from tests.contracts.pods import GPU, WORKLOAD_LABEL
from tests.prove.api import Object

BY_AFFINITY = frozenset({"agentgateway", "vllm"})
"""Releases whose charts have no key for spread constraints: the same rules are written as an affinity."""
ONE_RUN = frozenset({"Job", "CronJob"})
"""A CronJob stands for one run of it: the Job that it makes when its time has come."""
STORAGE_CLASS = "prove"


@dataclass(frozen=True)
class Pods:
    """A workload as it stands in one case. ``zones``: where the volumes of each replica are, one by one."""

    workload: Workload
    replicas: int
    zones: tuple[str, ...] = ()


def labels_of(workload: Workload) -> dict[str, str]:
    """Labels that select the workload's pods and no others."""
    return {WORKLOAD_LABEL: workload.name}


def objects(pods: Pods, namespace: str) -> Iterator[Object]:
    """The workload's volumes, bound to their zones, and the object that makes its pods."""
    for replica, zone in enumerate(pods.zones):
        for volume in pods.workload.volumes:
            yield from _volume(
                claim_name(pods.workload, volume.name, replica), volume.size_gib, zone, namespace
            )
    yield _controller(pods, namespace)


def claim_name(workload: Workload, volume: str, replica: int) -> str:
    """As the StatefulSet names it; a Deployment's one claim is named likewise."""
    return f"{volume}-{workload.name}-{replica}"


def _controller(pods: Pods, namespace: str) -> Object:
    workload = pods.workload
    template: Object = {"metadata": {"labels": labels_of(workload)}, "spec": pod_spec(workload)}
    spec: Object = {"template": template, **_count(pods)}
    if workload.kind not in ONE_RUN:
        spec["selector"] = {"matchLabels": labels_of(workload)}
    if workload.kind == "StatefulSet":
        spec |= {
            "serviceName": workload.name,
            "podManagementPolicy": "Parallel",  # no pod here ever becomes ready for the next one
            "volumeClaimTemplates": [_claim(v.name, v.size_gib, {}) for v in workload.volumes],
        }
    run = workload.kind in ONE_RUN
    return {
        "apiVersion": "batch/v1" if run else "apps/v1",
        "kind": "Job" if run else workload.kind,
        "metadata": {"name": workload.name, "namespace": namespace, "labels": labels_of(workload)},
        "spec": spec,
    }


def _count(pods: Pods) -> Object:
    """How many pods; a Job's come back however often they are pushed out."""
    if pods.workload.kind == "DaemonSet":
        return {}
    if pods.workload.kind in ONE_RUN:
        return {"parallelism": pods.replicas, "completions": pods.replicas, "backoffLimit": 1000}
    return {"replicas": pods.replicas}


def pod_spec(workload: Workload) -> Object:
    """The pod template's specification, as far as the scheduler reads it."""
    spec: Object = {
        "containers": [_container(c) for c in workload.containers],
        "initContainers": [_container(c) for c in workload.init_containers],
        "priorityClassName": workload.priority_class,
        "terminationGracePeriodSeconds": 0,  # nobody would report the end of a pod that takes its time
        **rules(workload),
        **where(workload),
    }
    if workload.kind in ONE_RUN:
        spec["restartPolicy"] = "Never"
    if workload.volumes and workload.kind == "Deployment":
        spec["volumes"] = [
            {"name": v.name, "persistentVolumeClaim": {"claimName": claim_name(workload, v.name, 0)}}
            for v in workload.volumes
        ]
    return spec


def rules(workload: Workload) -> Object:
    """Spread between zones and hosts, the way the workload's component writes it."""
    labels = labels_of(workload)
    if workload.release in BY_AFFINITY:
        return {"affinity": spread_by_affinity(workload, labels)}
    made = {
        "affinity": pod_affinity(workload, labels),
        "topologySpreadConstraints": spread_constraints(workload, labels),
    }
    return {key: rule for key, rule in made.items() if rule}


def where(workload: Workload) -> Object:
    """Tolerations, and the nodes the workload insists on."""
    if workload.node_group == "all":
        return {"tolerations": [{"operator": "Exists"}]}
    if workload.node_group == "cpu_nodes":
        return {}  # the taint of GPU nodes keeps the pods where they belong
    if workload.kind == "DaemonSet":
        return {"tolerations": [GPU_TOLERATION], "nodeSelector": {POOL_LABEL: GPU_POOL}}
    return {
        "tolerations": [{"key": GPU, "operator": "Exists", "effect": "NoSchedule"}],
        "nodeSelector": dict(workload.node_labels),
    }


def _container(container: Container) -> Object:
    resources = container.resources()
    if container.gpus:
        gpus = {GPU: str(container.gpus)}
        resources = {
            "requests": {**resources["requests"], **gpus},
            "limits": {**resources.get("limits", {}), **gpus},
        }
    return {"name": container.name, "image": "none", "resources": resources}


def _claim(name: str, size_gib: int, bound: Object) -> Object:
    return {
        "metadata": {"name": name, **bound.get("metadata", {})},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": STORAGE_CLASS,
            "resources": {"requests": {"storage": f"{size_gib}Gi"}},
            **bound.get("spec", {}),
        },
    }


def _volume(claim: str, size_gib: int, zone: str, namespace: str) -> Iterator[Object]:
    """A volume in a zone and its claim, bound to each other as the volume controller would leave them."""
    name = f"{namespace}-{claim}"
    in_zone = {"matchExpressions": [{"key": ZONE, "operator": "In", "values": [zone]}]}
    yield {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {"name": name},
        "spec": {
            "capacity": {"storage": f"{size_gib}Gi"},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": STORAGE_CLASS,
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": namespace,
                "name": claim,
            },
            "nodeAffinity": {"required": {"nodeSelectorTerms": [in_zone]}},
            "csi": {"driver": "prove.invalid", "volumeHandle": name},
        },
    }
    bound = {
        "metadata": {"namespace": namespace, "annotations": {"pv.kubernetes.io/bind-completed": "yes"}},
        "spec": {"volumeName": name},
    }
    yield {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **_claim(claim, size_gib, bound)}


def namespaces_of(pods: Sequence[Pods]) -> list[str]:
    """Every namespace the workloads name, once."""
    return sorted({p.workload.namespace for p in pods})


def priority_classes() -> Iterator[Object]:
    """The priority classes as a preview has them."""
    for resource in harness.of_type(
        harness.captured("small"), "kubernetes:scheduling.k8s.io/v1:PriorityClass"
    ):
        yield dict(resource.inputs)
