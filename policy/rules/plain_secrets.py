"""Passwords, keys and tokens that stand in Helm values: by look, by name, inside texts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pydantic import JsonValue

from infra.graph import SECRET, UNKNOWN
from infra.graph.paths import child

_WORDS: Final = (
    r"(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|master[_-]?key"
    r"|secret[_-]?key|signing[_-]?key|encryption[_-]?key|credential)"
)
NAME: Final = re.compile(
    rf"(?i:{_WORDS}|passwords|passphrases|credentials|api_?keys)(?i:_?b64|_?base64)?"
    r"|[a-z0-9]Pass|(?<![A-Za-z])(?i:pass)|[A-Z][A-Z0-9_]*_KEY"
)
"""What a secret is called, at the end of its name."""
NAMED: Final = re.compile(r"(?i).*secrets?")
"""``existingSecret``, ``passwordSecret``, ``envSecrets``: names of Secrets, not their content."""
CONTENT: Final = frozenset({"clientsecret", "client_secret"})
REFERENCE: Final = re.compile(
    r"os\.environ/\w+|\$\{[^}]*\}|\$\([\w.-]+\)|\$[A-Z_][A-Z0-9_]*|\{\{.*\}\}"
    r"|/(?:var|etc|run|mnt|opt|home|tmp|vault|secrets?|elasticsearch)/[\w./-]+",
    re.DOTALL,
)
"""Values that say where a secret is: an environment variable, a template, a file."""
LITERAL: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{36}\b|\bhf_[0-9A-Za-z]{30,}\b"
    r"|\bsk-[0-9A-Za-z_-]{20,}|://[^/\s:@]+:[^/\s:@$]+@"
    r"|(?i:\bauthorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic)\s+[\w.~+/=-]{8,})"
)
"""What secrets look like wherever they stand: keys, tokens, an address with a password."""
HEADER: Final = re.compile(r"(?i)(?:bearer|basic)\s+[\w.~+/=-]{8,}")
ASSIGNED: Final = re.compile(rf"(?i)([\w.-]*{_WORDS})[\"']?\s*[:=][ \t]*[\"']?([^\s\"',;&#]+)")
"""``password: x`` and ``--password=x`` inside a text."""
_NOTHING: Final = frozenset({"null", "none", "true", "false", "~", "|", ">", "{}", "[]"})


def plain_secrets(values: JsonValue) -> Iterator[str]:
    """Paths of the secrets in a release's values."""
    yield from _found("values", "", values, {})


def _found(path: str, name: str, value: JsonValue, beside: Mapping[str, JsonValue]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            called = value.get("name") if key == "value" and isinstance(value.get("name"), str) else key
            yield from _found(child(path, key), str(called), item, value)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _found(child(path, index), name, item, beside)
    elif _is_secret(name, value, beside):
        yield path


def _is_secret(name: str, value: JsonValue, beside: Mapping[str, JsonValue]) -> bool:
    if isinstance(value, bool) or not value:
        return False
    if isinstance(value, int | float):
        return bool(re.search(r"(?i)(password|passwd|passphrase|pwd)$", name))
    text = str(value)
    if text == UNKNOWN:
        return False
    if text == SECRET or LITERAL.search(text) or (name.lower() == "authorization" and HEADER.match(text)):
        return True
    return _under(name, text, beside) or any(
        _under(found[1], found[2], {}) for found in ASSIGNED.finditer(text)
    )


def _under(name: str, value: str, beside: Mapping[str, JsonValue]) -> bool:
    """Whether a text under this name is a secret itself."""
    if REFERENCE.fullmatch(value) or value.lower() in _NOTHING or value == UNKNOWN:
        return False
    if NAMED.fullmatch(name) and name.lower() not in CONTENT and not name.isupper():
        return False
    if name.lower() in ("secretkey", "secret_key") and "secretName" in beside:
        return False
    return _ends_like_a_secret(name)


def _ends_like_a_secret(name: str) -> bool:
    words = re.search(rf"(?:{NAME.pattern})$", name)
    return words is not None and not re.search(r"(?i)cost_per_token$", name)
