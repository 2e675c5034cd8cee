"""The policies: every one passes on what is shipped, and fails on what it guards against."""
