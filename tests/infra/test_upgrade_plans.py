"""``plan_upgrade`` on small graphs: refusals, notes, order, steps."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.graph import Graph, Resource, load_rules
from infra.upgrade import Upgrade, plan_upgrade
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


def _one(type_: str, name: str, **inputs: Any) -> Graph:
    return graph(resource(type_, name, inputs=inputs, protect=True))


def _titles(plan: Upgrade) -> list[str]:
    return [step.title for step in plan.steps]


def _storage(size: str) -> dict[str, Any]:
    return {"values": {"server": {"dataStorage": {"size": size}}}}


@pytest.mark.parametrize(
    ("type_", "small", "large"),
    [
        (RDS, {"allocatedStorage": 100}, {"allocatedStorage": 400}),
        (SQL, {"settings": {"diskSize": 100}}, {"settings": {"diskSize": 200}}),
        (RELEASE, _storage("512Mi"), _storage("10Gi")),
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
    up = plan_upgrade(_one(type_, "it", **small), _one(type_, "it", **large))
    assert not up.refused
    assert up.steps
    down = plan_upgrade(_one(type_, "it", **large), _one(type_, "it", **small))
    assert [(r.kind, r.name, r.remedy) for r in down.refusals] == [("shrinks", "it", RUNBOOK)]
    assert down.steps == ()


def test_sizes_are_compared_as_quantities_not_as_text() -> None:
    plan = plan_upgrade(_one(RELEASE, "it", **_storage("900Mi")), _one(RELEASE, "it", **_storage("1Gi")))
    assert not plan.refused


def test_fewer_shards_of_larger_nodes_are_no_loss() -> None:
    base = _one(GROUP, "it", nodeType="cache.m6g.large", numNodeGroups=3)
    head = _one(GROUP, "it", nodeType="cache.r6g.xlarge", numNodeGroups=1)
    assert not plan_upgrade(base, head).refused
    unknown = _one(GROUP, "it", nodeType="cache.new.huge", numNodeGroups=1)
    (refusal,) = plan_upgrade(base, unknown).refusals
    assert "not known" in refusal.reason


def test_replaced_and_deleted_data_is_refused_with_its_property() -> None:
    base, head = (_one(RDS, "db", storageEncrypted=value) for value in (True, False))
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
    base, head = (_one(GROUP, "it", engine=engine) for engine in ("redis", "other"))
    plan = plan_upgrade(base, head)
    (refusal,) = plan.refusals
    assert (refusal.kind, refusal.path, refusal.remedy) == ("may be replaced", "engine", RUNBOOK)
    assert plan.steps == ()
    harmless = "aws:ec2/natGateway:NatGateway"
    base, head = (_one(harmless, "it", secondaryPrivateIpAddressCount=count) for count in (1, 2))
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
    base, head = (_one(RDS, "db", instanceClass=name, **before) for name in ("db.m6i.large", "db.m6i.xlarge"))
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


def test_durability_is_a_step_after_everything_it_needs() -> None:
    """D15: nodes, replica and Multi-AZ first; the program ignores the property, so no change shows it."""
    common = {"replicationGroupId": "cache", "numNodeGroups": 1, "applyImmediately": False}
    base = graph(
        resource(
            GROUP, "it", inputs={**common, "nodeType": "cache.t4g.small", "multiAzEnabled": False},
            ignore_changes=("durability",),
        )
    )  # fmt: skip
    wanted = {**common, "nodeType": "cache.m6g.large", "multiAzEnabled": True, "durability": "async"}
    plan = plan_upgrade(base, graph(resource(GROUP, "it", inputs=wanted, ignore_changes=("durability",))))
    assert not plan.refused
    assert [path.path for path in plan.changes[0].change.paths] == ["multiAzEnabled", "nodeType"]
    titles = _titles(plan)
    change = titles.index("Change the cache's durability from disabled to async")
    assert titles.index("Put the settings into the stack file, and deploy") < change
    assert titles.index("Let the services follow") < change
    assert "--durability async" in plan.steps[change].commands[0]
    assert [step.number for step in plan.steps] == list(range(1, len(titles) + 1))


def test_durability_goes_down_before_what_it_needs() -> None:
    """The service refuses to take the replica or Multi-AZ from a cache that is still durable."""
    common = {"replicationGroupId": "cache", "numNodeGroups": 1, "nodeType": "cache.m6g.large"}
    durable = {**common, "multiAzEnabled": True, "replicasPerNodeGroup": 1, "durability": "async"}
    plain = {**common, "multiAzEnabled": False, "replicasPerNodeGroup": 0}
    base, head = (
        graph(resource(GROUP, "it", inputs=inputs, ignore_changes=("durability",)))
        for inputs in (durable, plain)
    )
    titles = _titles(plan_upgrade(base, head))
    change = titles.index("Change the cache's durability from async to disabled")
    assert change < titles.index("Put the settings into the stack file, and deploy")


def test_durability_alone_is_a_plan_too() -> None:
    base, head = (
        graph(resource(GROUP, "it", inputs={"durability": word}, ignore_changes=("durability",)))
        for word in ("async", "sync")
    )
    plan = plan_upgrade(base, head)
    assert plan.changes == ()
    assert _titles(plan) == [
        "Put the settings into the stack file",
        "Change the cache's durability from async to sync",
        "See that all of it has arrived",
    ]
    assert plan_upgrade(head, head).steps == ()


def test_the_standby_comes_before_a_change_of_class() -> None:
    base = _one(RDS, "db", identifier="db-1", instanceClass="db.m6i.large", multiAz=False)
    both = _one(RDS, "db", identifier="db-1", instanceClass="db.m6i.xlarge", multiAz=True)
    titles = _titles(plan_upgrade(base, both))
    assert titles.index("Give the database its standby first") < titles.index(
        "Put the settings into the stack file, and deploy"
    )
    alone = _one(RDS, "db", identifier="db-1", instanceClass="db.m6i.large", multiAz=True)
    assert "Give the database its standby first" not in _titles(plan_upgrade(base, alone))


def test_growing_claims_are_grown_by_hand_first() -> None:
    base, head = (graph(resource(RELEASE, "vault-vault", inputs=_storage(size))) for size in ("1Gi", "10Gi"))
    (step,) = [s for s in plan_upgrade(base, head).steps if s.title == "Grow Vault's volumes"]
    assert '"storage":"10Gi"' in step.commands[0]
    assert step.commands[1].endswith("--cascade=orphan")
    again = plan_upgrade(head, head)
    assert (again.steps, again.changes, again.refused) == ((), (), False)


@pytest.mark.parametrize(
    ("type_", "inputs", "command"),
    [
        (
            RDS,
            {"replicateSourceDb": "db", "identifier": "copy"},
            "aws rds modify-db-instance --db-instance-identifier copy --no-deletion-protection"
            " --apply-immediately",
        ),
        (
            SQL,
            {"masterInstanceName": "db"},
            "gcloud sql instances patch INSTANCE --no-deletion-protection",
        ),
    ],
)
def test_a_replica_that_goes_is_unprotected_before_the_deployment(
    type_: str, inputs: dict[str, Any], command: str
) -> None:
    base = _one(type_, "copy", **inputs)
    plan = plan_upgrade(base, graph())
    assert not plan.refused
    lift = _titles(plan).index("Lift the protection of what goes")
    assert lift < _titles(plan).index("Put the settings into the stack file, and deploy")
    gone = base.resources[1].urn
    assert plan.steps[lift].commands == (f"pulumi state unprotect '{gone}' --yes --stack dev", command)
    open_ = graph(resource(type_, "copy", inputs=inputs))
    assert "Lift the protection of what goes" not in _titles(plan_upgrade(open_, graph()))


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
    plan = plan_upgrade(_one(type_, "it", **old), _one(type_, "it", **old | new))
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
    with_, without = (_one(type_, "it", **{key: value}) for value in (more, less))
    up, down = (
        " ".join(note.text for note in plan_upgrade(*pair).changes[0].notes)
        for pair in ((without, with_), (with_, without))
    )
    comes, goes = re.compile("made|added"), re.compile(" goe?s? ")
    assert [bool(word.search(up)) for word in (comes, goes)] == [True, False]
    assert [bool(word.search(down)) for word in (comes, goes)] == [False, True]


def test_a_major_version_of_rds_is_a_step_before_the_deployment() -> None:
    """The program does not let RDS change it: the deployment would end in the service's refusal."""
    base, head = (_one(RDS, "db", identifier="db-1", engineVersion=v) for v in ("16.9", "17.11"))
    plan = plan_upgrade(base, head)
    titles = _titles(plan)
    first = titles.index("Upgrade the database to PostgreSQL 17 first")
    assert first < titles.index("Put the settings into the stack file, and deploy")
    assert "--allow-major-version-upgrade" in plan.steps[first].commands[0]
    follow = plan.steps[titles.index("Let the services follow")]
    assert "aws rds reboot-db-instance --db-instance-identifier db-1" in follow.commands
    minor = plan_upgrade(_one(RDS, "db", engineVersion="17.10"), _one(RDS, "db", engineVersion="17.11"))
    assert not any("PostgreSQL" in title for title in _titles(minor))
    assert [r.kind for r in plan_upgrade(head, base).refusals] == ["older version"]
