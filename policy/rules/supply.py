"""What runs in the cluster is a version that somebody chose, and no password stands in its values."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pydantic import JsonValue

from infra.graph import UNKNOWN
from infra.graph.paths import walk
from policy.rules.model import Rule, Scope, Violation
from policy.rules.plain_secrets import plain_secrets

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


def _secrets(scope: Scope) -> Iterator[Violation]:
    remedy = "Name a Secret (ExternalSecret); Helm keeps values in the cluster as they are."
    for release in scope.subjects(RELEASE):
        for path in plain_secrets(release.inputs.get("values")):
            yield Violation(release.urn, f"{release.name}: a secret in its values ({path})", remedy)


RULES: Final = (
    Rule("pinned-charts", "Every chart and add-on has an exact version.", "medium", _charts),
    Rule("pinned-images", "Every image that is named here has a version.", "medium", _images),
    Rule("no-plain-secrets", "No password, key or token stands in Helm values.", "critical", _secrets),
)
