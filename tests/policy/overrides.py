"""What every field of a stack file can take away, and who notices.

``LESS``: a lower value that sizes-from-guide must report. ``REFUSED``: no plan is made. ``ELSEWHERE``: other
policies or the check of the fit notice, which tests of their own prove. ``NOTHING``: the field takes no
protection of the guide's away, and why.
"""

from __future__ import annotations

from typing import Any

_LOW = {"request": "100m", "limit": "200m"}
_SMALL = {"request": "128Mi", "limit": "256Mi"}
_A, _G, _M, _E = "aws", "gcp", "medium", "enterprise"

LESS: list[tuple[str, Any, str, tuple[str, ...]]] = [
    ("litellm.replicas", 1, _M, (_A,)),
    ("litellm.maxReplicas", 4, _M, (_A,)),
    ("litellm.cpu", _LOW, _M, (_A,)),
    ("litellm.memory", {"request": "512Mi", "limit": "1Gi"}, _M, (_A,)),
    ("litellm.workers", 1, _E, (_A,)),
    ("agentGateway.replicas", 1, _M, (_A,)),
    ("agentGateway.maxReplicas", 2, _M, (_A,)),
    ("agentGateway.cpu", _LOW, _M, (_A,)),
    ("agentGateway.memory", _SMALL, _M, (_A,)),
    ("vllm.routerReplicas", 1, _E, (_A, _G)),
    ("vllm.engines", [{"maxReplicas": 1}], _M, (_A,)),
    ("postgres.vcpu", 2, _M, (_A, _G)),
    ("postgres.memoryGib", 4, _M, (_A,)),
    ("postgres.storageGib", 20, "small", (_A,)),
    ("postgres.maxStorageGib", 450, _M, (_A,)),
    ("postgres.iops", 3000, _M, (_A,)),
    ("postgres.readReplicas", 0, _M, (_A, _G)),
    ("pgbouncer.replicas", 2, _E, (_A,)),
    ("pgbouncer.defaultPoolSize", 5, _M, (_A,)),
    ("pgbouncer.maxClientConn", 500, _M, (_A,)),
    ("pgbouncer.reservePoolSize", 0, _M, (_A,)),
    ("redis.shards", 1, _E, (_A,)),
    ("redis.replicasPerShard", 0, _M, (_A, _G)),
    ("redis.memoryGibPerNode", 1, _M, (_A,)),
    ("redis.durability", "none", _M, (_A, _G)),
    ("redis.durability", "none", _E, (_A, _G)),
    ("redis.durability", "async", _E, (_A, _G)),
    ("vault.replicas", 1, _M, (_A,)),
    ("vault.cpu", "100m", _M, (_A,)),
    ("vault.memory", "128Mi", _M, (_A,)),
    ("vault.storageGib", 1, _M, (_A,)),
    ("observability.otelCollector.replicas", 1, _M, (_A,)),
    ("observability.otelCollector.cpu", "100m", _M, (_A,)),
    ("observability.otelCollector.memory", "256Mi", _M, (_A,)),
    ("observability.prometheus.replicas", 1, _E, (_A,)),
    ("observability.prometheus.memory", {"request": "512Mi", "limit": "1Gi"}, _M, (_A,)),
    ("observability.prometheus.storageGib", 20, _M, (_A,)),
    ("observability.grafana.replicas", 1, _M, (_A,)),
    ("observability.grafana.cpu", "100m", _M, (_A,)),
    ("observability.grafana.memory", "256Mi", _M, (_A,)),
    ("observability.jaeger", "Single", _E, (_A, _G)),
    ("observability.jaeger", "Single", _M, (_A,)),
    ("observability.thanos", False, _E, (_A, _G)),
    ("nodes.cpu.machineType", "m5.large", _M, (_A,)),
    ("nodes.cpu.min", 1, _M, (_A, _G)),
    ("nodes.cpu", {"min": 1, "desired": 3}, _M, (_A, _G)),
    ("nodes.gpu.min", 0, _M, (_A, _G)),
    ("nodes.gpu", {"min": 0, "desired": 1}, _M, (_A, _G)),
    ("network.interfaceEndpoints", False, _E, (_A, _G)),
    ("network.natGatewayPerZone", False, _E, (_A,)),
]
REFUSED: list[tuple[str, Any]] = [
    ("postgres.instanceClass", "db.t4g.small"),
    ("redis.nodeType", "cache.t4g.micro"),
    ("network.apiAllowedCidrs", ["0.0.0.0/0"]),
    ("ingress.public", True),
    ("nodes.gpu.machineType", "m5.large"),
]
ELSEWHERE = {
    "postgres.multiAz": "multi-az",
    "postgres.backupRetentionDays": "backups",
    "redis.snapshotRetentionDays": "backups",
    "nodes.*.max": "gateway fit, which every preview and update asks",
    "nodes.*.desired": "sizes-from-guide, together with min above",
}
NOTHING = {
    "litellm.maxUnavailable": "the guide has no budget of disruptions",
    "agentGateway.maxUnavailable": "as for LiteLLM",
    "litellm.spendLogRetentionDays": "no figure of the guide's",
    "litellm.requestTimeoutSeconds": "no figure of the guide's",
    "litellm.bedrock": "adds models",
    "litellm.externalModels": "adds models",
    "litellm.limits": "adds limits",
    "litellm.scaling": "adds triggers; the guide's stay",
    "agentGateway.rateLimit": "adds a limit",
    "vllm.hfTokenSecret": "a name",
    "vllm.models": "adds models",
    "postgres.storageType": "IOPS are compared, whatever the medium",
    "postgres.engineVersion": "no figure of the guide's",
    "postgres.caBundle": "adds an authority; verified-database sees to it that there is one",
    "observability.alerts": "adds receivers",
    "observability.prometheus.retentionDays": "no figure of the guide's",
    "nodes.*.diskGib": "no figure of the guide's; what the images need is refused",
    "network.cidr": "an address space",
    "ingress.domain": "adds a name",
    "ingress.dnsZone": "a name",
    "ingress.certificateArn": "a name; encrypted-connections sees to it that there is one",
    "ingress.jwt": "adds a check",
    "access.adminRoleArns": "a list of names",
    "access.createServiceLinkedRoles": "for accounts that have these roles already",
    "secrets.rotate": "adds values",
}
