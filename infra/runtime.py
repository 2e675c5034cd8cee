"""Running under Pulumi: its configuration as the mapping that ``infra.settings`` takes, and its errors.

Objects arrive as JSON text.
"""

from __future__ import annotations

import json
from typing import Any

import pulumi
from pulumi.runtime import config as runtime_config

from infra.program import deploy
from infra.settings import NAMESPACE, Settings, load
from sizing.errors import SizingError


def _decoded(text: str) -> Any:
    """Objects, lists, numbers and booleans are JSON; anything else is the text itself."""
    try:
        value: Any = json.loads(text)
    except json.JSONDecodeError:
        return text
    return value


def settings_of_stack() -> Settings:
    """Settings of the stack that Pulumi is running. Raises ConfigError for anything they refuse."""
    known = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    prefix = f"{NAMESPACE}:"
    values = {
        key.removeprefix(prefix): _decoded(str(value))
        for key, value in known.items()
        if key.startswith(prefix)
    }
    return load(values, where=f"Pulumi.{pulumi.get_stack()}.yaml")


def run() -> None:
    """Deploy the stack that Pulumi is running.

    Raises:
        pulumi.RunError: a refusal, shown as one message without a traceback, before anything is registered.
    """
    try:
        deploy(settings_of_stack(), pulumi.get_stack())
    except SizingError as error:
        raise pulumi.RunError(str(error)) from None
