"""The one table of permitted traffic: the network policies are made of it, and so is the diagram in the docs.

An edge is written once, from the side that opens the connection; both ends get their rule. Ports are those of
the listening containers. An edge whose ends a plan does not have is left out. Probes need no edge: traffic
between a pod and its own node cannot be denied
(https://kubernetes.io/docs/concepts/services-networking/network-policies/).
"""

from __future__ import annotations

from collections.abc import Iterable

from sizing.specs import (
    AddressBlock,
    Edge,
    ForeignPods,
    Identity,
    NetworkPolicySpec,
    Outside,
    PodGroup,
    Workload,
)

EVERY = "*"
"""As a source: every pod of every namespace of ours."""

SYSTEM_NAMESPACE = "kube-system"
"""It stays open. Its pods are the cloud's own or serve all others (DNS, the network itself, volumes, the
autoscaler); the cloud changes their labels and ports with its versions, and a wrong rule there takes the
whole cluster down, the means of repair included."""

ENGINES, ENGINE = "vllm-engine", "vllm-"
ROUTER = "vllm-router"

BEYOND = (
    "dns",
    "api-server",
    "control-plane",
    "credentials",
    "cloud-apis",
    "database",
    "cache",
    "nodes",
    "load-balancer",
)
"""Ends that every cloud must describe: see ``Cloud.outside``."""

EXEMPT = {
    "node-exporter": "runs in the node's own network, which policies do not cover; it only reads",
}

SHARED: tuple[tuple[str, str], ...] = (
    (ENGINE, ENGINES),
    ("model-cache-", "model-cache"),
    ("prometheus-admission-", "prometheus-admission"),
)
"""Workloads whose names begin so are one group: the same peers, and labels that tell nobody apart."""

ROLES: dict[str, tuple[str, ...]] = {
    "cloud-metrics": ("cloud-metrics",),
    "external-secrets": ("external-secrets",),
    "litellm": ("litellm",),
    "log-agent": ("otel-logs",),
    "model-cache": ("model-cache",),
    "prometheus": ("prometheus",),
    "thanos": ("thanos-storegateway", "thanos-compactor"),
    "vault": ("vault",),
    "vault-init": ("vault-init",),
    "vault-snapshot": ("vault-snapshot",),
    "vllm": (ENGINES,),
}
"""Cloud identity -> the pods that use it: they fetch credentials and call the cloud's APIs."""

HTTPS = (443,)
RECEIVERS = (*HTTPS, 465, 587)
"""Web hooks, and mail servers that take mail over TLS (RFC 8314). Receivers of alerts with other ports are
refused."""
INTERNET_EXCLUDED = ("10.0.0.0/8", "100.64.0.0/10", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
"""Private, shared and link-local ranges (RFC 1918, 6598, 3927): "the internet" is none of the network's."""

COMMON = (
    Outside(
        name="internet",
        title="Internet",
        why="public addresses only",
        blocks=(AddressBlock(cidr="0.0.0.0/0", excluded=INTERNET_EXCLUDED),),
    ),
    Outside(
        name="system-pods",
        title="kube-system",
        why="exporters of the cluster's own services",
        pods=(ForeignPods(namespace=SYSTEM_NAMESPACE),),
    ),
)


def _from(sources: Iterable[str], target: str, ports: tuple[int, ...], why: str) -> tuple[Edge, ...]:
    return tuple(Edge(source=source, target=target, ports=ports, why=why) for source in sources)


REQUEST_PATH = (
    Edge(
        source="load-balancer", target="agentgateway", ports=(80, 443, 15021), why="clients and health checks"
    ),
    Edge(source="agentgateway", target="litellm", ports=(4000,), why="every request"),
    Edge(
        source="agentgateway", target="agentgateway-controller", ports=(9978,), why="its configuration (xDS)"
    ),
    Edge(source="litellm", target="pgbouncer", ports=(5432,), why="keys, budgets, spend"),
    Edge(source="litellm", target="cache", ports=(), why="rate limits, answers"),
    Edge(source="litellm", target=ROUTER, ports=(8000,), service_port=80, why="self-hosted models"),
    Edge(
        source="litellm",
        target="internet",
        ports=HTTPS,
        why="external providers, also those added at run time",
    ),
    Edge(source=ROUTER, target=ENGINES, ports=(8000,), why="requests and health of engines"),
    Edge(source="pgbouncer", target="database", ports=(), why="pooled connections to the writer"),
    Edge(source="vault", target="vault", ports=(8200, 8201), why="joining, and replication between peers"),
)
JOBS_PATH = (
    Edge(source="database-bootstrap", target="database", ports=(), why="roles, straight on the writer"),
    Edge(source="litellm-migrate", target="database", ports=(), why="the schema, straight on the writer"),
    Edge(source="vault-init", target="vault", ports=(8200,), why="the first start, and its configuration"),
    Edge(source="vault-snapshot", target="vault", ports=(8200,), why="saving its data"),
    Edge(source="external-secrets", target="vault", ports=(8200,), why="keys that people bring"),
    Edge(source="model-cache", target="internet", ports=HTTPS, why="the models' repository"),
)
OBSERVABILITY = (
    *_from(("agentgateway", "litellm"), "otel-collector", (4317,), "traces"),
    Edge(source="otel-collector", target="jaeger", ports=(4317,), why="traces"),
    Edge(
        source="otel-collector",
        target="otel-collector",
        ports=(4319,),
        why="spans, to the replica that decides about their trace",
    ),
    Edge(source="otel-collector", target="prometheus", ports=(9090,), why="metrics that are pushed"),
    Edge(source="keda-operator", target="prometheus", ports=(9090,), why="load of the engines"),
    Edge(
        source="keda-metrics-apiserver",
        target="keda-operator",
        ports=(9666,),
        why="values for the autoscalers",
    ),
    Edge(source="prometheus", target="alertmanager", ports=(9093,), why="alerts"),
    Edge(source="alertmanager", target="internet", ports=RECEIVERS, why="receivers of alerts"),
    Edge(
        source="alertmanager",
        target="alertmanager",
        ports=(9094,),
        protocols=("TCP", "UDP"),
        why="silences between replicas",
    ),
    Edge(source="grafana", target="prometheus", ports=(9090,), why="queries"),
    Edge(source="grafana", target="thanos-query", ports=(9090,), why="queries over long ranges"),
    Edge(source="grafana", target="alertmanager", ports=(9093,), why="alerts on dashboards"),
    Edge(source="grafana", target="jaeger", ports=(16686,), why="traces behind metrics"),
    *_from(("thanos-query",), "prometheus", (10901,), "fresh samples (sidecar)"),
    Edge(
        source="thanos-query", target="thanos-storegateway", ports=(10901,), why="samples in object storage"
    ),
    *_from(
        ("jaeger", "jaeger-es-index-cleaner", "eck-operator"),
        "elasticsearch",
        (9200,),
        "traces, and their end",
    ),
    Edge(source="elasticsearch", target="elasticsearch", ports=(9300,), why="nodes of one cluster"),
)
EXPORTERS: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("agentgateway", (15020,)),
    ("agentgateway-controller", (9092,)),
    ("alertmanager", (9093, 8080)),
    ("cert-manager", (9402,)),
    ("cert-manager-cainjector", (9402,)),
    ("cert-manager-webhook", (9402,)),
    ("cloud-metrics", (5000, 9255)),
    ("dcgm-exporter", (9400,)),
    ("eck-operator", (8080,)),
    ("external-secrets", (8080,)),
    ("external-secrets-cert-controller", (8080,)),
    ("external-secrets-webhook", (8080,)),
    ("grafana", (3000,)),
    ("jaeger", (8888,)),
    ("keda-metrics-apiserver", (8080,)),
    ("keda-operator", (8080,)),
    ("keda-webhooks", (8080,)),
    ("kube-state-metrics", (8080,)),
    ("litellm", (4001,)),
    ("nodes", (9100, 10250)),
    ("otel-collector", (8888,)),
    ("otel-logs", (8888,)),
    ("pgbouncer", (9127,)),
    ("prometheus", (9090, 8080, 10902)),
    ("prometheus-operator", (10250,)),
    ("system-pods", (9153, 8080, 8085)),
    ("thanos-compactor", (10902,)),
    ("thanos-query", (9090,)),
    ("thanos-storegateway", (10902,)),
    ("vault", (8200,)),
    (ENGINES, (8000,)),
    (ROUTER, (8000,)),
)
"""What Prometheus scrapes: the container ports of ServiceMonitors and PodMonitors."""

API_CLIENTS: tuple[tuple[str, str], ...] = (
    ("prometheus-admission", "the certificate of the operator's webhook"),
    ("agentgateway-controller", "Gateways and routes"),
    ("cert-manager", "certificates"),
    ("cert-manager-cainjector", "certificates of webhooks"),
    ("cert-manager-startupapicheck", "whether its own API answers"),
    ("cert-manager-webhook", "its own certificate"),
    ("eck-operator", "Elasticsearch clusters"),
    ("external-secrets", "Secrets"),
    ("external-secrets-cert-controller", "the certificate of its webhook"),
    ("external-secrets-webhook", "stores that are referred to"),
    ("grafana", "dashboards in ConfigMaps"),
    ("keda-metrics-apiserver", "who may ask it"),
    ("keda-operator", "scaled objects"),
    ("keda-webhooks", "other autoscalers of the same target"),
    ("litellm-keys", "whether a key has changed"),
    ("kube-state-metrics", "the state of every object"),
    ("otel-collector", "names of the pods that send"),
    ("prometheus", "what to scrape"),
    ("prometheus-operator", "its own objects"),
    ("vault", "its own labels, and who logs in"),
    (ROUTER, "which engines there are"),
)
WEBHOOKS: tuple[tuple[str, int, str], ...] = (
    ("cert-manager-webhook", 10250, "admission of certificates"),
    ("eck-operator", 9443, "admission of Elasticsearch clusters"),
    ("external-secrets-webhook", 10250, "admission of secret stores"),
    ("keda-metrics-apiserver", 6443, "the API of external metrics"),
    ("keda-webhooks", 9443, "admission of scaled objects"),
    ("prometheus-operator", 10250, "admission of rules"),
)
"""What the API server calls; ports of the containers, not of the Services."""


def table() -> tuple[Edge, ...]:
    """Every edge that any plan may have, credentials apart."""
    return (
        Edge(source=EVERY, target="dns", ports=(53,), protocols=("UDP", "TCP"), why="names"),
        *REQUEST_PATH,
        *JOBS_PATH,
        *OBSERVABILITY,
        *(Edge(source="prometheus", target=name, ports=ports, why="scraping") for name, ports in EXPORTERS),
        *(Edge(source=name, target="api-server", ports=HTTPS, why=why) for name, why in API_CLIENTS),
        *(Edge(source="control-plane", target=name, ports=(port,), why=why) for name, port, why in WEBHOOKS),
    )


def group_of(workload: Workload) -> str:
    """The group of a workload's pods: those of ``SHARED`` together, everything else by itself."""
    if workload.name == ROUTER:
        return ROUTER
    return next((group for prefix, group in SHARED if workload.name.startswith(prefix)), workload.name)


def network_policies(
    workloads: tuple[Workload, ...], identities: tuple[Identity, ...], outside: tuple[Outside, ...]
) -> NetworkPolicySpec:
    """The table as far as the plan has its ends, with the edges that cloud identities add."""
    groups = _groups(workloads)
    ends = (*outside, *COMMON)
    known = {EVERY, *(g.name for g in groups), *(end.name for end in ends)}
    edges = (*table(), *_identity_edges(identities))
    return NetworkPolicySpec(
        groups=groups,
        outside=ends,
        edges=tuple(e for e in edges if {e.source, e.target} <= known),
        exempt={name: why for name, why in EXEMPT.items() if any(w.name == name for w in workloads)},
    )


def _groups(workloads: tuple[Workload, ...]) -> tuple[PodGroup, ...]:
    found = {
        group_of(w): w.namespace
        for w in workloads
        if w.namespace != SYSTEM_NAMESPACE and w.name not in EXEMPT
    }
    return tuple(PodGroup(name=name, namespace=found[name]) for name in sorted(found))


def _identity_edges(identities: tuple[Identity, ...]) -> tuple[Edge, ...]:
    """A pod with an identity asks the node for credentials and calls the APIs with them."""
    pods = sorted({name for identity in identities for name in ROLES.get(identity.role, ())})
    return (
        *(
            Edge(source=name, target="credentials", ports=(), why="credentials of its identity")
            for name in pods
        ),
        *(Edge(source=name, target="cloud-apis", ports=HTTPS, why="the cloud's APIs") for name in pods),
    )
