"""docs/network.md has every edge that a stack may have."""

from __future__ import annotations

from tools import docs_network


def test_the_job_that_follows_provider_keys_is_in_the_picture_s_tables() -> None:
    """It exists in a stack with an external model that has a key, and needs the API server."""
    assert "| litellm-keys | api-server |" in docs_network.document()
