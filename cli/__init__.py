"""The ``gateway`` command: parses, calls ``infra`` and ``sizing``, prints. Decides nothing itself."""

INTERRUPTED = 130
"""Control-C: 128 + SIGINT, as shells report it."""
TERMINATED = 143
"""128 + SIGTERM."""
