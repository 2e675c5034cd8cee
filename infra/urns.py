"""URNs by the engine's rules: how a resource is named, and what an alias stands for.

The rules are those of the Pulumi engine (``pkg/resource/deploy/step_generator.go`` of
https://github.com/pulumi/pulumi: ``generateURN``, ``collapseAliasToUrn``, ``inheritedChildAlias``). They are
kept apart from the capture because the comparison of two graphs needs them without Pulumi.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

STACK_TYPE = "pulumi:pulumi:Stack"
"""Type of the root of every stack; the engine leaves it out of its children's type chains."""

PROVIDER_PREFIX = "pulumi:providers:"
"""Type prefix of provider resources; the rest of the type is the package."""


class Urn(NamedTuple):
    """The four parts of ``urn:pulumi:<stack>::<project>::<type chain>::<name>``."""

    stack: str
    project: str
    chain: str
    name: str

    @property
    def type(self) -> str:
        """The resource's own type: the last link of the chain."""
        return self.chain.rsplit("$", 1)[-1]

    def __str__(self) -> str:
        return f"urn:pulumi:{self.stack}::{self.project}::{self.chain}::{self.name}"


def parse_urn(urn: str) -> Urn:
    """Split a URN; a name may itself contain ``::``.

    Raises:
        ValueError: the text is no URN.
    """
    prefix = "urn:pulumi:"
    parts = urn.removeprefix(prefix).split("::", 3)
    if not urn.startswith(prefix) or len(parts) != 4 or not all(parts):
        raise ValueError(f"{urn!r} is no URN of the form urn:pulumi:<stack>::<project>::<type>::<name>")
    return Urn(*parts)


def make_urn(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource: the parent's whole type chain, without the stack's own type, and the name."""
    chain = parse_urn(parent).chain if parent else ""
    prefix = f"{chain}$" if chain and chain != STACK_TYPE else ""
    return str(Urn(stack, project, f"{prefix}{type_}", name))


def package_of(type_: str) -> str:
    """The package that serves a type: ``aws`` of ``aws:ec2/vpc:Vpc``."""
    return type_.split(":", 1)[0]


class Alias(NamedTuple):
    """What a resource was called before; an empty field means "as now"."""

    urn: str = ""
    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


def alias_urns(
    urn: str, parent: str, aliases: Iterable[Alias], parent_aliases: Iterable[str]
) -> tuple[str, ...]:
    """Every URN under which a resource may have been known, its own aliases first.

    Args:
        urn: the resource's URN today.
        parent: its parent's URN today, or "".
        aliases: the aliases given to the resource itself.
        parent_aliases: what this function returned for the parent: a renamed component renames its children.
    """
    own = [_resolve(urn, parent, alias) for alias in aliases]
    found = [*own]
    for parent_alias in parent_aliases:
        found += [
            _inherit(parse_urn(candidate), parent, parse_urn(parent_alias)) for candidate in (urn, *own)
        ]
    return tuple(alias for alias in dict.fromkeys(found) if alias != urn)


def _resolve(urn: str, parent: str, alias: Alias) -> str:
    if alias.urn:
        return alias.urn
    now = parse_urn(urn)
    old_parent = "" if alias.no_parent else alias.parent or parent
    return make_urn(
        alias.stack or now.stack,
        alias.project or now.project,
        old_parent,
        alias.type or now.type,
        alias.name or now.name,
    )


def _inherit(child: Urn, parent: str, parent_alias: Urn) -> str:
    """A child whose name begins with its parent's is taken to follow the parent's old name."""
    parent_name = parse_urn(parent).name
    name = child.name
    if name.startswith(parent_name):
        name = parent_alias.name + name[len(parent_name) :]
    return make_urn(child.stack, child.project, str(parent_alias), child.type, name)
