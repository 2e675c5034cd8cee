"""Jobs that run a module of ``components/kubernetes/scripts`` with Python and its standard library alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes import images
from components.kubernetes.files import config_map, script
from components.kubernetes.jobs import Step
from sizing.specs import Container

PACKAGE = "components.kubernetes.scripts"
ROOT = "/opt/ai-gateway"
SCRIPTS = "scripts"
"""The volume that ``source`` fills. Modules lie there as here: they import each other the same way."""

UNPRIVILEGED = 65532
"""A user of no image's own: the standard library needs none."""


def source(
    component: Component, namespace: str, modules: Sequence[str], depends_on: Sequence[pulumi.Resource]
) -> k8s.core.v1.ConfigMap:
    """The modules, as a ConfigMap named by their content: other code is another Job."""
    files = {f"{module}.py": script(f"{module}.py") for module in modules}
    return config_map(component, "scripts", namespace=namespace, data=files, depends_on=depends_on)


def python_step(
    container: Container,
    module: str,
    env: Mapping[str, pulumi.Input[str]],
    mounts: Mapping[str, str] | None = None,
) -> Step:
    """A step that runs ``module``. ``mounts`` beside the modules: volume -> path."""
    return Step(
        image=images.PYTHON.reference,
        container=container,
        command=["python3", "-m", f"{PACKAGE}.{module}"],
        env={"PYTHONPATH": ROOT, "PYTHONDONTWRITEBYTECODE": "1", **env},
        mounts={SCRIPTS: f"{ROOT}/{PACKAGE.replace('.', '/')}", **(mounts or {})},
    )
