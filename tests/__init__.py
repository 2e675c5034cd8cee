"""Tests; a package, so that helpers such as tests.contracts can be imported from the project's root."""
