"""The ``gateway`` command: parses, calls ``infra`` and ``sizing``, prints. Decides nothing itself."""
