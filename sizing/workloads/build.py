"""Small constructors that the workload modules share."""

from __future__ import annotations

from sizing.specs import Container, PriorityClass, Workload, WorkloadKind


def container(
    name: str,
    cpu_m: int,
    memory_mib: int,
    *,
    cpu_limit_m: int | None = None,
    memory_limit_mib: int | None = None,
) -> Container:
    """A container; without a memory limit the request is the limit, so that it is never evicted first."""
    return Container(
        name=name,
        cpu_request_m=cpu_m,
        cpu_limit_m=cpu_limit_m,
        memory_request_mib=memory_mib,
        memory_limit_mib=memory_mib if memory_limit_mib is None else memory_limit_mib,
    )


def controller(
    name: str,
    release: str,
    namespace: str,
    replicas: int,
    cpu_m: int,
    memory_mib: int,
    *,
    cpu_limit_m: int | None = None,
    memory_limit_mib: int | None = None,
    source: str,
    priority: PriorityClass = "gateway-platform",
) -> Workload:
    """A leader-elected controller: soft spread, one pod may be away, so a single one can be drained."""
    return Workload(
        name=name,
        release=release,
        namespace=namespace,
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=replicas,
        containers=(
            container(name, cpu_m, memory_mib, cpu_limit_m=cpu_limit_m, memory_limit_mib=memory_limit_mib),
        ),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        priority_class=priority,
        source=source,
    )


def job(
    name: str,
    namespace: str,
    *steps: Container,
    release: str | None = None,
    kind: WorkloadKind = "Job",
    priority: PriorityClass = "gateway-batch",
    source: str,
) -> Workload:
    """One pod that ends by itself; its ``steps`` run in turn. A Job of our own is a release of its own.

    It is counted like any other pod, so a first installation or an upgrade never waits for a node that no
    group may add.
    """
    return Workload(
        name=name,
        release=name if release is None else release,
        namespace=namespace,
        kind=kind,
        node_group="cpu_nodes",
        replicas=1,
        containers=steps[-1:],
        init_containers=steps[:-1],
        priority_class=priority,
        source=source,
    )
