"""Pods as the model sees them: containers, volumes, workloads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from sizing.quantities import format_cpu, format_memory
from sizing.specs.base import Spec

Placement = Literal["cpu_nodes", "gpu_nodes", "all"]
WorkloadKind = Literal["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob"]
SpreadRule = Literal["none", "soft", "hard"]
PriorityClass = Literal[
    "system-node-critical", "system-cluster-critical", "gateway-critical", "gateway-platform", "gateway-batch"
]

PRIORITIES: Mapping[PriorityClass, int] = {
    "system-node-critical": 2_000_001_000,
    "system-cluster-critical": 2_000_000_000,
    "gateway-critical": 1_000_000,
    "gateway-platform": 100_000,
    "gateway-batch": 0,
}
"""Kubernetes' own two, and ours below the 1,000,000,000 that it reserves. The lowest is zero and not below:
pods under -10 neither make the cluster autoscaler add a node nor keep one alive
(``--expendable-pods-priority-cutoff``)."""


class Container(Spec):
    """Requests and limits of one container. ``None`` as a limit means that none is set."""

    name: str
    cpu_request_m: int
    cpu_limit_m: int | None = None
    memory_request_mib: int
    memory_limit_mib: int | None = None
    gpus: int = 0

    def resources(self) -> dict[str, dict[str, str]]:
        """The Kubernetes ``resources`` block (GPUs apart: charts have a key of their own for them)."""
        limits: dict[str, str] = {}
        if self.cpu_limit_m is not None:
            limits["cpu"] = format_cpu(self.cpu_limit_m)
        if self.memory_limit_mib is not None:
            limits["memory"] = format_memory(self.memory_limit_mib)
        requests = {"cpu": format_cpu(self.cpu_request_m), "memory": format_memory(self.memory_request_mib)}
        return {"requests": requests, "limits": limits} if limits else {"requests": requests}


class Volume(Spec):
    """A persistent volume of each replica; a block volume lives in one zone and binds its pod to it."""

    name: str
    size_gib: int


class Workload(Spec):
    """Pods that will exist: the one source of the fit proof and of the chart values.

    ``release`` is the Helm release, add-on or object that makes the pods. ``node_group`` "all" is a DaemonSet
    on every node. ``replicas`` is what runs at the start, ``max_replicas`` what an autoscaler may reach (None
    when fixed). ``spread_zones`` / ``spread_hosts``: "hard" refuses to schedule, "soft" prefers.
    ``max_unavailable`` is the PodDisruptionBudget's figure (None: no budget). ``quorum`` is how many replicas
    must survive a lost zone when they are bound to volumes.

    A Job or a CronJob is one pod that must find room beside everything else, at the minimum, at the maximum
    and with a zone lost: an upgrade may run it at any time. ``init_containers`` run one after the other
    before the ``containers``; a Job of several steps has its last one in ``containers``.
    """

    name: str
    release: str
    namespace: str
    kind: WorkloadKind
    node_group: Placement
    replicas: int
    max_replicas: int | None = None
    containers: tuple[Container, ...]
    init_containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    spread_zones: SpreadRule = "none"
    spread_hosts: SpreadRule = "none"
    max_unavailable: Annotated[int, Field(ge=1)] | None = None  # 0 would block every drain
    quorum: int | None = None
    priority_class: PriorityClass = "gateway-platform"
    node_labels: Mapping[str, str] = {}  # node labels the pods insist on, beyond what taints decide
    source: str

    def container(self, name: str) -> Container:
        """The container or init container called ``name``; KeyError when the pod has none."""
        for container in (*self.containers, *self.init_containers):
            if container.name == name:
                return container
        raise KeyError(f"workload {self.name} has no container {name!r}")

    @property
    def cpu_m(self) -> int:
        """Effective cpu request of one pod: sum of its containers, or the largest init container."""
        running = sum(c.cpu_request_m for c in self.containers)
        return max([running, *(c.cpu_request_m for c in self.init_containers)])

    @property
    def memory_mib(self) -> int:
        """Effective memory request of one pod, by the same rule."""
        running = sum(c.memory_request_mib for c in self.containers)
        return max([running, *(c.memory_request_mib for c in self.init_containers)])

    @property
    def priority(self) -> int:
        """Value of the priority class: higher ones are placed first and push lower ones out."""
        return PRIORITIES[self.priority_class]

    @property
    def gpus(self) -> int:
        return sum(c.gpus for c in self.containers)

    @property
    def most_replicas(self) -> int:
        """Replicas at the autoscaler's maximum, or the fixed count."""
        return self.replicas if self.max_replicas is None else self.max_replicas


class Workloads(Spec):
    """All workloads of a plan, by unique name."""

    items: tuple[Workload, ...]

    def __getitem__(self, name: str) -> Workload:
        for workload in self.items:
            if workload.name == name:
                return workload
        raise KeyError(f"no workload {name!r}; there are {', '.join(w.name for w in self.items)}")

    def __contains__(self, name: str) -> bool:
        return any(workload.name == name for workload in self.items)


class Identity(Spec):
    """A workload that calls the cloud: ``role`` names what it may do, the rest is its Kubernetes identity."""

    role: str
    namespace: str
    service_account: str
