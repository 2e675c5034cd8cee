"""What every component shares: its type token, its naming, and the options its children get."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import pulumi


def safe_name(name: str, limit: int) -> str:
    """``name`` if it fits ``limit`` characters, else a shortened form that ends in a hash of the whole.

    Raises:
        ValueError: the limit leaves no room for a readable part and the hash.
    """
    if len(name) <= limit:
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:8]
    keep = limit - len(digest) - 1
    if keep < 4:
        raise ValueError(f"cannot shorten {name!r} to {limit} characters and keep it readable")
    return f"{name[:keep].rstrip('-')}-{digest}"


class Component(pulumi.ComponentResource):
    """Base of all components.

    Subclasses set ``TYPE`` (``ai-gateway:<cloud or kubernetes>:<Name>``), create children with
    ``opts=self.child(...)`` and end with ``self.register_outputs({...})``. Names of children derive from the
    component's own logical name (``self.prefix``), so that two instances never collide.
    """

    TYPE: str = ""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TYPE, name, None, opts)
        self.prefix = name

    def child(
        self,
        *,
        protect: bool | None = None,
        depends_on: list[pulumi.Resource] | None = None,
        ignore_changes: list[str] | None = None,
        delete_before_replace: bool | None = None,
        parent: pulumi.Resource | None = None,
    ) -> pulumi.ResourceOptions:
        """Options of a child resource: ``parent=self`` always; the provider is inherited from there."""
        return pulumi.ResourceOptions(
            parent=parent or self,
            protect=protect,
            depends_on=depends_on,
            ignore_changes=ignore_changes,
            delete_before_replace=delete_before_replace,
        )


def merge_tags(tags: Mapping[str, str], **extra: str) -> dict[str, str]:
    """The stack's tags with a resource's own added, in a stable order."""
    return dict(sorted({**tags, **extra}.items()))
