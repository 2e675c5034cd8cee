"""An independent reading of the providers' rules: figures typed from their pages, no code of the model's.

Each check takes a plan and yields what the provider would refuse. ``AWS`` and ``GCP`` are by the rule's id.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping

from sizing.plan import Plan

Check = Callable[[Plan], Iterator[str]]


def _disks(plan: Plan, low: int, high: int) -> Iterator[str]:
    for workload in plan.workloads.items:
        for volume in workload.volumes:
            if not low <= volume.size_gib <= high:
                yield f"{workload.name}: {volume.size_gib} GiB"


def _gp3(plan: Plan) -> Iterator[str]:
    spec = plan.order.postgres.spec
    if spec.storage_type == "gp3" and spec.storage_gib < 400 and spec.iops is not None:
        yield "iops below 400 GiB"
    if spec.storage_type == "gp3" and spec.storage_gib < 400 and plan.requirements.postgres.iops > 3000:
        yield "more than 3,000 IOPS below 400 GiB"


def _gp3_iops(plan: Plan) -> Iterator[str]:
    spec = plan.order.postgres.spec
    if spec.storage_type == "gp3" and spec.iops is not None and spec.storage_gib >= 400:
        if not 12_000 <= spec.iops <= 64_000:
            yield f"{spec.iops} IOPS"
        if spec.iops / spec.storage_gib > 500:
            yield "more than 500 IOPS a GiB"


def _provisioned(kind: str, ratio: int) -> Check:
    def check(plan: Plan) -> Iterator[str]:
        spec = plan.order.postgres.spec
        if spec.storage_type != kind:
            return
        if spec.iops is None or not 1000 <= spec.iops <= 256_000:
            yield f"{spec.iops} IOPS"
            return
        if spec.storage_gib < 100 or not 0.5 <= spec.iops / spec.storage_gib <= ratio:
            yield f"{spec.storage_gib} GiB with {spec.iops} IOPS"

    return check


def _autoscaling(plan: Plan) -> Iterator[str]:
    spec = plan.order.postgres.spec
    if not 1.1 * spec.storage_gib <= spec.max_storage_gib <= 65_536:
        yield f"limit {spec.max_storage_gib}"
    if spec.storage_type in ("io1", "io2") and (spec.iops or 0) < 0.5 * spec.max_storage_gib:
        yield "fewer than 0.5 IOPS a GiB of the limit"


def _within(value: int, low: int, high: int, what: str) -> Iterator[str]:
    if not low <= value <= high:
        yield f"{what}: {value}"


def _rds_class(plan: Plan) -> Iterator[str]:
    if not re.fullmatch(r"db\.(t3|m5|m6i|r5|r6i)\.\w+", plan.order.postgres.spec.instance_class):
        yield plan.order.postgres.spec.instance_class


def _class_iops(plan: Plan) -> Iterator[str]:
    order, need = plan.order.postgres, plan.requirements.postgres
    least = order.burst_iops if order.spec.instance_class.startswith("db.t") else order.sustained_iops
    if least < need.iops or order.vcpu < need.vcpu or order.memory_gib < need.memory_gib:
        yield f"{order.spec.instance_class}: {least} IOPS"


def _rds_version(plan: Plan) -> Iterator[str]:
    spec = plan.order.postgres.spec
    if spec.parameter_family != f"postgres{spec.engine_version.split('.')[0]}":
        yield f"{spec.engine_version} in {spec.parameter_family}"


def _pool(plan: Plan) -> Iterator[str]:
    pool, most = plan.requirements.pgbouncer, plan.order.postgres.spec.max_connections
    servers = pool.replicas * (pool.default_pool_size + pool.reserve_pool_size)
    if servers >= most or most > 5000:
        yield f"{servers} of {most}"


def _durability(plan: Plan) -> Iterator[str]:
    spec = plan.order.redis.spec
    if spec.durability is None:
        return
    family = spec.node_type.split(".")[1]
    if not re.fullmatch(r"[rm][678]g|c[78]gn", family):
        yield family
    if spec.replicas_per_shard < 1 or not spec.multi_az or float(spec.engine_version) < 9:
        yield "no replica, zone or version for it"


def _group_id(plan: Plan) -> Iterator[str]:
    spec = plan.order.redis.spec
    if spec.multi_az is not (spec.replicas_per_shard > 0):
        yield "Multi-AZ without a replica"


def _cache_version(plan: Plan) -> Iterator[str]:
    spec = plan.order.redis.spec
    if spec.parameter_family != f"valkey{spec.engine_version.split('.')[0]}":
        yield f"{spec.engine_version} in {spec.parameter_family}"


def _secrets(plan: Plan) -> Iterator[str]:
    for secret in plan.platform.secrets:
        if secret.name == "redis-auth" and not 16 <= secret.length <= 128:
            yield f"{secret.length} characters"


def _groups(nodes: int) -> Check:
    def check(plan: Plan) -> Iterator[str]:
        for group in plan.node_groups:
            per = -(-group.max // len(group.zones))
            if per > nodes or group.max < 1 or not 0 <= group.min <= group.desired <= group.max:
                yield f"{group.name}: {group.min}, {group.desired}, {group.max}"

    return check


def _zones(plan: Plan) -> Iterator[str]:
    zones = set(plan.order.zones)
    if len(zones) < 2 or zones & {"use1-az3", "usw1-az2", "cac1-az3"}:
        yield str(sorted(zones))


def _offered(plan: Plan) -> Iterator[str]:
    if plan.order.verified_region:
        for pool in (plan.order.cpu, plan.order.gpu):
            if missing := set(plan.order.zones) - set(pool.machine.zones):
                yield f"{pool.machine.name} not in {missing}"


def _certificate(plan: Plan) -> Iterator[str]:
    arn = plan.platform.agent_gateway.certificate_arn
    if arn is not None and arn.split(":")[1:4] != ["aws", "acm", plan.order.region]:
        yield arn


def _nets(plan: Plan) -> list[ipaddress.IPv4Network]:
    net = plan.network
    texts = (*net.private_cidrs, *net.public_cidrs, *net.data_cidrs, net.pod_cidr)
    return [ipaddress.IPv4Network(text) for text in texts if text]


def _vpc(plan: Plan) -> Iterator[str]:
    for net in (ipaddress.IPv4Network(plan.network.cidr), *_nets(plan)):
        if not 16 <= net.prefixlen <= 28:
            yield str(net)


def _services(plan: Plan) -> Iterator[str]:
    net = plan.network
    outside = [ipaddress.IPv4Network(c) for c in (net.service_cidr, net.control_plane_cidr) if c]
    for other in outside:
        if other.overlaps(ipaddress.IPv4Network(net.cidr)):
            yield f"{other} overlaps {net.cidr}"
    if net.control_plane_cidr and not net.control_plane_cidr.endswith("/28"):
        yield net.control_plane_cidr


def _addresses(plan: Plan) -> Iterator[str]:
    """Pods and nodes take addresses of their zone's subnet, of which five are AWS's."""
    for zone, cidr in zip(plan.network.zones, plan.network.private_cidrs, strict=True):
        pools = {"cpu_nodes": plan.order.cpu.machine, "gpu_nodes": plan.order.gpu.machine}
        need = sum(g.max * pools[g.pool].addresses for g in plan.node_groups if zone in g.zones)
        if need > ipaddress.IPv4Network(cidr).num_addresses - 5:
            yield f"{zone}: {need} in {cidr}"


def _pod_range(plan: Plan) -> Iterator[str]:
    nodes = sum(g.max for g in plan.node_groups)
    if nodes * 256 > ipaddress.IPv4Network(plan.network.pod_cidr).num_addresses:
        yield f"{nodes} nodes in {plan.network.pod_cidr}"


def _tier(plan: Plan) -> Iterator[str]:
    found = re.fullmatch(r"db-custom-(\d+)-(\d+)", plan.order.postgres.spec.instance_class)
    if found is None:
        yield plan.order.postgres.spec.instance_class
        return
    vcpu, mib = int(found[1]), int(found[2])
    if vcpu > 96 or (vcpu != 1 and vcpu % 2) or mib % 256 or mib < 3840:
        yield found[0]
    if not 0.9 <= mib / 1024 / max(vcpu, 1) <= 6.5:
        yield f"{mib / 1024 / vcpu} GiB a vCPU"


def _tier_iops(plan: Plan) -> Iterator[str]:
    order = plan.order.postgres
    most = (
        15_000 if order.vcpu < 16 else 25_000 if order.vcpu < 32 else 60_000 if order.vcpu < 64 else 100_000
    )
    if plan.requirements.postgres.iops > most:
        yield f"{order.vcpu} vCPU"


def _disk_iops(plan: Plan) -> Iterator[str]:
    if plan.order.postgres.spec.storage_gib * 30 < plan.requirements.postgres.iops:
        yield f"{plan.order.postgres.spec.storage_gib} GiB"
    if plan.order.postgres.spec.iops is not None:
        yield "an iops argument"


def _one_of(value: object, *allowed: object) -> Iterator[str]:
    if value not in allowed:
        yield str(value)


def _nodes(plan: Plan) -> int:
    cache = plan.order.redis.spec
    return cache.shards * (1 + cache.replicas_per_shard)


def _cache_memory(plan: Plan) -> Iterator[str]:
    if plan.order.redis.usable_gib < plan.requirements.redis.memory_gib_per_node:
        yield plan.order.redis.spec.node_type


def _gpu_counts(plan: Plan) -> Iterator[str]:
    fixed = {"g2-standard-4": 1, "g2-standard-8": 1, "g2-standard-16": 1, "g2-standard-24": 2,
             "a2-highgpu-1g": 1, "a2-highgpu-8g": 8}  # fmt: skip
    for group in plan.node_groups:
        if group.gpus_per_node != fixed.get(group.machine_type, group.gpus_per_node):
            yield f"{group.machine_type} with {group.gpus_per_node}"


AWS: Mapping[str, Check] = {
    "rds-storage-size": lambda p: _within(p.order.postgres.spec.storage_gib, 20, 65_536, "GiB"),
    "rds-gp3-small": _gp3,
    "rds-gp3-iops": _gp3_iops,
    "rds-io1": _provisioned("io1", 50),
    "rds-io2": _provisioned("io2", 1000),
    "rds-autoscaling-limit": _autoscaling,
    "rds-class": _rds_class,
    "rds-class-iops": _class_iops,
    "rds-version": _rds_version,
    "rds-backups": lambda p: _within(p.order.postgres.spec.backup_retention_days, 1, 35, "days"),
    "rds-read-replicas": lambda p: _within(p.order.postgres.spec.read_replicas, 0, 15, "replicas"),
    "rds-max-connections": _pool,
    "elasticache-nodes": lambda p: _within(_nodes(p), 1, 90, "nodes"),
    "elasticache-replicas": lambda p: _within(p.order.redis.spec.replicas_per_shard, 0, 5, "replicas"),
    "elasticache-node-type": _cache_memory,
    "elasticache-durability": _durability,
    "elasticache-failover": _group_id,
    "elasticache-version": _cache_version,
    "elasticache-snapshots": lambda p: _within(p.order.redis.spec.snapshot_retention_days, 1, 35, "days"),
    "elasticache-auth-token": _secrets,
    "eks-group-nodes": _groups(450),
    "eks-groups": lambda p: _within(len(p.node_groups), 1, 30, "groups"),
    "eks-version": lambda p: _one_of(p.cluster.kubernetes_version, "1.35", "1.36"),
    "eks-control-plane-tier": lambda p: _one_of(
        p.cluster.control_plane_tier, "standard", "tier-xl", "tier-2xl", "tier-4xl", "tier-8xl"
    ),
    "eks-zones": _zones,
    "ec2-offerings": _offered,
    "eks-api-cidrs": lambda p: _within(len(p.cluster.api_allowed_cidrs), 0, 40, "CIDRs"),
    "ebs-gp3-size": lambda p: _disks(p, 1, 16_384),
    "vpc-size": _vpc,
    "eks-service-range": _services,
    "vpc-addresses": _addresses,
    "acm-region": _certificate,
    "acm-domain-length": lambda p: (
        d.domain for d in [p.platform.agent_gateway.dns] if d and d.certificate and len(d.domain) > 64
    ),
    "eks-access-partition": lambda p: (
        arn for arn in p.cluster.admin_role_arns if not re.match(r"arn:aws:iam::\d{12}:role/", arn)
    ),
}
GCP: Mapping[str, Check] = {
    "cloudsql-tier": _tier,
    "cloudsql-edition": lambda p: _one_of(p.order.postgres.spec.edition, "ENTERPRISE"),
    "cloudsql-version": lambda p: _one_of(
        p.order.postgres.spec.engine_version, *(f"POSTGRES_{major}" for major in range(14, 19))
    ),
    "cloudsql-storage-size": lambda p: _within(p.order.postgres.spec.storage_gib, 10, 65_536, "GiB"),
    "cloudsql-storage-iops": _disk_iops,
    "cloudsql-storage-type": lambda p: _one_of(p.order.postgres.spec.storage_type, "PD_SSD"),
    "cloudsql-tier-iops": _tier_iops,
    "cloudsql-autoresize-limit": lambda p: _within(
        p.order.postgres.spec.max_storage_gib, p.order.postgres.spec.storage_gib, 65_536, "GiB"
    ),
    "cloudsql-read-replicas": lambda p: _within(p.order.postgres.spec.read_replicas, 0, 10, "replicas"),
    "cloudsql-backups": lambda p: _within(p.order.postgres.spec.backup_retention_days, 1, 365, "days"),
    "cloudsql-max-connections": _pool,
    "memorystore-units": lambda p: _within(_nodes(p), 1, 250, "nodes"),
    "memorystore-replicas": lambda p: _within(p.order.redis.spec.replicas_per_shard, 0, 2, "replicas"),
    "memorystore-node-type": _cache_memory,
    "memorystore-persistence": lambda p: _one_of(p.order.redis.spec.durability, None, "async", "sync"),
    "memorystore-backups": lambda p: _within(p.order.redis.spec.snapshot_retention_days, 1, 365, "days"),
    "gke-pool-nodes": _groups(1000),
    "gke-release-channel": lambda p: _one_of(
        p.cluster.release_channel, "RAPID", "REGULAR", "STABLE", "EXTENDED"
    ),
    "gke-gpu-zones": _offered,
    "gce-machine-types": lambda p: (
        g.machine_type for g in p.node_groups if re.match(r"a3-highgpu-[124]g", g.machine_type)
    ),
    "gke-gpu-count": _gpu_counts,
    "pd-size": lambda p: _disks(p, 10, 65_536),
    "gke-authorized-networks": lambda p: _within(len(p.cluster.api_allowed_cidrs), 0, 50, "networks"),
    "vpc-ranges": _services,
    "gke-pod-range": _pod_range,
    "cloudsql-own-range": lambda p: (
        net
        for net in (p.network.cidr,)
        if ipaddress.IPv4Network(net).overlaps(ipaddress.IPv4Network("172.17.0.0/16"))
    ),
}
CHECKS: Mapping[str, Mapping[str, Check]] = {"aws": AWS, "gcp": GCP}


def problems(plan: Plan) -> list[str]:
    """Everything that the plan's provider would refuse, with the rule's id."""
    return [f"{id_}: {what}" for id_, check in CHECKS[plan.order.cloud].items() for what in check(plan)]
