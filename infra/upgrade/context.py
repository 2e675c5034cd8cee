"""What the rules for the steps look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from infra.graph import Graph, Resource
from infra.upgrade.model import PlannedChange

RDS: Final = "aws:rds/instance:Instance"
GROUP: Final = "aws:elasticache/replicationGroup:ReplicationGroup"
SQL: Final = "gcp:sql/databaseInstance:DatabaseInstance"
RELEASE: Final = "kubernetes:helm.sh/v3:Release"
NODES: Final = ("eks:index:ManagedNodeGroup", "gcp:container/nodePool:NodePool")

RDS_GUIDE: Final = "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/"
CACHE_GUIDE: Final = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/"


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules look at. ``target`` is the stack file that has the wanted settings."""

    changes: Sequence[PlannedChange]
    base: Graph
    head: Graph
    target: str

    def of(self, *types: str, action: str = "update") -> list[PlannedChange]:
        """Changes of these types with this action."""
        return [p for p in self.changes if p.change.type in types and p.change.action == action]

    def before(self, planned: PlannedChange) -> Resource:
        """The resource as it runs."""
        return self.base.by_urn()[planned.change.old_urn or planned.change.urn]

    def after(self, planned: PlannedChange) -> Resource:
        """The resource as it is wanted."""
        return self.head.by_urn()[planned.change.urn]


def changed(planned: PlannedChange, path: str) -> bool:
    return any(p.path == path for p in planned.change.paths)
