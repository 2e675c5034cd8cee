"""Pulumi's configuration of a stack as the mapping that ``infra.settings`` takes; loads no Pulumi.

Objects arrive as JSON text.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.settings import NAMESPACE, Settings, load


def settings_from(known: Mapping[str, object], stack: str) -> Settings:
    """Settings from full keys (``ai-gateway:tier``) and their text. Raises ConfigError."""
    prefix = f"{NAMESPACE}:"
    values = {
        key.removeprefix(prefix): _decoded(str(value))
        for key, value in known.items()
        if key.startswith(prefix)
    }
    return load(values, where=f"Pulumi.{stack}.yaml")


def _decoded(text: str) -> Any:
    """Objects, lists, numbers and booleans are JSON; anything else is the text itself."""
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value
