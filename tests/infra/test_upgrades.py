"""Moving between sizes: what would replace data or a cluster is data, and no change of size touches it."""

from __future__ import annotations

from itertools import permutations

import pytest

from infra.clouds import CLOUDS
from infra.graph import ResourceChange, diff, holds_data, load_rules
from sizing.guide.cells import Tier
from tests.harness import captured

PAIRS = tuple((cloud, base, head) for cloud in CLOUDS for base, head in permutations(tuple(Tier), 2))
UPWARDS = tuple((cloud, a, b) for cloud, a, b in PAIRS if list(Tier).index(a) < list(Tier).index(b))

STATEFUL = {
    "eks:index:Cluster",
    "aws:rds/instance:Instance",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:kms/key:Key",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
    "gcp:container/cluster:Cluster",
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:redis/cluster:Cluster",
    "gcp:kms/cryptoKey:CryptoKey",
    "gcp:storage/bucket:Bucket",
    "gcp:secretmanager/secret:Secret",
}
"""Types whose replacement loses data, secrets or everything that runs in the cluster."""

DOCUMENTED = {
    # D15: AWS switches durability on or off in place by an API call; the component ignores the property.
    ("aws:elasticache/replicationGroup:ReplicationGroup", "durability"),
    # Replaces only when it shrinks with autoresize off; autoresize is on, and a smaller size is then skipped.
    ("gcp:sql/databaseInstance:DatabaseInstance", "settings.diskSize"),
}


def _changes(cloud: str, base: str, head: str) -> list[ResourceChange]:
    found = diff(captured(base, cloud), captured(head, cloud), load_rules())
    return [c for c in (*found.updated, *found.replaced) if c.type in STATEFUL]


@pytest.mark.parametrize(("cloud", "base", "head"), PAIRS)
def test_no_change_of_size_replaces_what_is_stateful(cloud: str, base: Tier, head: Tier) -> None:
    """Every ordered pair: downwards a service may refuse (a disk cannot shrink), but nothing is replaced."""
    for change in _changes(cloud, base.value, head.value):
        touched = {(change.type, p.path) for p in change.paths if p.effect in ("replace", "may_replace")}
        assert touched <= DOCUMENTED, change
        assert change.action == "update" or touched, change


@pytest.mark.parametrize(("cloud", "base", "head"), UPWARDS)
def test_no_disk_or_replica_of_the_database_goes_away_upwards(cloud: str, base: Tier, head: Tier) -> None:
    found = diff(captured(base.value, cloud), captured(head.value, cloud), load_rules())
    assert [change.urn for change in found.deleted if change.type in STATEFUL] == []


def test_rules_cover_every_stateful_type() -> None:
    """A type without rules would pass the tests above without being looked at."""
    rules = load_rules()
    assert [kind for kind in sorted(STATEFUL) if not rules.get(kind) and not kind.startswith("eks:")] == []
    assert all(holds_data(r) or r.type in STATEFUL for r in captured("small").resources if r.type in STATEFUL)
