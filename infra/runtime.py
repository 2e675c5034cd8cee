"""Running under Pulumi: the settings of its stack, and its errors."""

from __future__ import annotations

import pulumi
from pulumi.runtime import config as runtime_config

from infra.configured import settings_from
from infra.program import deploy
from infra.settings import Settings
from sizing.errors import SizingError


def settings_of_stack() -> Settings:
    """Settings of the stack that Pulumi is running. Raises ConfigError for anything they refuse."""
    known = {**runtime_config.get_config_env(), **runtime_config.CONFIG.get()}
    secret = {*runtime_config.get_config_secret_keys_env(), *filter(runtime_config.is_config_secret, known)}
    return settings_from(known, pulumi.get_stack(), secret)


def run() -> None:
    """Deploy the stack that Pulumi is running.

    Raises:
        pulumi.RunError: a refusal, shown as one message without a traceback, before anything is registered.
    """
    try:
        deploy(settings_of_stack(), pulumi.get_stack())
    except SizingError as error:
        raise pulumi.RunError(str(error)) from None
