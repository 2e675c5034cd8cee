"""TLS inside the cluster: a private certificate authority per namespace, and certificates signed by it.

cert-manager makes and renews them; no key passes through this program.
API: https://cert-manager.io/docs/reference/api-docs/
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.kubernetes.labels import own_labels

API_VERSION = "cert-manager.io/v1"

CA_DURATION = "87600h"
"""Ten years: everything that trusts the authority holds a copy of its certificate. Its key stays the same
when it is renewed, so certificates signed before stay valid."""

_READY = {"pulumi.com/waitFor": "condition=Ready"}
_ECDSA: dict[str, object] = {"algorithm": "ECDSA", "size": 256}


@dataclass(frozen=True)
class Lifetime:
    """How long a certificate is valid and how early it is renewed, as Go durations (``"2160h"``)."""

    duration: str
    renew_before: str


SERVER = Lifetime(duration="2160h", renew_before="720h")
"""90 days, renewed 30 days before the end: a renewal may fail for a month before anybody is woken."""


def private_authority(
    component: Component, *, namespace: str, name: str, ready: Sequence[pulumi.Resource] = ()
) -> k8s.apiextensions.CustomResource:
    """An Issuer ``<name>-ca`` in ``namespace`` with an authority of its own.

    Certificates it signs are trusted by whoever is given ``ca.crt`` of their Secret, and by nobody else.
    """
    bootstrap = _object(component, "Issuer", namespace, f"{name}-selfsigned", {"selfSigned": {}}, ready)
    authority = _object(
        component,
        "Certificate",
        namespace,
        f"{name}-ca",
        {
            "isCA": True,
            "commonName": f"{name}-ca",
            "secretName": f"{name}-ca",
            "duration": CA_DURATION,
            "privateKey": {**_ECDSA, "rotationPolicy": "Never"},
            "issuerRef": {"kind": "Issuer", "name": f"{name}-selfsigned"},
        },
        [bootstrap],
        wait=True,
    )
    return _object(
        component,
        "Issuer",
        namespace,
        f"{name}-ca",
        {"ca": {"secretName": f"{name}-ca"}},
        [authority],
        wait=True,
    )


def server_certificate(
    component: Component,
    *,
    namespace: str,
    name: str,
    issuer: Mapping[str, str],
    dns_names: Sequence[str],
    ip_addresses: Sequence[str] = (),
    lifetime: Lifetime = SERVER,
    ready: Sequence[pulumi.Resource] = (),
) -> k8s.apiextensions.CustomResource:
    """A Certificate whose Secret, also called ``name``, holds ``tls.crt``, ``tls.key`` and ``ca.crt``.

    ``issuer`` is the ``issuerRef``: ``{"kind": "Issuer" | "ClusterIssuer", "name": ..}``.
    """
    spec: dict[str, object] = {
        "secretName": name,
        "dnsNames": list(dns_names),
        "duration": lifetime.duration,
        "renewBefore": lifetime.renew_before,
        "privateKey": {**_ECDSA, "rotationPolicy": "Always"},
        "usages": ["server auth", "client auth", "digital signature", "key encipherment"],
        "issuerRef": dict(issuer),
    }
    if ip_addresses:
        spec["ipAddresses"] = list(ip_addresses)
    return _object(component, "Certificate", namespace, name, spec, ready, wait=True)


def _object(
    component: Component,
    kind: str,
    namespace: str,
    name: str,
    spec: dict[str, object],
    depends_on: Sequence[pulumi.Resource],
    *,
    wait: bool = False,
) -> k8s.apiextensions.CustomResource:
    return k8s.apiextensions.CustomResource(
        f"{component.prefix}-{name}-{kind.lower()}",
        api_version=API_VERSION,
        kind=kind,
        metadata=k8s.meta.v1.ObjectMetaArgs(
            name=name, namespace=namespace, labels=own_labels(), annotations=dict(_READY) if wait else None
        ),
        spec=spec,
        opts=component.child(depends_on=list(depends_on)),
    )
