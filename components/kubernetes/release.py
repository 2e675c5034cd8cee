"""One way to install a chart: pinned, waited for, with no secret in its values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.charts import Chart

DEFAULT_TIMEOUT_S = 900
"""Helm waits 300 s by default; a first node, an image pull and a volume together take longer."""


def helm_release(
    component: Component,
    chart: Chart,
    *,
    name: str,
    namespace: str,
    values: Mapping[str, object],
    depends_on: Sequence[pulumi.Resource] = (),
    skip_await: bool = False,
    timeout_s: int = DEFAULT_TIMEOUT_S,
    removes_defaults: bool = False,
) -> k8s.helm.v3.Release:
    """Install ``chart`` as release ``name``; the logical name is ``<component>-<name>``.

    ``helm.v3.Release`` runs chart hooks, which ``helm.v4.Chart`` drops. ``skip_await`` is for pods that
    cannot become ready before a later step (sealed Vault, engines without a node). ``removes_defaults`` lets
    a None in ``values`` take a chart's default away; otherwise it is dropped on the way.
    """
    return k8s.helm.v3.Release(
        f"{component.prefix}-{name}",
        name=name,
        namespace=namespace,
        create_namespace=False,
        chart=chart.repository if chart.is_oci else chart.name,
        version=chart.version,
        repository_opts=None if chart.is_oci else k8s.helm.v3.RepositoryOptsArgs(repo=chart.repository),
        values=dict(values),
        allow_null_values=removes_defaults or None,
        skip_await=skip_await,
        timeout=timeout_s,
        atomic=False,
        max_history=5,
        opts=component.child(depends_on=list(depends_on)),
    )
