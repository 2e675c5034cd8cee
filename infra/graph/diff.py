"""What changes between two graphs: created, updated, replaced, deleted.

Follows the engine where the engine decides (aliases, ignored changes, a replaced provider replaces what it
serves) and the rules of :mod:`infra.graph.rules` where a cloud provider does. It errs on the safe side: an
input that comes from a replaced resource and cannot change in place counts as changed. What it cannot see: a
change of a secret's value, and drift between state and cloud.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from infra.graph.changes import Action, GraphDiff, ResourceChange
from infra.graph.compare import Pair, compare, spread
from infra.graph.data_bearing import holds_data
from infra.graph.model import Graph, Resource
from infra.graph.rules import Rules, load_rules

_SEARCHED = re.compile(
    r"""(?P<before>(?P<quote>\\*")stack(?P=quote),(?:\s|\\+n)*(?P=quote)value(?P=quote)\s*:\s*(?P=quote)\^)"""
    r"""(?P<name>[^"$]*)\$"""
)


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


def same_stack(base: Graph, head: Graph) -> Graph:
    """``base`` as if it were the stack of ``head``: URNs, and with them every reference, carry the stack's
    name; so do physical names (``<project>-<stack>...``) and the tag ``stack``.
    """
    if (base.stack, base.project) == (head.stack, head.project):
        return base
    old, new = (f"urn:pulumi:{graph.stack}::{graph.project}::" for graph in (base, head))
    root = "pulumi:pulumi:Stack::{0.project}-{0.stack}".format
    text = json.dumps(base.to_dict() | {"stack": head.stack, "project": head.project})
    text = text.replace(f'"{old}{root(base)}"', f'"{new}{root(head)}"').replace(f'"{old}', f'"{new}')
    data = json.loads(_named_after(head, base, text))
    del data["summary"]
    for resource in data["resources"]:
        resource["name"] = resource["urn"].split("::", 3)[-1]
    return Graph.model_validate(data)


def _named_after(head: Graph, base: Graph, text: str) -> str:
    """Names ``<project>-<stack>``, and the tag ``stack`` in every form (object, JSON in a text, ``k=v``, and
    the expression that a search for it takes).
    """
    if not base.project:
        return text
    old, new = (f"{graph.project}-{graph.stack}" for graph in (base, head))
    text = re.sub(rf"(?<![A-Za-z0-9]){re.escape(old)}(?![A-Za-z0-9])", lambda _: new, text)
    tag = rf"""(?<![A-Za-z0-9])(stack(?:\\*"\s*:\s*\\*"|=)){re.escape(base.stack)}(?![A-Za-z0-9-])"""
    text = re.sub(tag, lambda match: f"{match[1]}{head.stack}", text)
    return _SEARCHED.sub(lambda match: _searched(match, base.stack, head.stack), text)


def _searched(match: re.Match[str], old: str, new: str) -> str:
    """A search for the tag, with the stack's name as a regular expression at this depth of JSON in JSON."""
    if re.sub(r"\\+", "", match["name"]) != old:
        return match[0]
    escape = "\\" * (2 * len(match["quote"]))
    escaped = re.escape(new).replace("\\", escape)
    return f"{match['before']}{escaped}$"


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
