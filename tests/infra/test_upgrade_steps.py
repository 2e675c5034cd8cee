"""The steps of ``plan_upgrade``: what is done by hand, in which order, with which commands."""

from __future__ import annotations

from typing import Any

import pytest

from infra.graph import Graph
from infra.upgrade import Upgrade, plan_upgrade
from tests.infra.graphs import graph, resource
from tests.infra.test_upgrade_plans import GROUP, RDS, RELEASE, SQL, one, storage


def titles(plan: Upgrade) -> list[str]:
    return [step.title for step in plan.steps]


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
    found = titles(plan)
    change = found.index("Change the cache's durability from disabled to async")
    assert found.index("Put the settings into the stack file, and deploy") < change
    assert found.index("Let the services follow") < change
    assert "--durability async" in plan.steps[change].commands[0]
    assert [step.number for step in plan.steps] == list(range(1, len(found) + 1))


def test_durability_goes_down_before_what_it_needs() -> None:
    """The service refuses to take the replica or Multi-AZ from a cache that is still durable."""
    common = {"replicationGroupId": "cache", "numNodeGroups": 1, "nodeType": "cache.m6g.large"}
    durable = {**common, "multiAzEnabled": True, "replicasPerNodeGroup": 1, "durability": "async"}
    plain = {**common, "multiAzEnabled": False, "replicasPerNodeGroup": 0}
    base, head = (
        graph(resource(GROUP, "it", inputs=inputs, ignore_changes=("durability",)))
        for inputs in (durable, plain)
    )
    found = titles(plan_upgrade(base, head))
    change = found.index("Change the cache's durability from async to disabled")
    assert change < found.index("Put the settings into the stack file, and deploy")


def test_durability_alone_is_a_plan_too() -> None:
    base, head = (
        graph(resource(GROUP, "it", inputs={"durability": word}, ignore_changes=("durability",)))
        for word in ("async", "sync")
    )
    plan = plan_upgrade(base, head)
    assert plan.changes == ()
    assert titles(plan) == [
        "Put the settings into the stack file",
        "Change the cache's durability from async to sync",
        "See that all of it has arrived",
    ]
    assert plan_upgrade(head, head).steps == ()


def test_the_standby_comes_before_a_change_of_class() -> None:
    base = one(RDS, "db", identifier="db-1", instanceClass="db.m6i.large", multiAz=False)
    both = one(RDS, "db", identifier="db-1", instanceClass="db.m6i.xlarge", multiAz=True)
    found = titles(plan_upgrade(base, both))
    assert found.index("Give the database its standby first") < found.index(
        "Put the settings into the stack file, and deploy"
    )
    alone = one(RDS, "db", identifier="db-1", instanceClass="db.m6i.large", multiAz=True)
    assert "Give the database its standby first" not in titles(plan_upgrade(base, alone))


def test_growing_claims_are_grown_by_hand_first() -> None:
    base, head = (graph(resource(RELEASE, "vault-vault", inputs=storage(size))) for size in ("1Gi", "10Gi"))
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
            'gcloud sql instances patch "$(gcloud sql instances list --filter'
            " 'instanceType=READ_REPLICA_INSTANCE' --format 'value(name)')\" --no-deletion-protection",
        ),
    ],
)
def test_a_replica_that_goes_is_unprotected_before_the_deployment(
    type_: str, inputs: dict[str, Any], command: str
) -> None:
    base = one(type_, "copy", **inputs)
    plan = plan_upgrade(base, graph())
    assert not plan.refused
    lift = titles(plan).index("Lift the protection of what goes")
    assert lift < titles(plan).index("Put the settings into the stack file, and deploy")
    gone = base.resources[1].urn
    assert plan.steps[lift].commands == (f"pulumi state unprotect '{gone}' --yes --stack dev", command)
    open_ = graph(resource(type_, "copy", inputs=inputs))
    assert "Lift the protection of what goes" not in titles(plan_upgrade(open_, graph()))


def test_a_cloud_sql_instance_is_found_by_what_the_stack_gave_it() -> None:
    """Its name ends in characters that nobody knows before the deployment."""
    labels = {"userLabels": {"managed-by": "pulumi", "project": "shop", "stack": "dev"}}
    primary = resource(SQL, "db", inputs={"settings": {"tier": "a", **labels}})
    copy = resource(
        SQL, "db-replica-2", inputs={"masterInstanceName": "[unknown]", "settings": labels}, protect=True
    )
    larger = resource(SQL, "db", inputs={"settings": {"tier": "b", **labels}})
    steps = {step.title: step for step in plan_upgrade(graph(primary, copy), graph(larger)).steps}
    own = "settings.userLabels.project=shop AND settings.userLabels.stack=dev"
    assert steps["Save what there is"].commands == (
        f"gcloud sql backups create --instance \"$(gcloud sql instances list --filter '{own} AND"
        " instanceType=CLOUD_SQL_INSTANCE' --format 'value(name)')\" --description before-upgrade",
    )
    lifted = steps["Lift the protection of what goes"].commands[1]
    assert f"'{own} AND instanceType=READ_REPLICA_INSTANCE AND name~-replica-2-'" in lifted


@pytest.mark.parametrize(
    ("type_", "before", "after", "page"),
    [
        (RDS, {"instanceClass": "db.m6i.large"}, {"instanceClass": "db.m6i.xlarge"}, "AmazonRDS"),
        (GROUP, {"nodeType": "cache.m6g.large"}, {"nodeType": "cache.r6g.large"}, "AmazonElastiCache"),
    ],
)
def test_what_waits_for_its_window_has_its_own_services_page(
    type_: str, before: dict[str, Any], after: dict[str, Any], page: str
) -> None:
    plan = plan_upgrade(*(one(type_, "it", numNodeGroups=1, **inputs) for inputs in (before, after)))
    (step,) = [s for s in plan.steps if s.title == "Let the services follow"]
    assert page in step.source


def _vault(servers: int) -> Graph:
    return graph(
        resource(RELEASE, "vault-vault", inputs={"values": {"server": {"ha": {"replicas": servers}}}})
    )


@pytest.mark.parametrize(
    ("before", "after", "gone", "loses"),
    [(5, 3, [4, 3], False), (3, 1, [2, 1], True), (5, 1, [4, 3, 2, 1], True)],
)
def test_servers_of_vault_leave_its_quorum_before_they_go(
    before: int, after: int, gone: list[int], loses: bool
) -> None:
    """A vote that stays counts against the majority; one that is left of three would answer nobody."""
    plan = plan_upgrade(_vault(before), _vault(after))
    found = titles(plan)
    leave = found.index("Take the servers that go out of Vault's quorum")
    deploy = found.index("Put the settings into the stack file, and deploy")
    claims = found.index("Delete the claims of Vault's former servers")
    assert leave < deploy < claims
    removed = [c for c in plan.steps[leave].commands if "remove-peer" in c]
    assert [c.rpartition(" ")[2] for c in removed] == [f"vault-{number}" for number in gone]
    assert ("no majority" in plan.steps[leave].text) is loses
    (command,) = plan.steps[claims].commands
    assert {f"data-vault-{number}" for number in gone} < set(command.split())
    assert "data-vault-0" not in command
    more = titles(plan_upgrade(_vault(after), _vault(before)))
    assert not [title for title in more if "quorum" in title or "claims" in title]


def test_a_major_version_of_rds_is_a_step_before_the_deployment() -> None:
    """The program does not let RDS change it: the deployment would end in the service's refusal."""
    base, head = (one(RDS, "db", identifier="db-1", engineVersion=v) for v in ("16.9", "17.11"))
    plan = plan_upgrade(base, head)
    found = titles(plan)
    first = found.index("Upgrade the database to PostgreSQL 17 first")
    assert first < found.index("Put the settings into the stack file, and deploy")
    assert "--allow-major-version-upgrade" in plan.steps[first].commands[0]
    follow = plan.steps[found.index("Let the services follow")]
    assert "aws rds reboot-db-instance --db-instance-identifier db-1" in follow.commands
    minor = plan_upgrade(one(RDS, "db", engineVersion="17.10"), one(RDS, "db", engineVersion="17.11"))
    assert not any("PostgreSQL" in title for title in titles(minor))
    assert [r.kind for r in plan_upgrade(head, base).refusals] == ["older version"]
