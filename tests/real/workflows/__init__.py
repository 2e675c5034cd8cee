"""The workflows in .github under actionlint and shellcheck."""
