"""Small graphs written down by hand, for the tests of the model and of comparisons."""

from __future__ import annotations

from typing import Any

from infra.graph import Graph, Resource, diff
from infra.urns import make_urn, parse_urn

ROOT = "urn:pulumi:dev::shop::pulumi:pulumi:Stack::shop-dev"
PROVIDER = "urn:pulumi:dev::shop::pulumi:providers:aws::main"

DB = "aws:rds/instance:Instance"
VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
SQL = "gcp:sql/databaseInstance:DatabaseInstance"
POOL = "gcp:container/nodePool:NodePool"
SUBNETWORK = "gcp:compute/subnetwork:Subnetwork"
CONFIG = "kubernetes:core/v1:ConfigMap"


def resource(
    type_: str, name: str, parent: str | None = ROOT, /, *, stack: str = "dev", **options: Any
) -> Resource:
    """A custom resource with the options given and plain defaults for the rest."""
    if parent is not None:
        parent = parent.replace(":dev::", f":{stack}::").replace("shop-dev", f"shop-{stack}")
    data: dict[str, Any] = {
        "urn": make_urn(stack, "shop", parent or "", type_, name),
        "type": type_,
        "name": name,
        "parent": parent,
        "provider": None,
        "inputs": {},
        "depends_on": (),
        "protect": False,
        "custom": True,
        "delete_before_replace": False,
        "ignore_changes": (),
    }
    return Resource(**{**data, **options})


def graph(*resources: Resource, stack: str = "dev", **options: Any) -> Graph:
    """A graph of these resources below the stack's root."""
    root = resource("pulumi:pulumi:Stack", f"shop-{stack}", None, stack=stack, custom=False)
    return Graph(stack=stack, project="shop", cloud="aws", resources=(root, *resources), **options)


def urn(type_: str, name: str, parent: str = ROOT) -> str:
    """The URN of such a resource."""
    return make_urn("dev", "shop", parent, type_, name)


def names(changes: Any) -> list[str]:
    """Names of changed resources, in order."""
    return [parse_urn(change.urn).name for change in changes]


def one(type_: str, inputs: dict[str, Any] | None = None, **options: Any) -> Graph:
    """A graph of one resource called ``it``."""
    return graph(resource(type_, "it", inputs=inputs or {}, **options))


def change(type_: str, old: dict[str, Any], new: dict[str, Any], **options: Any) -> Any:
    """The single change between two graphs of one resource."""
    found = diff(one(type_, old), one(type_, new, **options))
    (result,) = (*found.updated, *found.replaced)
    return result
