"""The shipped add-ons' configuration: EKS refuses an add-on with a key that its schema does not have.

Keys are those that public outputs of ``aws eks describe-addon-configuration`` show for the add-on. The
schemas of vpc-cni and aws-ebs-csi-driver know no resources of single sidecars, which take those of the main
container
(https://github.com/kubernetes-sigs/aws-ebs-csi-driver/issues/2371).
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from sizing.clouds.aws import system
from sizing.specs import AddonSpec, Workload

KEYS = {
    "vpc-cni": {"resources", "enableNetworkPolicy"},
    "kube-proxy": {"resources"},
    "coredns": {"replicaCount", "resources"},
    "eks-pod-identity-agent": {"resources"},
    "metrics-server": {"replicas", "resources"},
    "aws-ebs-csi-driver": {
        "controller.replicaCount",
        "controller.resources",
        "node.resources",
        "node.tolerateAllTaints",
    },
}
GROUPS = ("controller", "node")
"""Keys whose values are keys again."""
ADDONS = system.addons()


def _keys(configuration: Mapping[str, JsonValue]) -> set[str]:
    found: set[str] = set()
    for key, value in configuration.items():
        if key in GROUPS and isinstance(value, dict):
            found |= {f"{key}.{inner}" for inner in value}
        else:
            found.add(key)
    return found


def _pods(name: str) -> Workload:
    return next(workload for workload in system.addon_workloads() if workload.name == name)


@pytest.mark.parametrize("addon", ADDONS, ids=lambda addon: addon.name)
def test_only_keys_of_the_addons_schema_are_set(addon: AddonSpec) -> None:
    assert _keys(addon.configuration) <= KEYS[addon.name]


def test_network_policies_are_enforced_by_a_text_not_a_flag() -> None:
    (cni,) = [addon for addon in ADDONS if addon.name == "vpc-cni"]
    assert cni.configuration["enableNetworkPolicy"] == "true"


@pytest.mark.parametrize(
    ("pods", "main", "followers"),
    [
        ("aws-node", "aws-node", ("aws-eks-nodeagent",)),
        ("ebs-csi-controller", "ebs-plugin", ("csi-provisioner", "csi-attacher", "csi-resizer")),
    ],
)
def test_sidecars_without_a_key_are_counted_like_their_main_container(
    pods: str, main: str, followers: tuple[str, ...]
) -> None:
    expected = _pods(pods).container(main).resources()
    for name in followers:
        assert _pods(pods).container(name).resources() == expected
