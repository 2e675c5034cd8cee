"""The tree of ``gateway preview``: every component with its resources, alike ones in one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from cli.details import RELEASE, STACK, created, facts, kind, label
from cli.pods import Pod, pods
from infra.graph import Graph, Resource, tree
from infra.urns import PROVIDER_PREFIX

Children = Mapping[str | None, Sequence[Resource]]


def render(graph: Graph, title: Text, *, everything: bool = False) -> Tree:
    """The graph as a rich tree.

    Args:
        everything: one line for each resource; otherwise siblings with the same figures share one.
    """
    children = tree(graph)
    root = Tree(title, guide_style="dim")
    tops = [top for top in children.get(None, ()) if top.type == STACK]
    for top in tops:
        _add(root, children, children.get(top.urn, ()), top.name, everything)
    _add(root, children, [r for r in children.get(None, ()) if r.type != STACK], "", everything)
    return root


def _add(
    branch: Tree, children: Children, members: Sequence[Resource], parent: str, everything: bool
) -> None:
    """Plain resources first, then components, whose branches are longer."""
    plain = [resource for resource in members if not _is_component(resource)]
    for group in _groups(plain, children, everything):
        node = branch.add(_line(group, parent))
        for resource in group if len(group) == 1 else ():
            _add_contents(node, resource)
            _add(node, children, children.get(resource.urn, ()), resource.name, everything)
    for resource in members:
        if _is_component(resource):
            node = branch.add(_component_line(resource, parent, children))
            _add(node, children, children.get(resource.urn, ()), resource.name, everything)


def _is_component(resource: Resource) -> bool:
    return not resource.custom and not resource.remote


def _groups(members: Sequence[Resource], children: Children, everything: bool) -> list[list[Resource]]:
    """Siblings that would make the same line but for their names share one."""
    groups: dict[tuple[str, ...], list[Resource]] = {}
    for resource in members:
        alone = everything or resource.remote or resource.type == RELEASE or children.get(resource.urn)
        key = (resource.type, facts(resource), resource.urn if alone else "")
        groups.setdefault(key, []).append(resource)
    return list(groups.values())


def _component_line(resource: Resource, parent: str, children: Children) -> Text:
    name = resource.type.removeprefix("ai-gateway:").replace(":", " ")
    count = _count(resource, children)
    return Text.assemble(
        (_short(resource.name, parent) or resource.name, "bold"),
        (f"  {name}, {count} resource{'' if count == 1 else 's'}", "dim"),
    )


def _line(group: Sequence[Resource], parent: str) -> Text:
    """Kind, name, figures and protection of one resource; of several, their names at the end."""
    first, several = group[0], len(group) > 1
    protected = sum(resource.protect for resource in group)
    guard = ("" if protected in (0, len(group)) else f"{protected} ") + ("protected" if protected else "")
    names = ", ".join(_name(resource, parent) for resource in group)
    figures = (facts(first), "default")
    if several:  # the names come last: they may be too many for the line
        pieces = [(f"{kind(first.type)} x {len(group)}", "cyan"), (guard, "green"), figures, (names, "dim")]
    else:
        pieces = [(kind(first.type), "cyan"), (names, "default"), figures, (guard, "green")]
    line = Text("  ").join(Text(text, style) for text, style in pieces if text)
    line.no_wrap, line.overflow = several, "ellipsis" if several else "fold"
    return line


def _name(resource: Resource, parent: str) -> str:
    if resource.type.startswith(PROVIDER_PREFIX):
        return ""
    return label(resource) or _short(resource.name, parent)


def _add_contents(node: Tree, resource: Resource) -> None:
    """What stands inside one resource: the containers of a release, what a remote component creates."""
    if resource.type == RELEASE:
        values = resource.inputs.get("values")
        found = pods(values if isinstance(values, dict) else {}, label(resource) or resource.name)
        if found:
            node.add(_pod_table(found))
    if resource.remote:
        what = created(resource.creates) or "resources that it alone knows"
        node.add(Text(f"its plugin creates {what}", "dim"))


def _pod_table(found: Sequence[Pod]) -> Table:
    table = Table.grid(padding=(0, 2, 0, 0))
    for pod in found:
        rest = [f"{word} {figure}" for word, figure in (("gpu", pod.gpu), ("disk", pod.disks)) if figure]
        table.add_row(
            pod.name,
            f"{pod.replicas} x" if pod.replicas else "",
            f"cpu {pod.cpu}" if pod.cpu else "",
            f"memory {pod.memory}" if pod.memory else "",
            ", ".join(rest),
        )
    return table


def _count(resource: Resource, children: Children) -> int:
    return sum(1 + _count(child, children) for child in children.get(resource.urn, ()))


def _short(name: str, parent: str) -> str:
    """A child's name without its parent's, which every child's begins with."""
    return "" if name == parent else name.removeprefix(f"{parent}-") if parent else name
