"""Pulumi's configuration of a stack as the mapping that ``infra.settings`` takes; loads no Pulumi.

Objects arrive as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from infra.settings import NAMESPACE, Settings, encrypted, load


def settings_from(known: Mapping[str, object], stack: str, secret: Collection[str] = ()) -> Settings:
    """Settings from full keys (``ai-gateway:tier``) and their text.

    Args:
        secret: the full keys whose values Pulumi has decrypted.

    Raises:
        ConfigError: an encrypted value, or one that the settings refuse.
    """
    prefix = f"{NAMESPACE}:"
    values: dict[str, object] = {}
    for key, value in known.items():
        if key.startswith(prefix):
            if key in secret:
                raise encrypted(key.removeprefix(prefix))
            values[key.removeprefix(prefix)] = decoded(str(value))
    return load(values, where=f"Pulumi.{stack}.yaml")


def decoded(value: object) -> Any:
    """Text that is a JSON object, a list or null as that; anything else as it is.

    Pulumi hands objects over as JSON, and takes them as such from a stack file. The keys that are no objects
    are texts, so ``7`` stays one.
    """
    if not isinstance(value, str):
        return value
    try:
        found: Any = json.loads(value)
    except (ValueError, RecursionError):
        return value
    return found if type(found) in (dict, list, type(None)) else value
