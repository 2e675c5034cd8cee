"""Pulumi's entry: ``pulumi preview`` and ``pulumi up`` run this file."""

from infra.runtime import run

run()
