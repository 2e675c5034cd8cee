"""What runs in the cluster is a version that somebody chose, and no password stands in its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from infra.graph import SECRET, UNKNOWN
from infra.graph.paths import walk
from policy.rules.model import Rule, Scope, Violation

RELEASE: Final = "kubernetes:helm.sh/v3:Release"
VERSION: Final = re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?")
"""One version: no range, no wildcard, no word."""
TAG: Final = re.compile(r"(?!latest$|stable$|main$|master$|nightly$|edge$)[\w.-]*\d[\w.-]*|\[unknown\]")
"""A tag that names a version has a digit; the moving ones are words."""
ADDONS: Final = "aws:eks/addon:Addon"


def _charts(scope: Scope) -> Iterator[Violation]:
    for release in scope.subjects(RELEASE):
        version = release.inputs.get("version")
        if version != UNKNOWN and not (isinstance(version, str) and VERSION.fullmatch(version)):
            yield Violation(
                release.urn, f"{release.name}: chart without an exact version", "Set its version."
            )
    for addon in scope.subjects(ADDONS):
        if not addon.inputs.get("addonVersion"):
            yield Violation(addon.urn, f"{addon.name}: add-on without a version", "Set addonVersion.")


def _images(scope: Scope) -> Iterator[Violation]:
    for resource in scope.subjects():
        if not resource.type.startswith("kubernetes:"):
            continue
        for path, value in walk("", dict(resource.inputs)):
            name = path.rsplit(".", 1)[-1]
            if (name == "image" and _moving(value)) or (
                name in ("tag", "imageTag") and isinstance(value, str) and value and not TAG.fullmatch(value)
            ):
                yield Violation(
                    resource.urn, f"{resource.name}: an image that moves ({path}: {value})", "Name a version."
                )


def _moving(image: JsonValue) -> bool:
    """An image by name without a version or a digest."""
    if not isinstance(image, str) or not image or "@sha256:" in image or image == UNKNOWN:
        return False
    tag = image.rsplit("/", 1)[-1].partition(":")[2]
    return not TAG.fullmatch(tag)


SECRET_NAME: Final = re.compile(
    r"(?i)(password|passwd|passphrase|secret|token|api_?key|access_?key|private_?key|master_?key|credentials?)$"
)
REFERENCE: Final = re.compile(r"(?i)^(os\.environ/|\$\{|\$\(|\{\{|/)")
"""Values that say where a secret is: an environment variable, a template, a file."""
LITERAL: Final = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY|\bAKIA[0-9A-Z]{16}\b|\bghp_[0-9A-Za-z]{36}\b|\bhf_[0-9A-Za-z]{30,}\b"
    r"|\bsk-[0-9A-Za-z_-]{20,}|://[^/\s:@]+:[^/\s:@$]+@"
)
"""What secrets look like wherever they stand: keys, tokens, an address with a password."""


def _secrets(scope: Scope) -> Iterator[Violation]:
    remedy = "Name a Secret (ExternalSecret); Helm keeps values in the cluster as they are."
    for release in scope.subjects(RELEASE):
        values = release.inputs.get("values")
        for path, value in walk("values", values):
            if plain_secret(path, value):
                yield Violation(release.urn, f"{release.name}: a secret in its values ({path})", remedy)
        for path in _environment("values", values):
            yield Violation(release.urn, f"{release.name}: a secret in its values ({path})", remedy)


def plain_secret(path: str, value: JsonValue) -> bool:
    """Whether a value is a secret itself, by its mark, its look, or the name it stands under."""
    if not isinstance(value, str) or not value:
        return False
    if value == SECRET or LITERAL.search(value):
        return True
    name = path.rsplit(".", 1)[-1]
    return bool(SECRET_NAME.search(name)) and not _named(name) and not REFERENCE.match(value)


def _named(key: str) -> bool:
    """``existingSecret``, ``passwordSecret``, ``secret``: names of Secrets, not their content."""
    return key.lower().endswith("secret") and key.lower() not in ("clientsecret", "client_secret")


def _environment(path: str, value: JsonValue) -> Iterator[str]:
    """Paths of ``{name: X_PASSWORD, value: ...}``."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _environment(f"{path}[{index}]", item)
    elif isinstance(value, dict):
        name, content = value.get("name"), value.get("value")
        literal = isinstance(content, str) and content and not REFERENCE.match(content)
        if (
            isinstance(name, str)
            and SECRET_NAME.search(name)
            and literal
            and content not in (SECRET, UNKNOWN)
        ):
            yield f"{path}.value"
        for key, item in value.items():
            yield from _environment(f"{path}.{key}", item)


RULES: Final = (
    Rule("pinned-charts", "Every chart and add-on has an exact version.", "medium", _charts),
    Rule("pinned-images", "Every image that is named here has a version.", "medium", _images),
    Rule("no-plain-secrets", "No password, key or token stands in Helm values.", "critical", _secrets),
)
