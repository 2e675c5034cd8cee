"""Keys: one per purpose, protected, rotating, and granted before anything names them."""

from __future__ import annotations

import pulumi
import pytest

from components.gcp import services as api
from components.gcp.keys import ROTATION, USE_KEY, USERS, location
from infra.graph.model import Graph
from sizing.specs import KeySpec
from tests import factories_gcp as make


@pytest.fixture(scope="module")
def graph() -> Graph:
    return make.captured(lambda opts: make.keys(opts, api.BACKUP), preview=False)


def test_contract() -> None:
    make.check_contract(lambda opts: make.keys(opts, api.BACKUP))


def test_a_key_per_purpose_that_rotates_and_cannot_be_deleted(graph: Graph) -> None:
    found = make.of_type(graph, "CryptoKey")
    assert set(found) == {f"keys-{spec.purpose}" for spec in make.KEYS}
    for resource in found.values():
        assert resource.protect
        assert resource.inputs["deletionPolicy"] == "PREVENT"
        assert resource.inputs["rotationPeriod"] == ROTATION == "7776000s"
        assert resource.inputs["purpose"] == "ENCRYPT_DECRYPT"


def test_rings_are_where_their_keys_must_be(graph: Graph) -> None:
    rings = make.of_type(graph, "KeyRing")
    assert {r.inputs["location"] for r in rings.values()} == {"us-central1", "us"}
    assert all(ring.protect for ring in rings.values())
    assert all(make.depends_on(graph, r) == {"Service services-cloudkms"} for r in rings.values())
    keys = make.of_type(graph, "CryptoKey")
    assert keys["keys-seal"].inputs["keyRing"] == "keys-us-id"
    assert keys["keys-database"].inputs["keyRing"] == "keys-us-central1-id"


@pytest.mark.parametrize(
    ("region", "expected"),
    [("us-east4", "us"), ("europe-west1", "europe"), ("asia-south1", "asia"), ("me-west1", "global")],
)
def test_a_seal_key_outlives_its_region(region: str, expected: str) -> None:
    assert location(KeySpec(purpose="seal", multi_region=True), region) == expected
    assert location(KeySpec(purpose="disks", multi_region=False), region) == region


def test_each_service_may_use_its_own_key_and_no_other(graph: Graph) -> None:
    grants = make.of_type(graph, "CryptoKeyIAMMember")
    expected = {f"keys-{p}-{u.split('.')[0]}": p for p, users in USERS.items() for u in users}
    assert {name: g.inputs["cryptoKeyId"] for name, g in grants.items()} == {
        name: f"keys-{purpose}-id" for name, purpose in expected.items()
    }
    assert {g.inputs["role"] for g in grants.values()} == {USE_KEY}
    members = {name: str(g.inputs["member"]) for name, g in grants.items()}
    assert members["keys-database-sqladmin"].endswith("@gcp-sa-cloud-sql.iam.gserviceaccount.com")
    assert members["keys-disks-compute"].endswith("@compute-system.iam.gserviceaccount.com")


def test_a_grant_waits_for_the_agent(graph: Graph) -> None:
    grants = make.of_type(graph, "CryptoKeyIAMMember")
    assert "ServiceIdentity agents-redis" in make.depends_on(graph, grants["keys-cache-redis"])
    assert "Service services-compute" in make.depends_on(graph, grants["keys-disks-compute"])


def test_without_backups_their_agent_gets_nothing() -> None:
    def build(opts: pulumi.ResourceOptions) -> object:
        return make.keys(opts)

    grants = make.of_type(make.captured(build), "CryptoKeyIAMMember")
    assert "keys-cluster-container" in grants
    assert "keys-cluster-gkebackup" not in grants


def test_grants_are_told_by_purpose() -> None:
    found: dict[str, int] = {}

    def build(opts: pulumi.ResourceOptions) -> None:
        found.update({p: len(g) for p, g in make.keys(opts, api.BACKUP).grants.items()})

    make.captured(build)
    assert found == {purpose: len(users) for purpose, users in USERS.items()}
