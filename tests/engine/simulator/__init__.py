"""Simulated resource providers for the real engine; shares no code with ``infra.offline``: it checks it."""
