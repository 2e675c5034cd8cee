"""HashiCorp Vault: raft storage, TLS between everybody, sealed by the cloud's key. Guide 2.6, D16 to D18."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes import charts, images
from components.kubernetes.certificates import private_authority, server_certificate
from components.kubernetes.placement import disruption_budget, labels_of, pod_affinity, spread_constraints
from components.kubernetes.release import helm_release
from components.kubernetes.security import READ_ONLY, not_root
from components.kubernetes.vault_audit import AuditVolume, rotation
from components.kubernetes.vault_config import API_PORT, TLS_DIR, dns_names, server_config
from sizing.quantities import format_storage
from sizing.specs import VaultSpec, Workloads

TLS_CERTIFICATE = "vault-server-tls"

GRACE_S = 60
"""The chart waits 5 s before it stops the server; the leader then needs some seconds to hand over."""

LIVENESS_FAILURES = 6
"""With a period of 10 s: a server is restarted after a minute without any answer. Sealed or not initialised
is an answer: a restart would not change it."""

LIVENESS_PERIOD_S = 10
PROBE_TIMEOUT_S = 5

SCRATCH_DIR, SCRATCH_LIMIT = "/tmp", "16Mi"  # noqa: S108 - inside the container
"""The chart's start command writes the configuration there, with the pod's name and addresses filled in."""


@dataclass(frozen=True)
class VaultArgs:
    """Inputs of ``Vault``.

    Attributes:
        spec: storage sizes.
        workloads: holds ``vault``: replicas, resources, spread.
        bindings: seal stanza, storage class, the identity that may use the key.
        cert_manager: the cert-manager release; its webhook judges the certificates.
        ready: namespace, storage class, pod identity, monitoring CRDs.
    """

    spec: VaultSpec
    workloads: Workloads
    bindings: Bindings
    cert_manager: pulumi.Resource
    ready: tuple[pulumi.Resource, ...] = ()


class Vault(Component):
    """Vault servers that unseal themselves.

    One server or five, the storage is always raft: development mode keeps everything in memory (D16). A
    replica more is a matter of the workload's count; it joins by itself. Servers are running but not ready
    until ``VaultInit`` has initialised the first one, which is why the release is not waited for: that Job
    is. Pods are
    replaced by hand after a change (``updateStrategyType: OnDelete``, HashiCorp's advice for raft): standbys
    first, the leader last, each after the one before is ready again. A node drain needs no hand: the
    disruption budget lets one server go at a time, and auto-unseal brings it back.

    Besides the server each pod has the audit file's rotation. No injector: secrets reach pods by
    external-secrets.
    """

    TYPE = "ai-gateway:kubernetes:Vault"
    RELEASE = "vault"

    def __init__(self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.workload = args.workloads["vault"]
        self.namespace = self.workload.namespace
        self.address = f"https://{self.RELEASE}-active.{self.namespace}.svc:{API_PORT}"
        self.certificate = self._certificate(args)
        self.release = helm_release(
            self,
            charts.VAULT,
            name=self.RELEASE,
            namespace=self.namespace,
            values=self._values(args),
            depends_on=[self.certificate, *args.ready],
            skip_await=True,
        )
        self.register_outputs({"address": self.address})

    def _certificate(self, args: VaultArgs) -> k8s.apiextensions.CustomResource:
        issuer = private_authority(
            self, namespace=self.namespace, name=self.RELEASE, ready=[args.cert_manager, *args.ready]
        )
        return server_certificate(
            self,
            namespace=self.namespace,
            name=TLS_CERTIFICATE,
            issuer={"kind": "Issuer", "name": f"{self.RELEASE}-ca"},
            dns_names=dns_names(self.RELEASE, self.namespace),
            ip_addresses=["127.0.0.1"],
            ready=[issuer],
        )

    def _values(self, args: VaultArgs) -> dict[str, object]:
        return {
            "global": {"tlsDisable": False},
            "injector": {"enabled": False},
            "csi": {"enabled": False},
            "ui": {"enabled": True, "serviceType": "ClusterIP"},
            "server": {
                **self._pod(args),
                **_probes(),
                "image": {"repository": images.VAULT.repository, "tag": images.VAULT.tag},
                "updateStrategyType": "OnDelete",
                "includeConfigAnnotation": True,
                "dataStorage": _storage(args.spec.storage_gib, args.bindings),
                "auditStorage": _storage(args.spec.audit_storage_gib, args.bindings),
                "ha": self._ha(args),
            },
            "serverTelemetry": {"serviceMonitor": self._monitor()},
        }

    def _pod(self, args: VaultArgs) -> dict[str, object]:
        labels = labels_of("vault", self.RELEASE) | {"component": "server"}
        return {
            "resources": self.workload.container("vault").resources(),
            "affinity": pod_affinity(self.workload, labels),
            "topologySpreadConstraints": spread_constraints(self.workload, labels),
            "priorityClassName": self.workload.priority_class,
            "terminationGracePeriodSeconds": GRACE_S,
            "logFormat": "json",
            "serviceAccount": {"name": "vault", "annotations": args.bindings.annotations("vault")},
            "extraEnvironmentVars": {**args.bindings.environment, "VAULT_CACERT": f"{TLS_DIR}/ca.crt"},
            "volumes": [
                {"name": "tls", "secret": {"secretName": TLS_CERTIFICATE}},
                {"name": "scratch", "emptyDir": {"sizeLimit": SCRATCH_LIMIT}},
            ],
            "volumeMounts": [
                {"name": "tls", "mountPath": TLS_DIR, "readOnly": True},
                {"name": "scratch", "mountPath": SCRATCH_DIR},
            ],
            "shareProcessNamespace": True,  # to send the server SIGHUP
            "extraContainers": [self._rotation(args)],
            "statefulSet": {"securityContext": _security_context()},
        }

    def _rotation(self, args: VaultArgs) -> dict[str, object]:
        volume = AuditVolume(args.spec.audit_storage_gib)
        return rotation(self.workload.container("audit-rotate"), volume)

    def _ha(self, args: VaultArgs) -> dict[str, object]:
        replicas = self.workload.replicas
        config = args.bindings.vault_seal.apply(lambda seal: server_config(self.RELEASE, replicas, seal))
        return {
            "enabled": True,
            "replicas": replicas,
            "raft": {"enabled": True, "setNodeId": True, "config": config},
            "disruptionBudget": disruption_budget(self.workload),
        }

    def _monitor(self) -> dict[str, object]:
        """All servers, not the leader alone: a sealed one would otherwise vanish instead of being seen."""
        return {
            "enabled": True,
            "selectors": {"release": self.RELEASE},
            "matchLabels": {"vault-internal": "true"},
            "tlsConfig": {
                "ca": {"secret": {"name": TLS_CERTIFICATE, "key": "ca.crt"}},
                "serverName": f"{self.RELEASE}.{self.namespace}.svc",
            },
        }


def _storage(size_gib: int, bindings: Bindings) -> dict[str, object]:
    return {"enabled": True, "size": format_storage(size_gib), "storageClass": bindings.storage_class}


def _probes() -> dict[str, object]:
    """Probes over HTTP: the chart's own runs the whole ``vault`` program every 5 seconds."""
    return {
        "readinessProbe": {
            "enabled": True,
            "path": "/v1/sys/health?standbyok=true&perfstandbyok=true",
            "timeoutSeconds": PROBE_TIMEOUT_S,
        },
        "livenessProbe": {
            "enabled": True,
            "path": "/v1/sys/health?standbyok=true&perfstandbyok=true&sealedcode=204&uninitcode=204",
            "periodSeconds": LIVENESS_PERIOD_S,
            "timeoutSeconds": PROBE_TIMEOUT_S,
            "failureThreshold": LIVENESS_FAILURES,
        },
    }


def _security_context() -> dict[str, object]:
    """The image's own user; what the "restricted" pod security level asks for."""
    return {"pod": not_root(100, group=1000), "container": dict(READ_ONLY)}
