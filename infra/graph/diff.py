"""What changes between two graphs: created, updated, replaced, deleted.

Follows the engine where the engine decides (aliases, ignored changes, a replaced provider replaces what it
serves) and the rules of :mod:`infra.graph.rules` where a cloud provider does. It errs on the safe side: an
input that comes from a replaced resource and cannot change in place counts as changed. What it cannot see: a
change of a secret's value, and drift between state and cloud.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from infra.graph.changes import Action, GraphDiff, ResourceChange
from infra.graph.compare import Pair, compare, spread
from infra.graph.data_bearing import holds_data
from infra.graph.model import Graph, Resource
from infra.graph.names import same_stack
from infra.graph.rules import Rules, load_rules


def diff(base: Graph, head: Graph, rules: Rules | None = None) -> GraphDiff:
    """Compare two graphs of the same project; ``base`` is what runs, ``head`` what is wanted.

    The stacks may differ (an upgrade from ``small`` to ``large``): the stack's name is no difference.
    Resources that are only read take no part.

    Args:
        rules: see :data:`infra.graph.rules.Rules`; the program's own table when left out.
    """
    old, new = _managed(same_stack(base, head)), _managed(head)
    partners = _partners(old, new)
    pairs = compare(old, new, partners, load_rules() if rules is None else rules)
    spread(pairs)
    changed = [_changed(pair) for pair in pairs if pair.paths]
    kept = set(partners.values())
    return GraphDiff(
        base=base.stack,
        head=head.stack,
        created=_sorted(_alone("create", new[urn]) for urn in new if urn not in partners),
        updated=_sorted(change for change in changed if change.action == "update"),
        replaced=_sorted(change for change in changed if change.action == "replace"),
        deleted=_sorted(_alone("delete", old[urn]) for urn in old if urn not in kept),
        unchanged=len(pairs) - len(changed),
    )


def _managed(graph: Graph) -> dict[str, Resource]:
    return {resource.urn: resource for resource in graph.resources if not resource.external}


def _partners(old: Mapping[str, Resource], new: Mapping[str, Resource]) -> dict[str, str]:
    """New URN to old URN: the same one, or the first alias that still stands for something."""
    partners = {urn: urn for urn in new if urn in old}
    taken = set(partners)
    for urn, resource in new.items():
        if urn in partners:
            continue
        alias = next((alias for alias in resource.aliases if alias in old and alias not in taken), None)
        if alias is not None:
            partners[urn] = alias
            taken.add(alias)
    return partners


def _changed(pair: Pair) -> ResourceChange:
    before, after = pair.old.resource, pair.new.resource
    return replace(
        _alone("replace" if pair.replaced else "update", after),
        paths=tuple(pair.paths),
        # The engine refuses only when both sides are protected: taking `protect` away permits it.
        protected=before.protect and after.protect,
        data=holds_data(before) or holds_data(after),
        old_urn=None if before.urn == after.urn else before.urn,
    )


def _alone(action: Action, resource: Resource) -> ResourceChange:
    protected = resource.protect and action != "create"
    return ResourceChange(action, resource.urn, resource.type, resource.name, protected, holds_data(resource))


def _sorted(changes: Iterable[ResourceChange]) -> tuple[ResourceChange, ...]:
    return tuple(sorted(changes, key=lambda change: change.urn))
