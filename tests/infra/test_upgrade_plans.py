"""``plan_upgrade`` on small graphs: refusals, notes, order, steps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.graph import Graph, Resource, load_rules
from infra.upgrade import plan_upgrade
from infra.upgrade.notes import RESTARTS, TABLE
from tests.harness import CASES, captured
from tests.infra.graphs import graph, resource

RDS = "aws:rds/instance:Instance"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CLUSTER = "gcp:redis/cluster:Cluster"
RELEASE = "kubernetes:helm.sh/v3:Release"
CLAIM = "kubernetes:core/v1:PersistentVolumeClaim"
RUNBOOK = "docs/runbooks/move-down.md"


def one(type_: str, name: str, **inputs: Any) -> Graph:
    return graph(resource(type_, name, inputs=inputs, protect=True))


def storage(size: str) -> dict[str, Any]:
    return {"values": {"server": {"dataStorage": {"size": size}}}}


@pytest.mark.parametrize(
    ("type_", "small", "large"),
    [
        (RDS, {"allocatedStorage": 100}, {"allocatedStorage": 400}),
        (SQL, {"settings": {"diskSize": 100}}, {"settings": {"diskSize": 200}}),
        (RELEASE, storage("512Mi"), storage("10Gi")),
        (
            CLAIM,
            {"spec": {"resources": {"requests": {"storage": "9Gi"}}}},
            {"spec": {"resources": {"requests": {"storage": "10Gi"}}}},
        ),
        (
            GROUP,
            {"nodeType": "cache.m6g.large", "numNodeGroups": 1},
            {"nodeType": "cache.m6g.large", "numNodeGroups": 3},
        ),
        (
            CLUSTER,
            {"nodeType": "REDIS_STANDARD_SMALL", "shardCount": 1},
            {"nodeType": "REDIS_HIGHMEM_MEDIUM", "shardCount": 1},
        ),
    ],
)
def test_a_disk_grows_and_does_not_shrink(type_: str, small: dict[str, Any], large: dict[str, Any]) -> None:
    up = plan_upgrade(one(type_, "it", **small), one(type_, "it", **large))
    assert not up.refused
    assert up.steps
    down = plan_upgrade(one(type_, "it", **large), one(type_, "it", **small))
    assert [(r.kind, r.name, r.remedy) for r in down.refusals] == [("shrinks", "it", RUNBOOK)]
    assert down.steps == ()


def test_sizes_are_compared_as_quantities_not_as_text() -> None:
    plan = plan_upgrade(one(RELEASE, "it", **storage("900Mi")), one(RELEASE, "it", **storage("1Gi")))
    assert not plan.refused


def test_fewer_shards_of_larger_nodes_are_no_loss() -> None:
    base = one(GROUP, "it", nodeType="cache.m6g.large", numNodeGroups=3)
    head = one(GROUP, "it", nodeType="cache.r6g.xlarge", numNodeGroups=1)
    assert not plan_upgrade(base, head).refused
    unknown = one(GROUP, "it", nodeType="cache.new.huge", numNodeGroups=1)
    (refusal,) = plan_upgrade(base, unknown).refusals
    assert "not known" in refusal.reason


def test_replaced_and_deleted_data_is_refused_with_its_property() -> None:
    base, head = (one(RDS, "db", storageEncrypted=value) for value in (True, False))
    (refusal,) = plan_upgrade(base, head).refusals
    assert (refusal.kind, refusal.path, refusal.old, refusal.new) == (
        "replaced",
        "storageEncrypted",
        True,
        False,
    )
    (refusal,) = plan_upgrade(base, graph()).refusals
    assert (refusal.kind, refusal.remedy) == ("deleted", RUNBOOK)


def test_copies_and_traces_may_go_and_say_so() -> None:
    base = graph(
        resource(RDS, "copy", inputs={"replicateSourceDb": "db"}), resource(CLAIM, "observability-traces-x")
    )
    plan = plan_upgrade(base, graph())
    assert not plan.refused
    assert all(planned.data_note for planned in plan.changes)
    assert plan_upgrade(graph(resource(CLAIM, "other")), graph()).refused


def test_what_only_the_provider_can_tell_is_refused_for_what_holds_data() -> None:
    base, head = (one(GROUP, "it", engine=engine) for engine in ("redis", "other"))
    plan = plan_upgrade(base, head)
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.path, refusal.remedy) == ("may be replaced", "engine", RUNBOOK)
    assert plan.steps == ()
    harmless = "aws:ec2/natGateway:NatGateway"
    base, head = (one(harmless, "it", secondaryPrivateIpAddressCount=count) for count in (1, 2))
    assert not plan_upgrade(base, head).refused


def test_a_plan_that_does_not_fit_is_refused() -> None:
    head = graph(resource("aws:ec2/vpc:Vpc", "net"), fit={"verdict": "does not fit", "cases": []})
    (refusal,) = plan_upgrade(graph(), head).refusals
    assert (refusal.kind, refusal.remedy) == ("does not fit", "gateway fit dev")


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        ({"multiAz": True}, "failover"),
        ({"multiAz": False}, "outage"),
        ({"replicateSourceDb": "x"}, "degraded"),
    ],
)
def test_a_change_of_class_costs_what_the_standby_decides(before: dict[str, Any], expected: str) -> None:
    base, head = (one(RDS, "db", instanceClass=name, **before) for name in ("db.m6i.large", "db.m6i.xlarge"))
    plan = plan_upgrade(base, head)
    assert plan.downtime == expected


def test_created_in_order_of_need_and_deleted_in_reverse() -> None:
    def chain(name: str) -> tuple[Resource, Resource]:
        # The one that is needed comes later in the alphabet, so that sorting by URN would be wrong.
        need = resource("aws:ec2/vpc:Vpc", f"{name}-z")
        return need, resource("aws:ec2/subnet:Subnet", f"{name}-a", depends_on=(need.urn,))

    plan = plan_upgrade(graph(*chain("old")), graph(*chain("new")))
    assert [p.change.name for p in plan.changes] == ["new-z", "new-a", "old-a", "old-z"]
    assert [p.order for p in plan.changes] == [1, 2, 3, 4]


def test_a_dependency_on_a_component_waits_for_what_is_in_it() -> None:
    part = resource("ai-gateway:aws:Part", "part", custom=False)
    inside = resource("aws:ec2/vpc:Vpc", "inside", part.urn)
    after = resource("aws:ec2/subnet:Subnet", "a-first", depends_on=(part.urn,))
    names = [p.change.name for p in plan_upgrade(graph(), graph(part, inside, after)).changes]
    assert names.index("inside") < names.index("a-first")


def test_another_cloud_is_one_refusal() -> None:
    base = one(RDS, "db", allocatedStorage=100)
    head = one(SQL, "db", settings={"diskSize": 10}).annotated(cloud="gcp", fit={"verdict": "does not fit"})
    plan = plan_upgrade(base, head)
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.old, refusal.new, refusal.remedy) == ("other cloud", "aws", "gcp", RUNBOOK)
    assert "stays on its cloud" in refusal.reason
    assert plan.steps == ()


def test_every_row_of_the_table_names_its_page() -> None:
    assert all(row.note.source.startswith("https://") and row.note.text for row in TABLE)
    assert len({(row.type, row.action, row.path, row.when) for row in TABLE}) == len(TABLE)


@pytest.mark.parametrize(
    ("type_", "old", "new", "downtime"),
    [
        (RDS, {"engineVersion": "17.10"}, {"engineVersion": "17.11"}, "outage"),
        (RDS, {"engineVersion": "17.10", "replicateSourceDb": "db"}, {"engineVersion": "17.11"}, "degraded"),
        (RDS, {"port": 5432}, {"port": 5433}, "outage"),
        (RDS, {"storageType": "gp3"}, {"storageType": "io2"}, "degraded"),
        (RDS, {"backupRetentionPeriod": 0}, {"backupRetentionPeriod": 7}, "outage"),
        (RDS, {"backupRetentionPeriod": 7}, {"backupRetentionPeriod": 9}, "none"),
        (SQL, {"databaseVersion": "POSTGRES_16"}, {"databaseVersion": "POSTGRES_17"}, "outage"),
        (SQL, {"settings": {"edition": "ENTERPRISE"}}, {"settings": {"edition": "OTHER"}}, "outage"),
        (GROUP, {"engineVersion": "9.0"}, {"engineVersion": "9.1"}, "failover"),
        ("eks:index:ManagedNodeGroup", {"version": "1.33"}, {"version": "1.34"}, "rolling"),
    ],
)
def test_a_restart_is_never_called_none(
    type_: str, old: dict[str, Any], new: dict[str, Any], downtime: str
) -> None:
    plan = plan_upgrade(one(type_, "it", **old), one(type_, "it", **old | new))
    assert plan.downtime == downtime


def test_every_type_of_the_stacks_that_restarts_says_what_that_costs() -> None:
    types = {r.type for stack, cloud in CASES for r in captured(stack, cloud).resources}
    restarting = {
        type_ for type_, paths in load_rules().items()
        for rules in paths.values() for rule in rules if rule.kind == "in_place_restart"
    }  # fmt: skip
    assert types & restarting == set(RESTARTS)
    assert all(downtime != "none" and source.startswith("https://") for downtime, source in RESTARTS.values())


@pytest.mark.parametrize(
    ("type_", "key", "more", "less"),
    [(RDS, "multiAz", True, False), (GROUP, "replicasPerNodeGroup", 1, 0), (CLUSTER, "replicaCount", 1, 0)],
)
def test_what_goes_is_not_said_to_come(type_: str, key: str, more: Any, less: Any) -> None:
    with_, without = (one(type_, "it", **{key: value}) for value in (more, less))
    up, down = (
        " ".join(note.text for note in plan_upgrade(*pair).changes[0].notes)
        for pair in ((without, with_), (with_, without))
    )
    comes, goes = re.compile("made|added"), re.compile(" goe?s? ")
    assert [bool(word.search(up)) for word in (comes, goes)] == [True, False]
    assert [bool(word.search(down)) for word in (comes, goes)] == [False, True]
