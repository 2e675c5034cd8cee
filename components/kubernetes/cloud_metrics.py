"""The cloud's own figures about the managed database and cache, in Prometheus: an exporter asks for them.

Storage, IOPS and memory of managed services are known to the cloud alone. With them in Prometheus there is
one place for alerts, one way to whoever has the pager, and one set of dashboards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from components.base import Component
from components.bindings import Bindings
from components.kubernetes.files import config_map
from components.kubernetes.jobs import WORKLOAD_LABEL
from components.kubernetes.labels import own_labels
from sizing.specs import Container, Workload

ROLE = "cloud-metrics"
CONFIG_DIR = "/etc/cloud-metrics"
PORT_NAME = "metrics"
SCRAPE_INTERVAL, SCRAPE_TIMEOUT = "2m", "1m"
"""Each scrape may be a paid call per metric, and the figures change once a minute at most. Longer than two
minutes would leave gaps after a lost scrape: Prometheus forgets a value after five."""
_NOBODY = 65534
_PROBE_PERIOD_S = 30


@dataclass(frozen=True)
class CloudMetricsArgs:
    """``ready``: namespace, priority classes, Prometheus' CRDs. ``identities``: the role's binding."""

    workload: Workload
    bindings: Bindings
    ready: tuple[pulumi.Resource, ...] = ()
    identities: tuple[pulumi.Resource, ...] = ()


class CloudMetrics(Component):
    """One pod of the cloud's exporter, as the bindings say, and its monitor.

    It keeps nothing: while it is away its series are missing, which an alert says.
    """

    TYPE = "ai-gateway:kubernetes:CloudMetrics"

    def __init__(self, name: str, args: CloudMetricsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._args, self._workload = args, args.workload
        self._labels = {"app.kubernetes.io/name": ROLE}
        account = self._account()
        config = self._config()
        self.deployment = self._deployment(config, [account, *args.ready, *args.identities])
        self._monitor()
        self.register_outputs({})

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        return k8s.meta.v1.ObjectMetaArgs(
            name=ROLE, namespace=self._workload.namespace, labels=own_labels(**self._labels)
        )

    def _account(self) -> k8s.core.v1.ServiceAccount:
        return k8s.core.v1.ServiceAccount(
            f"{self.prefix}-account",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=ROLE,
                namespace=self._workload.namespace,
                labels=own_labels(**self._labels),
                annotations=self._args.bindings.annotations(ROLE),
            ),
            automount_service_account_token=False,
            opts=self.child(depends_on=list(self._args.ready)),
        )

    def _config(self) -> k8s.core.v1.ConfigMap | None:
        files = self._args.bindings.cloud_metrics.files
        if not files:
            return None
        return config_map(
            self,
            "config",
            namespace=self._workload.namespace,
            data=files,
            depends_on=self._args.ready,
        )

    def _deployment(
        self, config: k8s.core.v1.ConfigMap | None, depends_on: Sequence[pulumi.Resource]
    ) -> k8s.apps.v1.Deployment:
        core = k8s.core.v1
        volumes: list[k8s.core.v1.VolumeArgs] = []
        if config is not None:
            source = core.ConfigMapVolumeSourceArgs(name=config.metadata.name)
            volumes.append(core.VolumeArgs(name="config", config_map=source))
        pod = core.PodSpecArgs(
            service_account_name=ROLE,
            priority_class_name=self._workload.priority_class,
            containers=[self._container(self._workload.container(ROLE), mounted=config is not None)],
            volumes=volumes,
            security_context=core.PodSecurityContextArgs(
                run_as_non_root=True,
                run_as_user=_NOBODY,
                seccomp_profile=core.SeccompProfileArgs(type="RuntimeDefault"),
            ),
        )
        return k8s.apps.v1.Deployment(
            f"{self.prefix}-deployment",
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                replicas=self._workload.replicas,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=self._labels),
                # Two at a time would ask, and pay, twice.
                strategy=k8s.apps.v1.DeploymentStrategyArgs(type="Recreate"),
                template=core.PodTemplateSpecArgs(
                    metadata=k8s.meta.v1.ObjectMetaArgs(
                        labels=own_labels(**self._labels, **{WORKLOAD_LABEL: self._workload.name})
                    ),
                    spec=pod,
                ),
            ),
            opts=self.child(depends_on=list(depends_on)),
        )

    def _container(self, container: Container, *, mounted: bool) -> k8s.core.v1.ContainerArgs:
        core, exporter = k8s.core.v1, self._args.bindings.cloud_metrics
        resources = container.resources()
        alive = core.ProbeArgs(
            tcp_socket=core.TCPSocketActionArgs(port=PORT_NAME), period_seconds=_PROBE_PERIOD_S
        )
        mount = core.VolumeMountArgs(name="config", mount_path=CONFIG_DIR, read_only=True)
        return core.ContainerArgs(
            name=ROLE,
            image=exporter.image,
            args=list(exporter.arguments),
            env=[core.EnvVarArgs(name=key, value=value) for key, value in self._environment().items()],
            ports=[core.ContainerPortArgs(name=PORT_NAME, container_port=exporter.port)],
            resources=core.ResourceRequirementsArgs(
                requests=resources["requests"], limits=resources.get("limits")
            ),
            liveness_probe=alive,
            readiness_probe=alive,
            volume_mounts=[mount] if mounted else [],
            security_context=core.SecurityContextArgs(
                allow_privilege_escalation=False,
                read_only_root_filesystem=True,
                capabilities=core.CapabilitiesArgs(drop=["ALL"]),
            ),
        )

    def _environment(self) -> dict[str, str]:
        return dict(sorted(self._args.bindings.environment.items()))

    def _monitor(self) -> k8s.apiextensions.CustomResource:
        endpoint = {"port": PORT_NAME, "interval": SCRAPE_INTERVAL, "scrapeTimeout": SCRAPE_TIMEOUT}
        return k8s.apiextensions.CustomResource(
            f"{self.prefix}-monitor",
            api_version="monitoring.coreos.com/v1",
            kind="PodMonitor",
            metadata=self._metadata(),
            spec={
                "selector": {"matchLabels": self._labels},
                "podMetricsEndpoints": [endpoint],
            },
            opts=self.child(depends_on=list(self._args.ready)),
        )
