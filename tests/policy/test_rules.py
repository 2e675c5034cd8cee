"""Every policy passes on the shipped stacks and fails on what it guards against, and on nothing else."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from infra.graph import Graph
from infra.preview import preview_graph
from infra.settings import load
from policy.rules import RULES, check
from policy.rules.plain_secrets import plain_secrets
from sizing.clouds.aws.authority import authority
from tests.harness import CASES as STACKS
from tests.harness import ROOT, captured
from tests.policy.cases import CASES, KEYS
from tests.policy.mutations import GONE, Change, changed


@pytest.mark.parametrize(("stack", "cloud"), STACKS)
@pytest.mark.parametrize("preview", [True, False], ids=["preview", "update"])
def test_shipped_stacks_have_no_violation(stack: str, cloud: str, preview: bool) -> None:
    """Also with everything made up that only a deployment can tell."""
    assert [finding.to_dict() for finding in check(captured(stack, cloud, preview=preview))] == []


@pytest.mark.parametrize(("cloud", "case"), CASES, ids=str)
def test_switching_a_protection_off_trips_exactly_its_policies(cloud: str, case: Change) -> None:
    before = captured(case.stack, cloud)
    graph, hit = changed(before, case)
    found = check(graph)
    assert {finding.rule.id for finding in found} == set(case.trips)
    for finding in found:
        assert finding.violation.remedy.endswith((".", ")"))
        assert finding.violation.urn in hit | related(before, hit)


def related(graph: Graph, urns: set[str]) -> set[str]:
    """What the changed resources are about: a bucket's policy is judged at its bucket."""
    by_urn = graph.by_urn()
    return {urn for one in urns for urn in by_urn[one].property_depends_on.get("bucket", ())}


def test_every_policy_has_a_failing_example() -> None:
    assert {rule for _, case in CASES for rule in case.trips} == {rule.id for rule in RULES}


@pytest.mark.parametrize(
    ("type_", "trips"),
    [
        ("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", {"no-public-buckets"}),
        ("aws:s3/bucketPolicy:BucketPolicy", {"encrypted-connections"}),
        ("aws:s3/bucketVersioning:BucketVersioning", {"backups"}),
        (
            "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
            set(KEYS),
        ),
    ],
)
def test_a_bucket_without_its_protection_beside_it(type_: str, trips: set[str]) -> None:
    graph, _ = changed(captured("small"), Change(type_, "", GONE, ()))
    found = check(graph)
    assert {finding.rule.id for finding in found} == trips
    assert all("aws:s3/bucket:Bucket" in finding.violation.urn for finding in found)


def test_no_backup_plan_where_the_tier_has_one() -> None:
    plan = Change("gcp:gkebackup/backupPlan:BackupPlan", "", GONE, ())
    graph, _ = changed(captured("large", "gcp"), plan)
    assert {finding.rule.id for finding in check(graph)} == {"backups"}


def test_a_region_without_a_known_authority_is_asked_for_it() -> None:
    pem = authority("us-east-1")
    assert pem
    values = {"tier": "small", "region": "ca-west-1"}
    found = check(preview_graph(load(values), "small"))
    assert {finding.rule.id for finding in found} == {"verified-database"}
    assert {"pgbouncer-pgbouncer", "database-bootstrap", "litellm-migrate"} == {
        finding.violation.urn.rsplit("::", 1)[-1] for finding in found
    }
    assert check(preview_graph(load({**values, "postgres": {"caBundle": pem}}), "small")) == ()


def test_a_listed_network_may_reach_a_public_api() -> None:
    for networks, trips in ((["203.0.113.0/24"], set()), (["203.0.113.0/24", "::/0"], {"api-allow-listed"})):
        public = Change("eks:index:Cluster", "endpointPublicAccess", True, ())
        listed = Change("eks:index:Cluster", "publicAccessCidrs", networks, ())
        graph, _ = changed(changed(captured("small"), public)[0], listed)
        assert {finding.rule.id for finding in check(graph)} == trips


def test_the_page_lists_every_rule() -> None:
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    for rule in RULES:
        assert f"| `{rule.id}` | {rule.severity} | {rule.description} |\n" in page
        assert f"\n- `{rule.id}`: passes: " in page
    assert page.count("\n| `") == page.count(": passes: ") == len(RULES)


def test_rules_have_names_and_words_of_their_own() -> None:
    assert len({rule.id for rule in RULES}) == len(RULES) == len({rule.description for rule in RULES})
    assert all(rule.description.endswith(".") for rule in RULES)


@pytest.mark.parametrize(
    "values",
    [
        {"password": "os.environ/DB_PASSWORD"},
        {"password": "${DB_PASSWORD}", "token": "$(TOKEN)", "args": ["--password=$(DB_PASSWORD)"]},
        {"existingSecret": "grafana-admin", "passwordKey": "admin-password", "envSecrets": ["api-key"]},
        {"secretName": "master", "secretKey": "master-key"},
        {"tokenFile": "/var/run/token", "token": "/var/run/secrets/token", "password": ""},
        {"max_tokens": 4096, "input_cost_per_token": "0", "topologyKey": "zone", "bypass": "yes"},
        {"automountServiceAccountToken": False, "password": "[unknown]"},
    ],
    ids=str,
)
def test_what_only_says_where_a_secret_is_passes(values: dict[str, JsonValue]) -> None:
    assert list(plain_secrets(values)) == []
