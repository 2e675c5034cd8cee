"""What refuses to be deleted: by the service itself, or by the provider for a flag in Pulumi's state.

Sources: the vendors' documentation of the properties, and the deletion functions of
https://github.com/hashicorp/terraform-provider-google (``deletion_protection``, ``deletion_policy``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ON_THE_SERVICE: Final = {
    "aws:eks/cluster:Cluster": ("deletionProtection",),
    "aws:rds/instance:Instance": ("deletionProtection",),
    "gcp:redis/cluster:Cluster": ("deletionProtectionEnabled",),
    "gcp:sql/databaseInstance:DatabaseInstance": ("settings", "deletionProtectionEnabled"),
}
IN_THE_STATE: Final = {
    "gcp:container/cluster:Cluster": ("deletionProtection", True),
    "gcp:redis/cluster:Cluster": ("deletionProtectionEnabled", True),
    "gcp:secretmanager/secret:Secret": ("deletionProtection", False),
    "gcp:sql/databaseInstance:DatabaseInstance": ("deletionProtection", True),
}
"""Type to the flag and what it is when nobody set it."""


def refusal(token: str, live: Mapping[str, Any], state: Mapping[str, Any]) -> str | None:
    """Why a deletion is refused; ``live`` is the service's view, ``state`` Pulumi's, both opened."""
    value: Any = live
    for part in ON_THE_SERVICE.get(token, ()):
        value = (value or {}).get(part)
    if token in ON_THE_SERVICE and value is True:
        return f"InvalidParameterCombination: {token}: deletion protection is on"
    if token in IN_THE_STATE:
        flag, default = IN_THE_STATE[token]
        if state.get(flag, default) is True:
            return f"{flag} is set to true or unset: set it to false to proceed with deleting {token}"
    if state.get("deletionPolicy") == "PREVENT":
        return f"deletionPolicy is PREVENT: {token} is not deleted"
    return None
