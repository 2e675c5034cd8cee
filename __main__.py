"""Pulumi's entry: ``pulumi preview`` and ``pulumi up`` run this file."""

import pulumi

from infra.program import deploy
from infra.runtime import settings_of_stack

deploy(settings_of_stack(), pulumi.get_stack())
