"""Pods of metrics, traces and their storage (guide 2.7, D19, D20)."""

from __future__ import annotations

from sizing import choices
from sizing.guide.cells import Tier
from sizing.requirements import Requirements
from sizing.specs import Container, Volume, Workload
from sizing.workloads.build import container, controller, job

MONITORING = "monitoring"
STACK = "kube-prometheus-stack"
_OURS = "ours: the chart sets none"
_RELOADER = (10, 50)
"""Millicores and MiB of the operator's reloader: beside Prometheus and Alertmanager, and once before them
(https://github.com/prometheus-operator/prometheus-operator, pkg/operator/config_reloader.go)."""
_UNSPREAD: dict[str, object] = {"spread_zones": "none", "spread_hosts": "none"}
"""A lone pod whose chart has no key for spread."""


def workloads(need: Requirements) -> tuple[Workload, ...]:
    """kube-prometheus-stack, the collector, Jaeger, and what their size adds (Thanos, Elasticsearch)."""
    thanos = _thanos() if need.observability.thanos.enabled else ()
    return (*_metrics(need), *thanos, _cloud_metrics(), _collector(need), *_traces(need))


def elastic_shape(tier: Tier) -> choices.PodShape:
    """Elasticsearch of the tier; a smaller tier that chooses the backend gets the smallest cluster."""
    return choices.ELASTICSEARCH.get(tier, choices.ELASTICSEARCH[Tier.LARGE])


def elastic_storage_gib(tier: Tier) -> int:
    """Disk of one Elasticsearch node in GiB, by the same rule."""
    return choices.ELASTICSEARCH_STORAGE_GIB.get(tier, choices.ELASTICSEARCH_STORAGE_GIB[Tier.LARGE])


def _metrics(need: Requirements) -> tuple[Workload, ...]:
    return (
        _prometheus(need),
        _alertmanager(need.tier),
        _grafana(need),
        controller(
            "kube-state-metrics", STACK, MONITORING, 1, 50, 256, source="ours: memory grows with objects"
        ),
        controller(
            "prometheus-operator", STACK, MONITORING, 1, 50, 128, memory_limit_mib=256, source=_OURS
        ).model_copy(update=_UNSPREAD),
        *(
            job(
                f"prometheus-admission-{step}",
                MONITORING,
                container(step, 10, 32, memory_limit_mib=64),
                release=STACK,
                priority="gateway-platform",
                source="ours: a hook that writes one object; the chart sets none",
            )
            for step in ("create", "patch")
        ),
        Workload(
            name="node-exporter",
            release=STACK,
            namespace=MONITORING,
            kind="DaemonSet",
            node_group="all",
            replicas=0,
            containers=(container("node-exporter", 20, 32, memory_limit_mib=192),),
            priority_class="system-node-critical",
            source=_OURS,
        ),
    )


def _prometheus(need: Requirements) -> Workload:
    prometheus = need.observability.prometheus
    containers = [
        Container(
            name="prometheus",
            cpu_request_m=choices.PROMETHEUS_CPU_M[need.tier],
            memory_request_mib=prometheus.memory_request_mib,
            memory_limit_mib=prometheus.memory_limit_mib,
        ),
        container("config-reloader", *_RELOADER),
    ]
    if need.observability.thanos.enabled:
        containers.append(container("thanos-sidecar", 100, 256, memory_limit_mib=1024))
    several = prometheus.replicas > 1
    return Workload(
        name="prometheus",
        release=STACK,
        namespace=MONITORING,
        kind="StatefulSet",
        node_group="cpu_nodes",
        replicas=prometheus.replicas,
        containers=tuple(containers),
        init_containers=(container("init-config-reloader", *_RELOADER),),
        volumes=(Volume(name="data", size_gib=prometheus.storage_gib),),
        spread_zones="hard" if several else "none",
        spread_hosts="hard" if several else "none",
        max_unavailable=1 if several else None,
        source="guide 2.7, 3.3; cpu and sidecars: ours (D19)",
    )


def _alertmanager(tier: Tier) -> Workload:
    replicas = choices.ALERTMANAGER_REPLICAS[tier]
    return Workload(
        name="alertmanager",
        release=STACK,
        namespace=MONITORING,
        kind="StatefulSet",
        node_group="cpu_nodes",
        replicas=replicas,
        containers=(container("alertmanager", 25, 128), container("config-reloader", *_RELOADER)),
        init_containers=(container("init-config-reloader", *_RELOADER),),
        volumes=(Volume(name="data", size_gib=2),),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1 if replicas > 1 else None,
        source="ours: silences and notification log only",
    )


def _grafana(need: Requirements) -> Workload:
    grafana = need.observability.grafana
    return Workload(
        name="grafana",
        release=STACK,
        namespace=MONITORING,
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=grafana.replicas,
        containers=(
            Container(
                name="grafana",
                cpu_request_m=grafana.cpu_m,
                memory_request_mib=grafana.memory_mib,
                memory_limit_mib=grafana.memory_mib,
            ),
            container("grafana-sc-dashboard", 10, 100, memory_limit_mib=256),
            container("grafana-sc-datasources", 10, 100, memory_limit_mib=256),
        ),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        source="guide 2.7; sidecars: ours",
    )


def _thanos() -> tuple[Workload, ...]:
    stateful = {"thanos-storegateway": (500, 2048, 50), "thanos-compactor": (500, 2048, 100)}
    query = controller("thanos-query", "thanos", MONITORING, 2, 500, 1024, source="ours (D20)")
    return (
        query,
        *(
            Workload(
                name=name,
                release="thanos",
                namespace=MONITORING,
                kind="StatefulSet",
                node_group="cpu_nodes",
                replicas=1,
                containers=(container(name, cpu_m, memory_mib),),
                volumes=(Volume(name="data", size_gib=size_gib),),
                source="ours (D20): one compactor per bucket, more would corrupt it",
            )
            for name, (cpu_m, memory_mib, size_gib) in stateful.items()
        ),
    )


def _cloud_metrics() -> Workload:
    """One, since two would ask and pay twice; an alert says when it is away."""
    name = "cloud-metrics"
    made = controller(name, name, MONITORING, 1, 50, 128, memory_limit_mib=256, source=_OURS)
    return made.model_copy(update={"spread_zones": "none", "spread_hosts": "none"})


def _collector(need: Requirements) -> Workload:
    shape = need.observability.otel_collector
    return Workload(
        name="otel-collector",
        release="otel-collector",
        namespace=MONITORING,
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=shape.replicas,
        containers=(
            Container(
                name="otel-collector",
                cpu_request_m=shape.cpu_m,
                memory_request_mib=shape.memory_mib,
                memory_limit_mib=shape.memory_mib,
            ),
        ),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1,
        source="guide 2.7",
    )


def _traces(need: Requirements) -> tuple[Workload, ...]:
    backend = choices.JAEGER_BACKEND[need.observability.jaeger.mode]
    shape = choices.JAEGER[need.tier]
    replicas = shape.replicas if backend == "elasticsearch" else 1
    jaeger = Workload(
        name="jaeger",
        release="jaeger",
        namespace="tracing",
        kind="Deployment",
        node_group="cpu_nodes",
        replicas=replicas,
        containers=(
            container("jaeger", shape.cpu_m, shape.memory_mib, memory_limit_mib=shape.memory_limit_mib),
        ),
        volumes=(Volume(name="data", size_gib=choices.JAEGER_STORAGE_GIB),) if backend == "badger" else (),
        spread_zones="soft",
        spread_hosts="soft",
        max_unavailable=1 if replicas > 1 else None,
        source="ours (D20)",
    )
    return (jaeger, _index_cleaner(), *_elasticsearch(need.tier)) if backend == "elasticsearch" else (jaeger,)


def _index_cleaner() -> Workload:
    return job(
        "jaeger-es-index-cleaner",
        "tracing",
        container("jaeger-es-index-cleaner", 20, 32, memory_limit_mib=128),
        release="jaeger",
        kind="CronJob",
        priority="gateway-platform",
        source="ours: some seconds a night, a handful of requests; the chart has no key for the priority",
    )


def _elasticsearch(tier: Tier) -> tuple[Workload, ...]:
    shape = elastic_shape(tier)
    node = container("elasticsearch", shape.cpu_m, shape.memory_mib)
    nodes = Workload(
        name="elasticsearch",
        release="elasticsearch",
        namespace="tracing",
        kind="StatefulSet",
        node_group="cpu_nodes",
        replicas=shape.replicas,
        containers=(node,),
        # The operator's own; the second takes the node's figures
        # (https://github.com/elastic/cloud-on-k8s/tree/v3.5.0/pkg/controller/elasticsearch/initcontainer).
        init_containers=(
            container("elastic-internal-init-filesystem", 100, 50, cpu_limit_m=100),
            node.model_copy(update={"name": "elastic-internal-suspend"}),
        ),
        volumes=(Volume(name="elasticsearch-data", size_gib=elastic_storage_gib(tier)),),
        spread_zones="hard",
        spread_hosts="hard",
        max_unavailable=1,
        quorum=shape.replicas // 2 + 1,
        source="ours (D20)",
    )
    operator = controller(
        "eck-operator",
        "eck-operator",
        "elastic-system",
        1,
        100,
        256,
        cpu_limit_m=1000,
        memory_limit_mib=1024,
        source="ours: one cluster; limit: chart eck-operator 3.5.0",
    )
    return nodes, operator.model_copy(update={"kind": "StatefulSet", **_UNSPREAD})
