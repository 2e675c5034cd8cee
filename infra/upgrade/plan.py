"""From two graphs to the plan of an upgrade: changes in the order in which ``pulumi up`` makes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from infra.graph import Graph, GraphDiff, Resource, ResourceChange, diff
from infra.graph.names import same_stack
from infra.upgrade.model import PlannedChange, Upgrade
from infra.upgrade.notes import notes_of
from infra.upgrade.refusals import data_note, refusals
from infra.upgrade.steps import steps


def plan_upgrade(base: Graph, head: Graph, target: str | None = None) -> Upgrade:
    """What turns the stack of ``base`` into what ``head`` describes.

    ``target`` names the stack file with the wanted settings, where that is not ``head``'s own name. Computed
    from the graphs and the providers' rules: drift, and what a running service refuses for other reasons,
    are not in it.
    """
    before = same_stack(base, head)
    found = diff(base, head)
    ordered = _ordered(found, before, head)
    old, new = before.by_urn(), head.by_urn()
    planned = tuple(_planned(position, change, old, new) for position, change in enumerate(ordered, start=1))
    against = tuple(refusals(ordered, before, head))
    return Upgrade(
        base=base.stack,
        head=head.stack,
        changes=planned,
        refusals=against,
        steps=() if against else tuple(steps(planned, before, head, target or head.stack)),
        unchanged=found.unchanged,
    )


def _planned(
    position: int, change: ResourceChange, old: Mapping[str, Resource], new: Mapping[str, Resource]
) -> PlannedChange:
    before, after = old.get(change.old_urn or change.urn), new.get(change.urn)
    notes = notes_of(change, before.inputs if before else {}, after.inputs if after else {})
    gone = "" if before is None else data_note(change, before)
    return PlannedChange(position, change, tuple(notes), gone)


def _ordered(found: GraphDiff, base: Graph, head: Graph) -> tuple[ResourceChange, ...]:
    """Created, updated and replaced as the new graph depends on itself; then deleted, dependants first."""
    forward = {change.urn: change for change in (*found.created, *found.updated, *found.replaced)}
    gone = {change.urn: change for change in found.deleted}
    return (
        *(forward[urn] for urn in creation_order(head) if urn in forward),
        *(gone[urn] for urn in reversed(list(creation_order(base))) if urn in gone),
    )


def creation_order(graph: Graph) -> Iterator[str]:
    """URNs so that each comes after what it waits for: its parent, its provider, its dependencies.

    A dependency on a component is one on everything below it, unless it is itself below.
    """
    resources = graph.by_urn()
    below: dict[str, list[str]] = {}
    for resource in resources.values():
        for ancestor in _ancestors(resource, resources):
            below.setdefault(ancestor, []).append(resource.urn)
    done: set[str] = set()
    for start in resources:
        pending = [(start, False)]
        entered: set[str] = set()
        while pending:
            urn, waited = pending.pop()
            if urn in done or urn not in resources:
                continue
            if waited:
                done.add(urn)
                yield urn
                continue
            if urn in entered:  # a circle through a component: whoever asked first goes first
                continue
            entered.add(urn)
            pending.append((urn, True))
            pending += [(need, False) for need in reversed(_needs(resources[urn], resources, below))]


def _ancestors(resource: Resource, resources: Mapping[str, Resource]) -> Iterator[str]:
    parent = resource.parent
    while parent is not None:
        yield parent
        parent = resources[parent].parent


def _needs(
    resource: Resource, resources: Mapping[str, Resource], below: Mapping[str, list[str]]
) -> list[str]:
    own = {resource.urn, *_ancestors(resource, resources)}
    needs = [urn for urn in (resource.parent, resource.provider) if urn is not None]
    for urn in sorted(
        {*resource.depends_on, *(u for us in resource.property_depends_on.values() for u in us)}
    ):
        needs.append(urn)
        if urn in resources and not resources[urn].custom and urn not in own:
            needs += below.get(urn, [])
    return needs
