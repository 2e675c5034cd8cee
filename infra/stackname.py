"""The name that a stack's cloud resources take theirs from, checked before anything is registered."""

from __future__ import annotations

import re

from infra import clouds
from infra.settings import ConfigError

PREFIX = "ai-gateway-"
_USABLE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
"""What every service takes after the prefix. Databases are the strictest: lower case letters, digits and
single hyphens that end no name
(https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBInstance.html). Pulumi also takes
capitals, dots and underscores."""


def platform_name(stack: str, cloud: str, project: str = "") -> str:
    """``ai-gateway-<stack>``: the cluster's name and the stem of every explicit name.

    Args:
        project: the cloud project, where the cloud has projects; it is part of some names.

    Raises:
        SizingError: a cloud service would refuse a name made of it, by its characters or its length.
    """
    if not _USABLE.fullmatch(stack):
        usable = re.sub(r"[^a-z0-9]+", "-", stack.lower()).strip("-")
        raise ConfigError(
            "stack",
            stack,
            "cloud resources are named after the stack, and their names take lower case letters, digits and"
            " single hyphens between them",
            f"Use a name such as {usable or 'production'}.",
        )
    name = f"{PREFIX}{stack}"
    clouds.model(cloud).check_names(name, project)
    return name
