"""The module of ``make prove`` is pinned as the model says. How it is built: test_go_tool.py."""

from __future__ import annotations

import re

from sizing.clouds.aws.system import KUBERNETES_VERSION
from tools import go_tool


def test_the_scheduler_is_of_the_models_version() -> None:
    assert go_tool.version("kubernetes").startswith(f"v{KUBERNETES_VERSION}.")


def test_every_staging_module_is_replaced_by_the_same_release() -> None:
    release = go_tool.version("kubernetes").replace("v1.", "v0.", 1)
    replaced = re.findall(
        r"^\s*(k8s\.io/\S+) => (\S+) (\S+)$", (go_tool.HERE / "kubernetes" / "go.mod").read_text(), re.M
    )
    assert len(replaced) > 25
    assert {version for _, _, version in replaced} == {release}
    assert all(module == target for module, target, _ in replaced)
