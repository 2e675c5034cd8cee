"""The way secrets reach pods: a ClusterSecretStore over the cloud's secret store, and ExternalSecrets.

No secret value ever passes through this program's inputs: an ExternalSecret names an entry of the store, the
external-secrets controller copies it into a Kubernetes Secret inside the cluster.
API: https://external-secrets.io/latest/api/externalsecret/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes.labels import PART_OF, PART_OF_LABEL, own_labels

API_VERSION = "external-secrets.io/v1"

STORE_NAME = "ai-gateway"
"""Fixed: every ExternalSecret of the platform refers to it."""

REFRESH_INTERVAL = "15m"
"""How long a rotated value may take to arrive. Each refresh is one billed call of the store per entry, so
minutes rather than seconds; an hour (the default) is too long while a leaked credential is replaced."""

WAIT_UNTIL_READY: Mapping[str, str] = {"pulumi.com/waitFor": "condition=Ready"}
"""Pulumi waits for the condition, so that a chart that mounts the Secret starts when the Secret is there:
https://www.pulumi.com/registry/packages/kubernetes/installation-configuration/"""

SKIP_AWAIT: Mapping[str, str] = {"pulumi.com/skipAwait": "true"}


@dataclass(frozen=True)
class Source:
    """Where entries come from: the name of a ClusterSecretStore, how old a copy may be, and whether the entry
    is there before anybody asks, so that Pulumi can wait for it."""

    name: str
    refresh: str
    awaited: bool


CLOUD_STORE = Source(STORE_NAME, REFRESH_INTERVAL, awaited=True)
"""Generated secrets, in the cloud's store."""

VAULT_STORE = Source("ai-gateway-keys", "1m", awaited=False)
"""Keys that people bring, in Vault (``brought_keys``): a call costs nothing, and nobody knows when one
comes."""


def external_secret(
    component: Component,
    *,
    namespace: str,
    name: str,
    store_key: str,
    keys: Mapping[str, str],
    template: Mapping[str, str] | None = None,
    more: Mapping[str, Mapping[str, str]] | None = None,
    source: Source = CLOUD_STORE,
    depends_on: Sequence[pulumi.Resource] = (),
) -> k8s.apiextensions.CustomResource:
    """Keep the Kubernetes Secret ``name`` in ``namespace`` equal to an entry of the secret store.

    Args:
        component: parent; the logical name is ``<component>-<namespace>-<name>``.
        name: name of the ExternalSecret and of the Secret that it makes.
        store_key: full name of the entry (``bindings.secret_prefix + SecretSpec.name``), a JSON object.
        keys: key of the Secret -> property of the JSON object.
        template: key of the Secret -> Go template over the names in ``keys``, for example
            ``{"userlist.txt": '"{{ .username }}" "{{ .password }}"'}``. When given, the Secret holds these
            keys only; ``keys`` then names the template's variables.
        more: further entries: full name -> keys, by the same rule; names must differ from those in ``keys``.
        source: the store, which gives ``store_key`` its meaning.
        depends_on: the store (``SecretStore``) and the namespace.

    The Secret is deleted with the ExternalSecret and kept when the entry vanishes from the store: a mistake
    in the store must not take down pods that run.

    Raises:
        ValueError: no keys, or one key taken from two entries.
    """
    return k8s.apiextensions.CustomResource(
        f"{component.prefix}-{namespace}-{name}",
        api_version=API_VERSION,
        kind="ExternalSecret",
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=name,
            namespace=namespace,
            labels=own_labels(),
            annotations=dict(WAIT_UNTIL_READY if source.awaited else SKIP_AWAIT),
        ),
        spec={
            "refreshInterval": source.refresh,
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": source.name},
            "target": _target(name, template),
            "data": _data({store_key: keys, **(more or {})}),
        },
        opts=component.child(depends_on=list(depends_on)),
    )


def _data(entries: Mapping[str, Mapping[str, str]]) -> list[dict[str, object]]:
    names = [name for keys in entries.values() for name in keys]
    if not names or len(names) != len(set(names)):
        raise ValueError(f"an ExternalSecret needs distinct keys, got {names}")
    return [
        {"secretKey": name, "remoteRef": {"key": store_key, "property": prop}}
        for store_key, keys in sorted(entries.items())
        for name, prop in sorted(keys.items())
    ]


def _target(name: str, template: Mapping[str, str] | None) -> dict[str, object]:
    made: dict[str, object] = {
        "type": "Opaque",
        "engineVersion": "v2",
        "metadata": {"labels": own_labels()},
    }
    if template is not None:
        made |= {"mergePolicy": "Replace", "data": dict(sorted(template.items()))}
    return {"name": name, "creationPolicy": "Owner", "deletionPolicy": "Retain", "template": made}


@dataclass(frozen=True)
class SecretStoreArgs:
    """``ready``: the external-secrets release, whose webhook judges the object when it is created."""

    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()


class SecretStore(Component):
    """The ClusterSecretStore that every ExternalSecret of the platform reads from.

    Usable only from namespaces that carry the platform's label (``Platform`` sets it): the controller's cloud
    identity can read all entries, so a store open to all namespaces would lend it to all of them. It makes no
    entries: the cloud component generates those.
    """

    TYPE = "ai-gateway:kubernetes:SecretStore"

    def __init__(self, name: str, args: SecretStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.store = k8s.apiextensions.CustomResource(
            f"{self.prefix}-store",
            api_version=API_VERSION,
            kind="ClusterSecretStore",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=STORE_NAME, labels=own_labels(), annotations=dict(WAIT_UNTIL_READY)
            ),
            spec={
                "provider": dict(args.bindings.secret_store_provider),
                "conditions": [{"namespaceSelector": {"matchLabels": {PART_OF_LABEL: PART_OF}}}],
            },
            opts=self.child(depends_on=[*args.ready, *args.bindings.secret_access]),
        )
        self.register_outputs({"name": STORE_NAME})
